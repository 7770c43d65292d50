import { CloakwrightError } from '../errors.ts'
import { continueWith, isPromise } from '../promise.ts'
import type { SessionEngine, SessionRequest, Tenant } from '../session/index.ts'
import { shown, shownList } from '../shown.ts'
import type { AccessToken } from '../token/index.ts'
import type { GuardContext } from './context.ts'

/** The context for the requests of one tenant. */
export type ContextOfTenant = (tenant: Tenant) => GuardContext

/** Finds the context of a request's tenant; `undefined` if the sessions have no tenants. */
export function createTenantContexts(
  sessions: SessionEngine | undefined,
  create: ContextOfTenant,
): GuardContext['ofTenant'] {
  if (typeof sessions?.tenant !== 'function') return undefined
  const contexts = new WeakMap<Tenant, GuardContext>()
  const contextOf: ContextOfTenant = (tenant) => {
    const context = contexts.get(tenant) ?? create(tenant)
    contexts.set(tenant, context)
    return context
  }
  return (request) => continueWith(sessions.tenant?.(request) as Tenant | Promise<Tenant>, contextOf)
}

/** The context of the request's tenant; without tenants, the guard's own. */
export function contextFor(
  context: GuardContext,
  request: SessionRequest,
): GuardContext | Promise<GuardContext> {
  return context.ofTenant === undefined ? context : context.ofTenant(request)
}

/** Decides in the context of the request's tenant; `otherwise` if there is none, or it cannot be found out. */
export function inTenant<R extends object>(
  context: GuardContext,
  request: SessionRequest,
  decide: (own: GuardContext) => R | Promise<R>,
  otherwise: (error: unknown) => R,
): R | Promise<R> {
  try {
    const own = contextFor(context, request)
    return isPromise(own) ? own.then(decide, otherwise) : decide(own)
  } catch (error) {
    return otherwise(error)
  }
}

/** The same, for a refusal that must not wait or fail: the guard's own context if the tenant is not in memory. */
export function contextAtOnce(context: GuardContext, request: SessionRequest): GuardContext {
  try {
    const found = contextFor(context, request)
    if (!isPromise(found)) return found
    found.catch(() => {})
  } catch {} // no tenant
  return context
}

/**
 * A verifier of several realms accepts the tokens of all tenants: here, those of other tenants are refused. A session's own
 * token is checked, too, because the realm of a tenant may be another party's.
 *
 * @throws {CW_TOKEN_ISSUER}
 * @throws {CW_TOKEN_AUDIENCE}
 */
export function requireTenant(user: AccessToken, { audience, issuer, name }: Tenant): void {
  if (user.issuer !== issuer)
    throw new CloakwrightError(
      'CW_TOKEN_ISSUER',
      `Token: its iss (issuer) is ${shown(user.issuer)}, but the request is for the tenant ${shown(name)}`,
      { hint: `Send a token of ${shown(issuer)}, or send the request to the other tenant’s URL.` },
    )
  const { aud } = user.claims
  const found = Array.isArray(aud) ? (aud as readonly unknown[]) : [aud]
  if (!audience.some((one) => found.includes(one)))
    throw new CloakwrightError(
      'CW_TOKEN_AUDIENCE',
      `Token: its aud (audience) has none of ${shownList(audience, 'and')}, which the tenant ${shown(name)} requires`,
      {
        hint: 'Add an audience mapper to the client that requests the token, or correct the tenant’s audience.',
      },
    )
}
