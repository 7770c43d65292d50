import type { FastifyRequest } from 'fastify'
import type { RealmStore, Store } from '../store/index.ts'
import { AuthorizationCodes } from './authorization-codes.ts'
import { DeviceCodes } from './device-codes.ts'
import { LoginFailures } from './login-failures.ts'
import { LoginSessions } from './login-sessions.ts'
import { PendingLogouts } from './pending-logouts.ts'
import { PushedRequests } from './pushed-requests.ts'
import { UsedOnce } from './used-once.ts'

/** The context of every route. */
export interface RealmContext extends ShortLived {
  readonly store: Store
  /** The enabled optional features of Keycloak. */
  readonly features: ReadonlySet<string>
  /** The fixed public base URL; without one, the Host of each request decides. */
  readonly hostname: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Short-lived state, kept in memory only. */
interface ShortLived {
  readonly logins: LoginSessions
  readonly codes: AuthorizationCodes
  readonly devices: DeviceCodes
  readonly logouts: PendingLogouts
  readonly failures: LoginFailures
  readonly pushed: PushedRequests
  /** Client assertions that were used. */
  readonly usedAssertions: UsedOnce
  readonly usedOtps: UsedOnce
  /** Ids of DPoP proofs that were used. */
  readonly usedProofs: UsedOnce
}

/** A new context without state. */
export function createRealmContext(given: Omit<RealmContext, keyof ShortLived>): RealmContext {
  return {
    ...given,
    logins: new LoginSessions(),
    codes: new AuthorizationCodes(),
    devices: new DeviceCodes(),
    logouts: new PendingLogouts(),
    failures: new LoginFailures(),
    pushed: new PushedRequests(),
    usedAssertions: new UsedOnce(),
    usedOtps: new UsedOnce(),
    usedProofs: new UsedOnce(),
  }
}

/** Seconds since the epoch, as in tokens. */
export function seconds(context: RealmContext): number {
  return Math.floor(context.now() / 1000)
}

/** The public base URL without trailing slash: the fixed one, or the one of the request's Host. */
export function baseUrl(context: RealmContext, request: FastifyRequest): string {
  return context.hostname ?? `${request.protocol}://${request.host}`
}

/** The realm's issuer: `{base}/realms/{realm}`. */
export function issuerOf(context: RealmContext, request: FastifyRequest, realm: RealmStore): string {
  return `${baseUrl(context, request)}/realms/${encodeURIComponent(realm.info.realm)}`
}
