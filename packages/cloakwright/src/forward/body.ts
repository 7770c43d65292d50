import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import { CloakwrightError } from '../errors.ts'
import type { GuardedRequest } from '../guard/index.ts'
import { notForwarded } from './errors.ts'

/** The body of a request, and the header that tells its length. */
export interface Body {
  readonly content: Readable | Uint8Array
  /** In bytes; `undefined` if only its end will tell (`Transfer-Encoding: chunked`). */
  readonly length: number | undefined
}

/**
 * The request's body, unread; `undefined` if it has none. Servers that read the end of a body differently see different
 * requests (request smuggling), so only the two plain forms of RFC 9112 §6 are accepted, and no body of a GET, which some
 * servers leave on the connection.
 *
 * @throws {CW_FORWARD_REFUSED} The length is ambiguous.
 * @throws {CW_CONFIG_INVALID} Something has read the body before.
 */
export function bodyOf(request: GuardedRequest): Body | undefined {
  const length = lengthOf(request)
  if (length === 0) return undefined
  if (request.method === 'GET' || request.method === 'HEAD')
    throw notForwarded(`${request.method} with a body`, 'Send the data in the query, or with POST.')
  const { incoming, web } = request
  if (incoming !== undefined && isUnread(incoming)) return { content: incoming, length }
  if (web !== undefined && web.body !== null && !web.bodyUsed && !web.body.locked)
    return { content: Readable.fromWeb(web.body as NodeStream), length }
  const { rawBody } = (request.native ?? {}) as { readonly rawBody?: unknown }
  if (rawBody instanceof Uint8Array) return { content: rawBody, length: rawBody.byteLength }
  throw new CloakwrightError('CW_CONFIG_INVALID', 'forward: something has read the body of the request', {
    hint: 'Register the route before whatever reads bodies (express.json()). In Nest set rawBody: true or bodyParser: false.',
  })
}

/** `undefined` if only the end of the body will tell. */
function lengthOf(request: GuardedRequest): number | undefined {
  const { incoming, web } = request
  const lengths = request.fields('content-length')
  const codings = request.fields('transfer-encoding')
  const [length] = lengths
  const [coding] = codings
  if (lengths.length > 1 || codings.length > 1 || (length !== undefined && coding !== undefined))
    throw ambiguous('more than one length of its body')
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw ambiguous('a Transfer-Encoding other than chunked')
  if (coding !== undefined) return undefined
  if (length !== undefined && !/^\d{1,15}$/.test(length))
    throw ambiguous('a Content-Length that is not a number')
  if (length !== undefined) return Number(length)
  // Without either header, HTTP/1.1 has no body; HTTP/2 and web requests may.
  if (incoming !== undefined) return incoming.httpVersionMajor >= 2 && hasData(incoming) ? undefined : 0
  return web?.body == null ? 0 : undefined
}

function hasData(incoming: IncomingMessage): boolean {
  const { stream } = incoming as { readonly stream?: { readonly endAfterHeaders?: boolean } }
  return stream?.endAfterHeaders === false
}

function isUnread(incoming: IncomingMessage): boolean {
  return !incoming.readableDidRead && !incoming.destroyed
}

function ambiguous(what: string): CloakwrightError {
  return notForwarded(
    `it has ${what}`,
    'Send Content-Length or Transfer-Encoding: chunked, once (RFC 9112 §6).',
  )
}
