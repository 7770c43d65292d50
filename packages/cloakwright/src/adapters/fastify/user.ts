import type { FastifyInstance } from 'fastify'
import { CloakwrightError } from '../../errors.ts'
import { noGuard } from '../../guard/index.ts'
import type { AccessToken } from '../../token/index.ts'
import type { AnyRequest } from './request.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The verified token of the request, once a guard has let it in, unless the option `property` names another; see {@link userOf}. */
    user: AccessToken | undefined
  }
}

const propertyKey: unique symbol = Symbol.for('cloakwright.fastify.property')

/** What Fastify itself sets on each request, and lets a plugin decorate nevertheless. */
const own: ReadonlySet<unknown> = new Set(['id', 'params', 'raw', 'query', 'log', 'body', 'headers'])

/**
 * Gives requests the property that has the user.
 *
 * @throws {CW_CONFIG_INVALID} It is taken, or no name.
 */
export function decorateUser(app: FastifyInstance, property: string): void {
  if (typeof property !== 'string' || property === '')
    throw new CloakwrightError('CW_CONFIG_INVALID', 'cloakwright/fastify: property is not a name', {
      hint: "Name the request's property that has the user, or leave the option out for `user`.",
    })
  if (own.has(property) || app.hasRequestDecorator(property)) throw taken(property)
  app.decorateRequest(property, undefined)
  app.decorate(propertyKey, property)
}

/** Sets whom a guard let in. */
export function setUser(request: AnyRequest, user: AccessToken | undefined): void {
  const property = propertyOf(request)
  if (property !== undefined) (request as unknown as Record<string, unknown>)[property] = user
}

/**
 * The user whom a guard let in; `undefined` for an anonymous request that {@link allowAnonymous} let in, and on a route
 * without a guard.
 */
export function maybeUserOf(request: AnyRequest): AccessToken | undefined {
  const property = propertyOf(request)
  return property === undefined
    ? undefined
    : ((request as unknown as Record<string, unknown>)[property] as AccessToken | undefined)
}

/**
 * The user whom a guard let in.
 *
 * @throws {CW_CONFIG_MISSING} The route has no guard: a mistake in the program.
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
      hint: 'Register cloakwright once in a scope. With another authentication plugin, choose another name by the option property.',
    },
  )
}
