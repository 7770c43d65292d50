import { isUtf8 } from 'node:buffer'

const maxDepth = 32

/**
 * Reads a JSON object as strictly as a token deserves, without a prototype: anything but an object, a name given twice
 * at any level (RFC 8725 §2.4: parsers disagree which one counts) and absurd nesting give `undefined`.
 */
export function parseStrictObject(text: string): Readonly<Record<string, unknown>> | undefined {
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
  const members = countMembers(value, 0)
  if (members !== mostMembersIn(text) && members !== membersIn(text)) return undefined
  return value as Readonly<Record<string, unknown>>
}

/** Reads bytes as {@link parseStrictObject} reads a text; what is not UTF-8 gives `undefined` too. */
export function parseStrictBytes(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  return isUtf8(bytes)
    ? parseStrictObject(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
    : undefined
}

/** Freezes what {@link parseStrictObject} read, through and through; only the first time costs anything. */
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
 * At least the number of members in a valid JSON text: its colons behind a quote or white space, also those inside of
 * strings. Usually there are none of these, and what is equal to both bounds needs no closer look.
 */
function mostMembersIn(text: string): number {
  let members = 0
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    const before = text.charCodeAt(at - 1)
    if (before === quote || before <= space) members++
  }
  return members
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

function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let escapes = 0
    while (text.charCodeAt(at - 1 - escapes) === backslash) escapes++
    if (escapes % 2 === 0) return at
  }
  return text.length
}

/** How many members a parsed value's objects have; NaN (equal to nothing) when it is nested too deep. */
function countMembers(value: object, depth: number): number {
  if (depth > maxDepth) return Number.NaN
  let members = 0
  if (Array.isArray(value)) {
    for (const one of value as unknown[])
      if (typeof one === 'object' && one !== null) members += countMembers(one, depth + 1)
    return members
  }
  const object = value as Record<string, unknown>
  // What a parser makes inherits nothing that is enumerable, unless somebody spoiled Object.prototype: then it is refused.
  for (const name in object) {
    members++
    const one = object[name]
    if (typeof one === 'object' && one !== null) members += countMembers(one, depth + 1)
  }
  return members
}
