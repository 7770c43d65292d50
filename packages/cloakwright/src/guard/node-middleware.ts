import type { IncomingMessage, ServerResponse } from 'node:http'
import { CloakwrightError } from '../errors.ts'
import type { Answer } from './admission.ts'

/**
 * An Express middleware that says nothing of the path's parameters, so that `request.params` of the handlers after it
 * keeps the type that Express reads from the path. Fits `RequestHandler` of every version.
 */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Sends an answer as a response of Node, and ends it.
 *
 * @throws {CW_CONFIG_INVALID} A mock of a response lacks what it is sent by.
 */
export function sendAnswer({ status, headers, body }: Answer, response: ServerResponse): void {
  if (typeof response.writeHead !== 'function')
    throw new CloakwrightError('CW_CONFIG_INVALID', 'Response: it has no writeHead()', {
      hint: 'Give the object that stands for a response writeHead() and end(), as a response of Node has them.',
    })
  // Not in one: outside of Node's own response writeHead() may return nothing.
  response.writeHead(status, headers)
  response.end(body)
}
