import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest, RouteGenericInterface } from 'fastify'
import { frameworkOfNode, fromIncoming, type Guard, type GuardedRequest } from '../../guard/index.ts'

/* oxlint-disable typescript/no-explicit-any -- a guard does not use the type arguments that an application gives Fastify */
/** A request of any server (also HTTP/2), logger, schema and type provider. */
export type AnyRequest = FastifyRequest<RouteGenericInterface, any, any>
/** Its reply. */
export type AnyReply = FastifyReply<RouteGenericInterface, any, any, any>
/* oxlint-enable typescript/no-explicit-any */

/** The guards' view of the request. */
export function toGuardedRequest(request: AnyRequest, reply?: AnyReply): GuardedRequest {
  return fromIncoming(request.raw, request, frameworkOfNode, reply?.raw as ServerResponse | undefined)
}

export const guardKey: unique symbol = Symbol.for('cloakwright.fastify')

/** The plugin's guard in the scope of this request's route. */
export function guardOf(request: AnyRequest): Guard | undefined {
  return (request.server as unknown as { readonly [guardKey]?: Guard })[guardKey]
}

const oursKey: unique symbol = Symbol('cloakwright')

/** Marks the plugin's own routes, whose clients have no token yet. */
export const ours: object = { [oursKey]: true }

/** Whether the route is the plugin's own: a guard of the whole application does not protect it. */
export function isOurs(request: AnyRequest): boolean {
  const config = request.routeOptions.config as { readonly [oursKey]?: true } | undefined
  return config?.[oursKey] === true
}
