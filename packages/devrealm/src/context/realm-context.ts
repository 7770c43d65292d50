import type { FastifyRequest } from 'fastify'
import type { RealmStore, Store } from '../store/index.ts'
import { AuthorizationCodes } from './authorization-codes.ts'
import { LoginFailures } from './login-failures.ts'
import { LoginSessions } from './login-sessions.ts'
import { PendingLogouts } from './pending-logouts.ts'
import { UsedOnce } from './used-once.ts'

/** What every route works with. */
export interface RealmContext extends ShortLived {
  readonly store: Store
  /** Keycloak's optional features that are on. */
  readonly features: ReadonlySet<string>
  /** The fixed public base URL; when absent, each request's own host names it. */
  readonly hostname: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** What lives for minutes: kept in memory only, and gone with the process. */
interface ShortLived {
  readonly logins: LoginSessions
  readonly codes: AuthorizationCodes
  readonly logouts: PendingLogouts
  readonly failures: LoginFailures
  /** What clients have proved themselves with. */
  readonly usedAssertions: UsedOnce
  readonly usedOtps: UsedOnce
}

/** A context that remembers nothing yet. */
export function createRealmContext(given: Omit<RealmContext, keyof ShortLived>): RealmContext {
  return {
    ...given,
    logins: new LoginSessions(),
    codes: new AuthorizationCodes(),
    logouts: new PendingLogouts(),
    failures: new LoginFailures(),
    usedAssertions: new UsedOnce(),
    usedOtps: new UsedOnce(),
  }
}

/** Seconds since the epoch, as tokens count. */
export function seconds(context: RealmContext): number {
  return Math.floor(context.now() / 1000)
}

/** The public base URL without a slash at its end: the fixed one, or what the request's Host says. */
export function baseUrl(context: RealmContext, request: FastifyRequest): string {
  return context.hostname ?? `${request.protocol}://${request.host}`
}

/** The realm's issuer: `{base}/realms/{realm}`. */
export function issuerOf(context: RealmContext, request: FastifyRequest, realm: RealmStore): string {
  return `${baseUrl(context, request)}/realms/${encodeURIComponent(realm.info.realm)}`
}
