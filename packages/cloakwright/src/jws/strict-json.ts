import { isUtf8 } from 'node:buffer'

const maxDepth = 32

/**
 * Parses a JSON object strictly, as a token needs, into an object without a prototype. Returns `undefined` for anything
 * but an object, for a repeated name at any level (RFC 8725 §2.4: parsers disagree on which one counts) and for extreme
 * nesting.
 */
export function parseStrictObject(text: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  // Without a prototype, `constructor` is a member only if the JSON has it.
  Object.setPrototypeOf(value, null)
  // A repeated name is one member in the JSON that the object lost.
  const members = countMembers(value, 0)
  if (members !== mostMembersIn(text) && members !== membersIn(text)) return undefined
  return value as Readonly<Record<string, unknown>>
}

/** Parses bytes like {@link parseStrictObject}; also returns `undefined` for invalid UTF-8. */
export function parseStrictBytes(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  return isUtf8(bytes)
    ? parseStrictObject(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
    : undefined
}

/** Deep-freezes the result of {@link parseStrictObject}; only the first call costs anything. */
export function freezeThrough<T extends object>(value: T): T {
  if (Object.isFrozen(value)) return value
  for (const member of Object.values(value) as unknown[])
    if (typeof member === 'object' && member !== null) freezeThrough(member)
  return Object.freeze(value)
}

const quote = 0x22
const colon = 0x3a
const backslash = 0x5c
const space = 0x20

/**
 * Upper bound of the number of members in valid JSON: colons after a quote or white space, including those inside
 * strings. Usually no string has one, and if both bounds are equal no closer count is needed.
 */
function mostMembersIn(text: string): number {
  let members = 0
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1)
    if (before === quote || before <= space) members++
  }
  return members
}

/** The number of members in valid JSON: its colons outside of strings. */
function membersIn(text: string): number {
  let members = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === colon) members++
    else if (char === quote) at = endOfString(text, at)
  }
  return members
}

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes++
    if (escapes % 2 === 0) return at
  }
  return text.length
}

/** How many members the objects of a parsed value have; NaN (equal to nothing) if it is nested too deep. */
function countMembers(value: object, depth: number): number {
  if (depth > maxDepth) return Number.NaN
  let members = 0
  if (Array.isArray(value)) {
    for (const one of value as unknown[])
      if (typeof one === 'object' && one !== null) members += countMembers(one, depth + 1)
    return members
  }
  const object = value as Record<string, unknown>
  // A parsed object inherits nothing enumerable, unless Object.prototype was modified: then it is refused.
  for (const name in object) {
    members++
    const one = object[name]
    if (typeof one === 'object' && one !== null) members += countMembers(one, depth + 1)
  }
  return members
}
