/**
 * Reads a body as a string up to a number of bytes and discards the rest. Without this limit, a request that is not
 * authenticated yet could fill the memory.
 */
export async function beginningOf(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let left = maxBytes; left > 0; ) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value.subarray(0, left), { stream: true })
    left -= value.byteLength
  }
  // Not awaited: the cancellation of a copy ends only with the original.
  reader.cancel().catch(() => {})
  return text
}

/** The whole body; `undefined` if it has more bytes. The rest is not read. */
export async function wholeBody(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.byteLength
    if (size > maxBytes) return undefined // leaving the loop cancels the rest
    parts.push(part)
  }
  return Buffer.concat(parts)
}
