import { createReadStream } from 'node:fs'
import { utf8Of } from './encoding.ts'

/** Bytes of a row that is read at all; what is longer is a rejected row. */
export const rowLimit: number = 1024 * 1024

/** One line of a file. */
export interface Line {
  /** From 1. */
  readonly number: number
  /** Without its end; the first bytes, {@link rowLimit} at most, where `whole` is false. */
  readonly bytes: Buffer
  readonly whole: boolean
}

/** What a file's lines end with; a carriage return before a line feed belongs to the line. */
export type LineEnd = '\n' | '\r'

/** The lines of a file of our own, of its first `size` bytes; memory stays flat, however long a line is. */
export async function* readLines(path: string, size: number): AsyncGenerator<Line, void, undefined> {
  if (size > 0) yield* linesOf(createReadStream(path, { end: size - 1 }), '\n')
}

/** The lines of a text, in whatever encoding, without a byte-order mark; memory stays flat, however long a line is. */
export async function* readTextLines(
  path: string,
  lineEnd: LineEnd = '\n',
): AsyncGenerator<Line, void, undefined> {
  yield* linesOf(utf8Of(path), lineEnd)
}

async function* linesOf(
  bytes: AsyncIterable<Buffer>,
  lineEnd: LineEnd,
): AsyncGenerator<Line, void, undefined> {
  const ending = lineEnd.charCodeAt(0)
  let number = 1
  let parts: Buffer[] = []
  let kept = 0
  let whole = true

  const keep = (part: Buffer): void => {
    const room = rowLimit - kept
    if (part.length > room) whole = false
    if (room <= 0 || part.length === 0) return
    // A copy: a part of the stream's buffer would hold all of it.
    const copy = Buffer.from(part.subarray(0, room))
    parts.push(copy)
    kept += copy.length
  }
  const take = (): Line => {
    const line = { number, bytes: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), whole }
    number += 1
    parts = []
    kept = 0
    whole = true
    return line
  }

  let beginning = true
  for await (const read of bytes) {
    const chunk = beginning ? withoutMark(read) : read
    beginning = false
    let start = 0
    for (let end = chunk.indexOf(ending); end !== -1; end = chunk.indexOf(ending, start)) {
      keep(chunk.subarray(start, end))
      yield take()
      start = end + 1
    }
    keep(chunk.subarray(start))
  }
  if (kept > 0) yield take()
}

/** The first characters of a row that can't be read, for the file of rejected rows. */
export function beginningOf(bytes: Buffer): string {
  return bytes.subarray(0, 1000).toString('utf8').replace(/�+$/, '')
}

function withoutMark(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}
