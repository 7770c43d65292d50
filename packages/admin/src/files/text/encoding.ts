import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Utf8Check } from './utf8.ts'

/** How a file's text is written. Windows writes UTF-16: Excel's "Unicode text", PowerShell's `>`. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** By its byte-order mark, or by a NUL in each of its first characters: neither occurs in UTF-8 text. */
export function encodingOf(start: Buffer): Encoding {
  const [first = 1, second = 1, third = 1, fourth = 1] = start
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return 'utf-16le'
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0) return 'utf-16be'
  return 'utf-8'
}

/** A file's first bytes, as they are. */
export async function startOf(path: string, length: number): Promise<Buffer> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** A file's text in pieces, without the byte-order mark of UTF-16. */
export async function* textOf(path: string): AsyncGenerator<string, void, undefined> {
  const encoding = encodingOf(await startOf(path, 4))
  if (encoding === 'utf-8') yield* createReadStream(path, { encoding: 'utf8' }) as AsyncIterable<string>
  else yield* decoded(path, encoding)
}

/** A file's text as UTF-8, in pieces that may end within a character. */
export async function* utf8Of(path: string): AsyncGenerator<Buffer, void, undefined> {
  const encoding = encodingOf(await startOf(path, 4))
  if (encoding === 'utf-8') yield* createReadStream(path) as AsyncIterable<Buffer>
  else for await (const text of decoded(path, encoding)) yield Buffer.from(text)
}

async function* decoded(path: string, encoding: Encoding): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder(encoding)
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>)
    yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}

/** Checks a file's bytes, which come in pieces: says where they are not text, as `not UTF-8: line 3, byte 31`. */
export function createTextCheck(encoding: Encoding): {
  add(chunk: Buffer): string | undefined
  end(): string | undefined
} {
  if (encoding === 'utf-8') {
    const check = new Utf8Check()
    const told = (wrong: ReturnType<Utf8Check['end']>): string | undefined =>
      wrong && `not UTF-8: line ${wrong.line}, byte ${wrong.byte}`
    return { add: (chunk) => told(check.add(chunk)), end: () => told(check.end()) }
  }
  const decoder = new TextDecoder(encoding, { fatal: true })
  const tried = (decode: () => string): string | undefined => {
    try {
      decode()
      return undefined
    } catch {
      return `incomplete ${encoding.toUpperCase()}: half a character is missing`
    }
  }
  return {
    add: (chunk) => tried(() => decoder.decode(chunk, { stream: true })),
    end: () => tried(() => decoder.decode()),
  }
}
