import type { GuardedRequest } from './guarded-request.ts'

/** The body of a request, if nothing has read it yet; it is read only as far as the reader asks, and up to the limit. */
export function unreadBody(
  request: GuardedRequest,
  maxBytes: number,
): ReadableStream<Uint8Array> | undefined {
  const { incoming, web } = request
  if (web !== undefined) return web.bodyUsed || web.body === null || web.body.locked ? undefined : web.body
  if (incoming === undefined || incoming.readableDidRead || incoming.destroyed) return undefined
  let chunks: AsyncIterator<Uint8Array> | undefined
  let left = maxBytes
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
        const read = await chunks.next()
        if (read.done === true) return controller.close()
        controller.enqueue(read.value.subarray(0, left))
        left -= read.value.byteLength
        if (left <= 0) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}
