/**
 * What every route works with. In: the store, the clock, the public URL. Out: the issuer, and what lives for minutes: logins under way,
 * authorization codes, failed logins, what counts once. Gone with the process.
 */
export type { AuthorizationCode } from './authorization-codes.ts'
export type { AuthorizationRequest, ResponseMode } from './authorization-request.ts'
export type { LoginSession, LoginTab } from './login-sessions.ts'
export type { PendingLogouts } from './pending-logouts.ts'
export { randomToken } from './random-token.ts'
export { baseUrl, createRealmContext, issuerOf, type RealmContext, seconds } from './realm-context.ts'
