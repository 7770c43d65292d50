/** Issuing and checking tokens. */
export { type Grant, issueIdToken, issueTokens, mappedClaims } from './issue-tokens.ts'
export { isExchanged, isLightweight, type LiveToken, readLiveToken, scopeOf } from './live-token.ts'
export { checkRefreshToken, type RefreshToken, readRefreshToken } from './refresh-token.ts'
