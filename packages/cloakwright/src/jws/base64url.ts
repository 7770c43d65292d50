import { isUtf8 } from 'node:buffer'

// Node's own decoder is the fastest, but lenient: it skips characters outside of the alphabet, and accepts `+`, `/`, padding
// and trailing bits. Each of these shortens the result or is checked here. It also reads U+0141 as U+0041 (the lower eight
// bits), so it only receives strings with one byte per character.

declare const oneByte: unique symbol

/** A string without a character above U+00FF, in its own memory; only {@link toOneByte} creates one. */
export type OneByteString = string & { readonly [oneByte]: true }

/**
 * Where strings are encoded and decoded: a new buffer for each would cost more than the work itself. Their content is
 * used before anything else is written.
 */
const encoded = Buffer.allocUnsafeSlow(16 * 1024)
const decoded = Buffer.allocUnsafeSlow(16 * 1024)

/** The bytes of a string by their lower eight bits, until the next call. */
export function bytesOf(text: string): Buffer {
  const room = roomIn(encoded, text.length)
  return room.subarray(0, room.write(text, 0, text.length, 'latin1'))
}

/** Copies a string; `undefined` if it has a character above U+00FF. */
export function toOneByte(text: string): OneByteString | undefined {
  const room = roomIn(encoded, text.length)
  const copy = room.toString('latin1', 0, room.write(text, 0, text.length, 'latin1'))
  return copy === text ? (copy as OneByteString) : undefined
}

/** Decodes base64url (RFC 7515 §2) to bytes; `undefined` unless an encoder makes exactly this string of them. */
export function decodeBytes(text: OneByteString, start: number, end: number): Buffer | undefined {
  const segment = text.slice(start, end)
  const bytes = Buffer.from(segment, 'base64url')
  return isCanonical(segment, bytes.length) ? bytes : undefined
}

/** Decodes base64url to a string: `undefined` as by {@link decodeBytes}, `null` when the bytes are not UTF-8. */
export function decodeText(text: OneByteString, start: number, end: number): string | null | undefined {
  const segment = text.slice(start, end)
  const room = roomIn(decoded, segment.length)
  const size = room.write(segment, 0, 'base64url')
  if (!isCanonical(segment, size)) return undefined
  const read = room.toString('utf8', 0, size)
  // What is not UTF-8 becomes U+FFFD; only the bytes show whether it was U+FFFD before.
  return read.includes('\ufffd') && !isUtf8(room.subarray(0, size)) ? null : read
}

/** Last characters whose unused bits are zero: two characters make one byte, three make two. */
const lastOfTwo = 'AQgw'
const lastOfThree = 'AEIMQUYcgkosw048'

/** @param size Number of bytes from Node's decoder: a skipped character makes it too small. */
function isCanonical(segment: string, size: number): boolean {
  const { length } = segment
  if (size !== (length * 3) >> 2 || segment.includes('+') || segment.includes('/')) return false
  const rest = length & 3
  if (rest === 0) return true
  return rest !== 1 && (rest === 2 ? lastOfTwo : lastOfThree).includes(segment.charAt(length - 1))
}

function roomIn(buffer: Buffer, length: number): Buffer {
  return length <= buffer.length ? buffer : Buffer.allocUnsafe(length)
}
