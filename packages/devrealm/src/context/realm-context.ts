import type { FastifyRequest } from 'fastify'
import type { UsedAssertions } from '../oidc/clients/client-assertion.ts'
import type { RealmStore } from '../store/realm-store.ts'
import type { Store } from '../store/store.ts'
import type { LoginState } from './login-state.ts'

/** What every route works with. */
export interface RealmContext {
  readonly store: Store
  readonly logins: LoginState
  /** Keycloak's optional features that are on. */
  readonly features: ReadonlySet<string>
  /** What clients have proved themselves with, each of which counts once. */
  readonly assertions: UsedAssertions
  /** The fixed public base URL; when absent, each request's own host names it. */
  readonly hostname: string | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
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

/** Whether a Host header names this machine: `localhost`, a name below it, or a loopback address. */
export function isLoopbackHost(host: string): boolean {
  let name: string
  try {
    name = new URL(`http://${host}`).hostname
  } catch {
    return false
  }
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(name)
  )
}
