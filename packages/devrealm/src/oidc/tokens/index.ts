export { isLightweight, type LiveToken, readLiveToken, scopeOf } from './live-token.ts'
export { checkRefreshToken, type RefreshToken, readRefreshToken } from './refresh-token.ts'
export { type Grant, issueTokens, mappedClaims } from './tokens.ts'
