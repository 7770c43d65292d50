import { isUtf8 } from 'node:buffer'

/** Where a file stops being UTF-8. */
export interface WrongByte {
  /** From 1. */
  readonly line: number
  /** From 1, from the beginning of the file. */
  readonly byte: number
}

/** Checks bytes that come in pieces; a character may lie across two of them. */
export class Utf8Check {
  #line = 1
  #byte = 0
  #rest: Buffer = Buffer.alloc(0)

  /** The first byte that is not UTF-8, if these have one. */
  add(chunk: Buffer): WrongByte | undefined {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const whole = bytes.length - unfinished(bytes)
    const part = bytes.subarray(0, whole)
    if (!isUtf8(part)) return this.#find(part)
    this.#byte += whole
    this.#line += count(part)
    this.#rest = Buffer.from(bytes.subarray(whole))
    return undefined
  }

  end(): WrongByte | undefined {
    return this.#rest.length === 0 ? undefined : this.#find(this.#rest)
  }

  /** By halves: the longest beginning that is right up to its last whole character. */
  #find(bytes: Buffer): WrongByte {
    let right = 0
    let wrong = bytes.length
    while (wrong - right > 1) {
      const middle = (right + wrong) >> 1
      const part = bytes.subarray(0, middle)
      if (isUtf8(part.subarray(0, middle - unfinished(part)))) right = middle
      else wrong = middle
    }
    const at = right - unfinished(bytes.subarray(0, right))
    return { line: this.#line + count(bytes.subarray(0, at)), byte: this.#byte + at + 1 }
  }
}

/** Bytes at the end that begin a character and lack the rest of it. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0
  }
  return 0
}

function count(bytes: Buffer): number {
  let lines = 0
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) lines += 1
  return lines
}
