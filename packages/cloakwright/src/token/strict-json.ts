import { isUtf8 } from 'node:buffer'

const maxDepth = 32

/**
 * Reads a JSON object as strictly as a token deserves, frozen through and through and without a prototype: invalid UTF-8, anything but
 * an object, a name given twice at any level (RFC 8725 §2.4: parsers disagree which one counts) and absurd nesting
 * give `undefined`.
 */
export function parseStrictObject(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  // Without a prototype `constructor` is no member, unless the text has it.
  Object.setPrototypeOf(value, null)
  // A repeated name is one member in the text that the object has lost.
  if (freezeAndCount(value, 0) !== membersIn(text)) return undefined
  return value as Readonly<Record<string, unknown>>
}

/** The number of members in a valid JSON text: its colons outside of strings. */
function membersIn(text: string): number {
  let members = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === colon) members++
    else if (char === quote) at = endOfString(text, at)
  }
  return members
}

const quote = 0x22
const colon = 0x3a
const backslash = 0x5c

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes++
    if (escapes % 2 === 0) return at
  }
  return text.length
}

/** Freezes a parsed value and returns how many members its objects have; NaN (equal to nothing) when it is nested too deep. */
function freezeAndCount(value: object, depth: number): number {
  if (depth > maxDepth) return Number.NaN
  Object.freeze(value)
  if (Array.isArray(value)) return countIn(value, depth)
  const members: unknown[] = Object.values(value)
  return members.length + countIn(members, depth)
}

function countIn(values: readonly unknown[], depth: number): number {
  let members = 0
  for (const value of values) {
    if (typeof value === 'object' && value !== null) members += freezeAndCount(value, depth + 1)
  }
  return members
}
