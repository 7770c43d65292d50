import { readEscape } from './escapes.ts'
import { caseVariants, variantsOfRange } from './letter-case.ts'
import type { Reader } from './reader.ts'
import { escaped, type Flags, nowhere, PatternError, unsupported } from './syntax.ts'

/** Reads a class after its `[` and converts it to JavaScript's syntax; unions and intersections may be nested. */
export function readClass(reader: Reader, flags: Flags): string {
  const isNegated = reader.take('^')
  const inside = readMembers(reader, flags)
  reader.next()
  return isNegated ? `[^${inside}]` : inside
}

/** The content before the class's `]`, as one class. */
function readMembers(reader: Reader, flags: Flags): string {
  const begun = reader.at
  let members: string | undefined
  const add = (more: string): void => {
    members = members === undefined ? more : `[${members}${more}]`
  }
  for (;;) {
    if (reader.isAtEnd) throw new PatternError('Unclosed character class', reader.text.length - 1)
    if (flags.has('x') && /[\s#]/.test(reader.peek()))
      throw unsupported('spaces in a class with the flag x', reader.at)
    if (reader.peek() === ']' && members !== undefined) return members
    if (reader.take('[')) {
      add(readClass(reader, flags))
    } else if (reader.take('&&')) {
      const others = readIntersection(reader, flags)
      if (others === undefined) {
        if (members === undefined) throw new PatternError('Bad class syntax', begun)
        throw unsupported('an intersection of classes with an empty side', reader.at)
      }
      members = members === undefined ? others : `[${members}&&${others}]`
      const goesOn = !['', ']'].includes(reader.peek()) && !(reader.peek() === '&' && reader.peek(1) === '&')
      if (goesOn) throw unsupported('a class that continues after an intersection', reader.at)
    } else {
      add(readRange(reader, flags))
    }
  }
}

/** The content between `&&` and the next `&&` or the end of the class. */
function readIntersection(reader: Reader, flags: Flags): string | undefined {
  let right: string | undefined
  const add = (more: string): void => {
    right = right === undefined ? more : `[${right}${more}]`
  }
  while (!reader.isAtEnd && reader.peek() !== ']' && reader.peek() !== '&') {
    add(reader.take('[') ? readClass(reader, flags) : readMembers(reader, flags))
  }
  return right
}

/** A character, a range, or a class escape. */
function readRange(reader: Reader, flags: Flags): string {
  const isVertical = reader.peek() === '\\' && reader.peek(1) === 'v'
  const first = readMember(reader, flags)
  const end = reader.peek(1)
  const isRange = reader.peek() === '-' && !['', ']', '['].includes(end)
  if (isVertical && reader.peek() === '-') throw unsupported('a range of characters from \\v', reader.at)
  if (typeof first === 'string') return first
  if (!isRange) return oneOf(first, flags)
  reader.next()
  const last = readMember(reader, flags)
  if (typeof last === 'string' || last < first)
    throw new PatternError('Illegal character range', reader.at - 1)
  if (isSurrogate(first) || isSurrogate(last)) throw unsupported('half of a surrogate pair', reader.at)
  const more = flags.has('i') ? variantsOfRange(first, last, isUnicode(flags)) : []
  return `[${escaped(first)}-${escaped(last)}${more.map(escaped).join('')}]`
}

function readMember(reader: Reader, flags: Flags): number | string {
  if (!reader.take('\\')) return reader.codePoint()
  const escape = readEscape(reader, flags)
  if ('codePoint' in escape) return escape.codePoint
  return `[${escape.negated ? '^' : ''}${escape.inside}]`
}

/** A character, or with the flag `i` all characters that differ only in case. */
export function oneOf(codePoint: number, flags: Flags): string {
  if (isSurrogate(codePoint)) throw unsupported('half of a surrogate pair', nowhere)
  const all = flags.has('i') ? caseVariants(codePoint, isUnicode(flags)) : [codePoint]
  return `[${all.map(escaped).join('')}]`
}

function isUnicode(flags: Flags): boolean {
  return flags.has('u') || flags.has('U')
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff
}
