import type { IncomingMessage, ServerResponse } from 'node:http'
import { CloakwrightError } from '../errors.ts'
import type { Answer, LogEntry, Redirected, Refused } from './admission.ts'
import type { GuardedRequest } from './request/index.ts'
import type { SessionRoutes } from './session-routes.ts'

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

/** Sends a web response with Node's response object. Headers that were set before stay, as those of CORS. */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  const body = Buffer.from(await response.arrayBuffer())
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers)
    if (name === 'set-cookie') outgoing.appendHeader(name, value)
    else outgoing.setHeader(name, value)
  outgoing.end(body)
}

/** Serves the session engine's routes with Node's response object; other paths go on to `next`. */
export async function serveRoutes(
  routes: SessionRoutes,
  request: GuardedRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
  onRefused: (entry: LogEntry) => void,
): Promise<void> {
  let answer: Redirected | Refused | undefined
  try {
    answer = await routes.answer(request)
    if (answer?.kind === 'redirected') return await sendResponse(answer.response, response)
  } catch (error) {
    return next(error)
  }
  if (answer === undefined) return next()
  onRefused(answer.log)
  sendAnswer(answer.answer, response)
}
