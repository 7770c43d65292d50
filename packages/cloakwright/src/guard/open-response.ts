import type { ServerResponse } from 'node:http'
import type { OpenResponse } from './end-watch.ts'
import type { GuardedRequest } from './request/index.ts'
import { closeSocket } from './websocket/index.ts'

/**
 * The response of a request that stays open after its admission: a WebSocket, or a stream of events, which its client
 * asks for. `undefined` for all others.
 */
export function openResponseOf(request: GuardedRequest): OpenResponse | undefined {
  const { connection, incoming, outgoing } = request
  if (connection !== undefined && incoming !== undefined)
    return connection.destroyed
      ? undefined
      : {
          onClose: (callback) => void connection.once('close', callback),
          end: (why) => closeSocket(incoming, connection, why),
        }
  return outgoing !== undefined && asksForEvents(request) ? toOpenResponse(outgoing) : undefined
}

/**
 * Calls back if the response turns out to be a stream of events, whatever its client asked for. A listener on each
 * response would cost more.
 */
export function onEvents(outgoing: ServerResponse, begin: (open: OpenResponse) => void): void {
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its response
  const write = outgoing.writeHead as ((...args: unknown[]) => ServerResponse) | undefined
  // A mock of a response may lack it.
  if (write === undefined) return
  const writeHead = (...args: unknown[]): ServerResponse => {
    const written = write.apply(outgoing, args)
    if (events.test(contentTypeOf(outgoing, args))) beginOrEnd(outgoing, begin)
    return written
  }
  outgoing.writeHead = writeHead as ServerResponse['writeHead']
}

function beginOrEnd(outgoing: ServerResponse, begin: (open: OpenResponse) => void): void {
  const open = toOpenResponse(outgoing)
  if (open === undefined) return
  try {
    begin(open)
  } catch {
    // The token has expired, and was accepted only by the clock tolerance.
    outgoing.destroy()
  }
}

/** Headers that are only given to `writeHead` are an object, or a list of names and values. */
function contentTypeOf(outgoing: ServerResponse, args: readonly unknown[]): string {
  const headers = args.at(-1)
  if (typeof headers !== 'object' || headers === null) return String(outgoing.getHeader('content-type'))
  const given = headers as Readonly<Record<string, string | undefined>>
  // The two forms that frameworks write; the search covers all others.
  const usual = given['content-type'] ?? given['Content-Type'] ?? outgoing.getHeader('content-type')
  if (usual !== undefined) return String(usual)
  const names = Array.isArray(headers) ? headers : Object.entries(headers).flat()
  const at = names.findIndex(
    (name, index) => index % 2 === 0 && String(name).toLowerCase() === 'content-type',
  )
  return at === -1 ? '' : String(names[at + 1])
}

/** Whether the client asks for a stream of events (SSE). */
export function asksForEvents(request: GuardedRequest): boolean {
  const { incoming } = request
  // Frameworks have parsed Node's headers already.
  const accept = incoming === undefined ? request.fields('accept')[0] : incoming.headers?.accept
  return accept !== undefined && events.test(accept)
}

const events = /\btext\/event-stream\b/i

function toOpenResponse(outgoing: ServerResponse): OpenResponse | undefined {
  if (outgoing.destroyed || outgoing.writableFinished) return undefined
  return {
    onClose: (callback) => void outgoing.once('close', callback),
    // As if the client had gone: the application stops to write, and the client sees an incomplete response.
    end: () => void outgoing.destroy(),
  }
}

/** The same for a web response: a stream of events, or the response itself if it is something else. */
export function endable(response: Response, watch: (open: OpenResponse) => void): Response {
  if (response.body === null || !events.test(response.headers.get('content-type') ?? '')) return response
  const reader = response.body.getReader()
  const onClose = new Set<() => void>()
  const closed = (): void => {
    for (const callback of onClose) callback()
  }
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const end = (): void => {
          controller.close()
          void reader.cancel().catch(() => {})
        }
        try {
          watch({ onClose: (callback) => void onClose.add(callback), end })
        } catch {
          // The token has expired, and was accepted only by the clock tolerance.
          end()
        }
      },
      async pull(controller) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          closed()
          throw error
        })
        if (!done) return controller.enqueue(value)
        closed()
        controller.close()
      },
      cancel(reason) {
        closed()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, response)
}
