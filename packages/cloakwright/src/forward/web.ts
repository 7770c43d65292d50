import { fromWebRequest, toWebResponse, unguarded, visitOf, webFramework } from '../guard/index.ts'
import { createForwarder } from './forward.ts'
import type { ForwardOptions } from './options.ts'
import { toWebForwarded } from './send-forwarded.ts'

/**
 * Forwards requests to another service, with the access token of the session: the browser has only the cookie. Cookies and
 * the headers of proxies are not passed on, in either direction.
 *
 * @throws {CW_CONFIG_INVALID} The upstream is not an http or https URL, or an option is invalid.
 * @example
 * ```ts
 * // app/api/[...path]/route.ts of Next.js; auth.ts creates the guards
 * import { type NextGuards, forward } from 'cloakwright/next'
 *
 * export function createRoutes(auth: NextGuards) {
 *   const api = auth.protect(forward('https://api.internal:8443', { prefix: '/api' }))
 *   return { GET: api, POST: api, PUT: api, PATCH: api, DELETE: api }
 * }
 * ```
 */
export function forward(
  upstream: string | URL,
  options?: ForwardOptions,
): (request: Request) => Promise<Response> {
  const forwarder = createForwarder(upstream, options)
  return async (request) => {
    const visit = visitOf(request)
    const guarded = fromWebRequest(request, request, webFramework)
    try {
      return toWebForwarded(await forwarder.send(guarded, visit), request.method)
    } catch (error) {
      return toWebResponse((visit?.guard ?? unguarded).refuse(error, guarded), request, visit?.onRefused)
    }
  }
}
