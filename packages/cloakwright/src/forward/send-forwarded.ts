import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Forwarded } from './forward.ts'

/** Sends the response with Node's response object, at the client's pace. Headers that were set before stay. */
export function sendForwarded({ status, headers, body }: Forwarded, outgoing: FastifyReply['raw']): void {
  outgoing.writeHead(status, headers)
  body.once('close', () => {
    // The client must see that the response is incomplete.
    if (!body.complete) outgoing.destroy()
  })
  body.pipe(outgoing)
}

/**
 * Sends the response with Node's response object in place of Fastify's reply, which keeps headers of its own. Fastify still
 * logs the response. Its hooks `onSend` do not run: they would have to change bytes that they do not know.
 */
export function sendInsteadOf(reply: FastifyReply, forwarded: Forwarded): void {
  const { headers } = forwarded
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) headers[name] ??= typeof value === 'number' ? String(value) : [value].flat()
  reply.hijack()
  sendForwarded(forwarded, reply.raw)
}

interface FastifyReply {
  readonly raw: Pick<ServerResponse, 'writeHead' | 'destroy'> & NodeJS.WritableStream
  hijack(): unknown
  getHeaders(): Readonly<Record<string, number | string | string[] | undefined>>
}

/** The same as a web response. */
export function toWebForwarded({ status, headers, body }: Forwarded, method: string): Response {
  const fields = new Headers()
  for (const [name, values] of Object.entries(headers))
    for (const value of [values].flat()) fields.append(name, value)
  if (method === 'HEAD' || withoutBody.has(status)) {
    body.resume()
    return new Response(null, { status, headers: fields })
  }
  return new Response(toStream(body), { status, headers: fields })
}

/** A web response with such a status cannot have a body (Fetch Standard §2.2.3). */
const withoutBody: ReadonlySet<number> = new Set([204, 205, 304])

/** Reads only what the client takes: `Readable.toWeb` would buffer far more. */
function toStream(body: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const read = await chunks.next()
        if (read.done !== true) return controller.enqueue(read.value)
        controller.close()
      },
      cancel: () => void body.destroy(),
    },
    { highWaterMark: 0 },
  )
}
