/**
 * The text of a body up to so many bytes, whoever sends it; the rest is not read. Without it a request that nobody has
 * let in yet could fill the memory.
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
  // Not waited for: of a copy, it ends with the original only.
  reader.cancel().catch(() => {})
  return text
}

/** The whole body; `undefined` when it has more bytes, the rest of which is not read. */
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
