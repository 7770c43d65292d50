/** Issuing and checking tokens. */
export { mappedClaims } from './claims.ts'
export type { Grant } from './grant.ts'
export { issueAtAuthorization, issueIdToken, issueTokens } from './issue-tokens.ts'
export {
  grantedScope,
  isExchanged,
  isLightweight,
  type LiveToken,
  readLiveToken,
  scopeOf,
} from './live-token.ts'
export { checkRefreshToken, type RefreshToken, readRefreshToken } from './refresh-token.ts'
