import { isUtf8 } from 'node:buffer'

// Node's own decoder passes over what is not of the alphabet, padding and trailing bits, so that its work would have to
// be undone and compared; and where it was measured (Node 20, x86-64) each use of it made the next signature 1.5 µs
// slower, which is more than all of this takes.

/** The six bits that a character stands for; -1 for what is not of the alphabet. */
const values = new Int8Array(256).fill(-1)
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
for (let value = 0; value < 64; value++) values[alphabet.charCodeAt(value)] = value

/**
 * Where texts and bytes are turned into each other: a buffer for each would cost more than the turning. What is in
 * them is used before anything else can be written.
 */
const encoded = Buffer.allocUnsafeSlow(16 * 1024)
const decoded = Buffer.allocUnsafeSlow(16 * 1024)

/** The bytes of a text by their lower eight bits, until the next call. */
export function bytesOf(text: string): Buffer {
  const room = roomIn(encoded, text.length)
  return room.subarray(0, room.write(text, 0, text.length, 'latin1'))
}

/** Decodes base64url (RFC 7515 §2) to bytes; `undefined` unless it is the one text that an encoder makes of them. */
export function decodeBytes(text: Uint8Array, start: number, end: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(((end - start) * 3) >> 2)
  return decode(text, start, end, bytes) ? bytes : undefined
}

/** Decodes base64url to a text: `undefined` as by {@link decodeBytes}, `null` when the bytes are not UTF-8. */
export function decodeText(text: Uint8Array, start: number, end: number): string | null | undefined {
  const size = ((end - start) * 3) >> 2
  const bytes = roomIn(decoded, size)
  if (!decode(text, start, end, bytes)) return undefined
  const read = bytes.toString('utf8', 0, size)
  // What is not UTF-8 becomes U+FFFD; only the bytes tell whether it was one before.
  return read.includes('\ufffd') && !isUtf8(bytes.subarray(0, size)) ? null : read
}

function decode(text: Uint8Array, start: number, end: number, into: Uint8Array): boolean {
  // A local, because the module's own is looked up anew for each character.
  const table = values
  const rest = (end - start) & 3
  const groups = end - rest
  let seen = 0
  let to = 0
  let at = start
  for (; at < groups; at += 4) {
    const group =
      ((table[text[at] as number] as number) << 18) |
      ((table[text[at + 1] as number] as number) << 12) |
      ((table[text[at + 2] as number] as number) << 6) |
      (table[text[at + 3] as number] as number)
    seen |= group
    into[to] = group >> 16
    into[to + 1] = group >> 8
    into[to + 2] = group
    to += 3
  }
  if (rest === 0) return seen >= 0
  if (rest === 1) return false
  const third = rest === 3 ? (table[text[at + 2] as number] as number) : 0
  const last =
    ((table[text[at] as number] as number) << 18) |
    ((table[text[at + 1] as number] as number) << 12) |
    (third << 6)
  into[to] = last >> 16
  if (rest === 3) into[to + 1] = last >> 8
  return (seen | last) >= 0 && (last & (rest === 3 ? 0xff : 0xff_ff)) === 0
}

function roomIn(buffer: Buffer, length: number): Buffer {
  return length <= buffer.length ? buffer : Buffer.allocUnsafe(length)
}
