import type { IncomingMessage, ServerResponse } from 'node:http'
import { CloakwrightError } from '../errors.ts'
import type { Answer } from './admission.ts'

/**
 * An Express middleware whose type does not mention the path's parameters. So `request.params` of later handlers
 * keeps the type that Express derives from the path. Fits `RequestHandler` of every version.
 */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Sends a response with Node's response object, and ends it.
 *
 * @throws {CW_CONFIG_INVALID} A mock of a response lacks a needed function.
 */
export function sendAnswer({ status, headers, body }: Answer, response: ServerResponse): void {
  if (typeof response.writeHead !== 'function')
    throw new CloakwrightError('CW_CONFIG_INVALID', 'Response: it has no writeHead()', {
      hint: 'Add writeHead() and end() to the mock of a response, as in Node.',
    })
  // Not chained: writeHead() of another response object may return nothing.
  response.writeHead(status, headers)
  response.end(body)
}
