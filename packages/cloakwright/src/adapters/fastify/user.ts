import type { FastifyInstance } from 'fastify'
import { CloakwrightError } from '../../errors.ts'
import { noGuard, noSessions } from '../../guard/index.ts'
import type { Session, SessionEngine } from '../../session/index.ts'
import type { AccessToken } from '../../token/index.ts'
import { type AnyRequest, guardOf, toGuardedRequest } from './request.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The verified token of the request, once a guard has admitted it, unless the option `property` sets another name; see {@link userOf}. */
    user: AccessToken | undefined
  }
}

const propertyKey: unique symbol = Symbol.for('cloakwright.fastify.property')

/** Properties that Fastify itself sets on each request, but still lets a plugin decorate. */
const own: ReadonlySet<unknown> = new Set(['id', 'params', 'raw', 'query', 'log', 'body', 'headers'])

/**
 * Adds the property for the user to requests.
 *
 * @throws {CW_CONFIG_INVALID} The name is taken or invalid.
 */
export function decorateUser(app: FastifyInstance, property: string): void {
  if (typeof property !== 'string' || property === '')
    throw new CloakwrightError('CW_CONFIG_INVALID', 'cloakwright/fastify: property is not a name', {
      hint: "Set it to the name of the request's property for the user, or omit it for `user`.",
    })
  if (own.has(property) || app.hasRequestDecorator(property)) throw taken(property)
  app.decorateRequest(property, undefined)
  app.decorate(propertyKey, property)
}

/** Sets the user that a guard admitted. */
export function setUser(request: AnyRequest, user: AccessToken | undefined): void {
  const property = propertyOf(request)
  if (property !== undefined) (request as unknown as Record<string, unknown>)[property] = user
}

/**
 * The user that a guard admitted; `undefined` for an anonymous request that {@link allowAnonymous} admitted, and on a route
 * without a guard.
 */
export function maybeUserOf(request: AnyRequest): AccessToken | undefined {
  const property = propertyOf(request)
  return property === undefined
    ? undefined
    : ((request as unknown as Record<string, unknown>)[property] as AccessToken | undefined)
}

/**
 * The user that a guard admitted.
 *
 * @throws {CW_CONFIG_MISSING} The route has no guard: a bug in the program.
 */
export function userOf(request: AnyRequest): AccessToken {
  const user = maybeUserOf(request)
  if (user !== undefined) return user
  throw noGuard('Add onRequest: requireUser() to the route.')
}

function propertyOf(request: AnyRequest): string | undefined {
  return (request.server as unknown as { readonly [propertyKey]?: string })[propertyKey]
}

function taken(property: string): CloakwrightError {
  return new CloakwrightError(
    'CW_CONFIG_INVALID',
    `cloakwright/fastify: request.${property} is already taken`,
    {
      hint: 'Register cloakwright once in a scope. With another authentication plugin, set the option property to another name.',
    },
  )
}

const sessionKey: unique symbol = Symbol.for('cloakwright.fastify.session')

/** Sets the session that a guard admitted. */
export function setSession(request: AnyRequest, session: Session): void {
  ;(request as { [sessionKey]?: Session })[sessionKey] = session
}

/**
 * The browser session that a guard admitted; `undefined` for a bearer token and for an anonymous request.
 *
 * @param _sessions Only for its type: the result has the type of its data.
 */
export function sessionOf<Data = unknown>(
  request: AnyRequest,
  _sessions?: SessionEngine<Data>,
): Session<Data> | undefined {
  return (request as { [sessionKey]?: Session<Data> })[sessionKey]
}

/**
 * Gets new tokens for the request's session now, so that changed roles take effect without a new login. Resolves to the
 * user with the new roles, which {@link userOf} returns from then on; `undefined` without a session, and if it has ended.
 *
 * @throws {CW_CONFIG_MISSING} The plugin is not registered with `sessions` in the route's scope.
 * @throws {CW_PROVIDER_UNAVAILABLE} The realm cannot be reached; the session keeps its old token.
 * @example
 * ```ts
 * import { refreshSession, requireUser } from 'cloakwright/fastify'
 * import Fastify from 'fastify'
 *
 * const app = Fastify()
 * app.post('/become-seller', { onRequest: requireUser() }, async (request) => {
 *   // … the role was added by the Admin API …
 *   const user = await refreshSession(request)
 *   return { seller: user?.realmRoles.includes('seller') }
 * })
 * ```
 */
export async function refreshSession(request: AnyRequest): Promise<AccessToken | undefined> {
  const guard = guardOf(request)
  if (guard === undefined) throw noSessions()
  const found = await guard.refreshSession(toGuardedRequest(request))
  if (found?.user === undefined) return undefined
  setUser(request, found.user)
  setSession(request, found.session)
  return found.user
}
