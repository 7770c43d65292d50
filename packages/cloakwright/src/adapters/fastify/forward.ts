import { createForwarder, type ForwardOptions, sendInsteadOf } from '../../forward/index.ts'
import { unguarded } from '../../guard/index.ts'
import { sendRefusal } from './problem.ts'
import { type AnyReply, type AnyRequest, guardOf, toGuardedRequest } from './request.ts'
import { maybeUserOf, sessionOf } from './user.ts'

/** The handler of a route whose requests are forwarded. */
export type FastifyForward = (request: AnyRequest, reply: AnyReply) => Promise<AnyReply>

/**
 * Forwards requests to another service, with the access token of the session: the browser has only the cookie. It is the
 * handler of a route whose guard is in `onRequest`. Bodies are not parsed, and have no limit; hooks
 * `onSend` do not run. Cookies and the headers of
 * proxies are not passed on, in either direction. Forward WebSockets with the function of `cloakwright/websocket`.
 *
 * @throws {CW_CONFIG_INVALID} The upstream is not an http or https URL, or an option is invalid.
 * @example
 * ```ts
 * import { forward, requireUser } from 'cloakwright/fastify'
 * import Fastify from 'fastify'
 *
 * export const app = Fastify()
 * app.all('/api/*', { onRequest: requireUser() }, forward('https://api.internal:8443', { prefix: '/api' }))
 * ```
 */
export function forward(upstream: string | URL, options?: ForwardOptions): FastifyForward {
  const forwarder = createForwarder(upstream, options)
  const handler: FastifyForward = async (request, reply) => {
    const guard = guardOf(request)
    const guarded = toGuardedRequest(request, reply)
    const visit = guard && { guard, user: maybeUserOf(request), session: sessionOf(request) }
    try {
      sendInsteadOf(reply, await forwarder.send(guarded, visit))
      return reply
    } catch (error) {
      return sendRefusal((guard ?? unguarded).refuse(error, guarded), request, reply)
    }
  }
  forwards.add(handler)
  return handler
}

const forwards = new WeakSet<object>()

/**
 * A hook that forwards the requests of a route before Fastify reads their bodies; `undefined` for all other routes.
 */
export function forwardBeforeParsing(handler: object): FastifyForward | undefined {
  return forwards.has(handler) ? (handler as FastifyForward) : undefined
}
