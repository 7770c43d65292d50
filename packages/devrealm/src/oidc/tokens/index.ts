/** Issuing and checking tokens. */
export { type Grant, issueTokens, mappedClaims } from './issue-tokens.ts'
export { isLightweight, type LiveToken, readLiveToken, scopeOf } from './live-token.ts'
export { checkRefreshToken, type RefreshToken, readRefreshToken } from './refresh-token.ts'
