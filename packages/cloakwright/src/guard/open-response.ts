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
