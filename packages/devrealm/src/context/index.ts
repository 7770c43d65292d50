/**
 * The context of every route. In: the store, the clock, the public URL. Out: the issuer, and short-lived state in memory:
 * pending logins, authorization codes, failed logins, values that can be used once.
 */
export type { AuthorizationCode } from './authorization-codes.ts'
export type { AuthorizationRequest, ResponseMode } from './authorization-request.ts'
export type { DeviceApproval, DeviceCode } from './device-codes.ts'
export type { LoginSession, LoginTab } from './login-sessions.ts'
export type { PendingLogouts } from './pending-logouts.ts'
export { pushedRequestPrefix } from './pushed-requests.ts'
export { randomToken } from './random-token.ts'
export { baseUrl, createRealmContext, issuerOf, type RealmContext, seconds } from './realm-context.ts'
