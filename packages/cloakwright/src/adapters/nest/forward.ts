import type { ServerResponse } from 'node:http'
import { createForwarder, type ForwardOptions, sendForwarded, sendInsteadOf } from '../../forward/index.ts'
import { visitOf } from './guard.ts'
import { toGuardedRequest } from './request.ts'

/**
 * Forwards requests to another service, with the access token of the session: the browser has only the cookie. Call the
 * function in a handler that has `@Req()` and `@Res()`. Create the application with `bodyParser: false`, or with
 * `rawBody: true` if other handlers need the parsed body. Cookies and the headers of proxies are not passed on, in either
 * direction. Forward WebSockets with the function of `cloakwright/websocket`.
 *
 * @throws {CW_CONFIG_INVALID} The upstream is not an http or https URL, or an option is invalid.
 * @example
 * ```ts
 * import { All, Controller, Req, Res } from '@nestjs/common'
 * import { forward, RequireUser } from 'cloakwright/nest'
 *
 * @Controller('api')
 * @RequireUser()
 * export class ApiController {
 *   readonly #forward = forward('https://api.internal:8443', { prefix: '/api' })
 *
 *   // Nest on Fastify: @All('*')
 *   @All('*path')
 *   all(@Req() request: object, @Res() response: object) {
 *     return this.#forward(request, response)
 *   }
 * }
 * ```
 */
export function forward(
  upstream: string | URL,
  options?: ForwardOptions,
): (request: object, response: object) => Promise<void> {
  const forwarder = createForwarder(upstream, options)
  return async (request, response) => {
    const forwarded = await forwarder.send(toGuardedRequest(request, request, response), visitOf(request))
    if ('raw' in response) sendInsteadOf(response as Parameters<typeof sendInsteadOf>[0], forwarded)
    else sendForwarded(forwarded, response as ServerResponse)
  }
}
