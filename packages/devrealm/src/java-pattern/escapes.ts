import { predefined, propertyClass } from './properties.ts'
import type { Reader } from './reader.ts'
import { type Flags, PatternError, unsupported } from './syntax.ts'

/** An escape: one character, or the content of a JavaScript class. */
export type Escape = { readonly codePoint: number } | { readonly inside: string; readonly negated: boolean }

const named: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, a: 7, e: 27 }

/**
 * Reads an escape that means the same inside and outside of a class, after its backslash.
 *
 * @throws {PatternError} for an escape that is unknown in Java or has no equivalent in JavaScript
 */
export function readEscape(reader: Reader, flags: Flags): Escape {
  const at = reader.at - 1
  const illegal = (what = 'Illegal/unsupported escape sequence'): PatternError =>
    new PatternError(what, reader.at)
  const codePoint = reader.isAtEnd ? undefined : reader.codePoint()
  if (codePoint === undefined) throw illegal('Unexpected internal error')
  const letter = String.fromCodePoint(codePoint)
  const lower = letter.toLowerCase()
  if (Object.hasOwn(predefined, lower) && /[a-zA-Z]/.test(letter)) {
    const inside = predefined[lower]?.[flags.has('U') ? 1 : 0] ?? ''
    return { inside, negated: letter !== lower }
  }
  if (lower === 'p') {
    const name = propertyName(reader)
    return { inside: propertyClass(name, flags, reader.at - 1), negated: letter === 'P' }
  }
  if (Object.hasOwn(named, letter)) return { codePoint: named[letter] ?? 0 }
  switch (letter) {
    case '0':
      return { codePoint: octal(reader) }
    case 'x':
      return { codePoint: hexadecimal(reader) }
    case 'u':
      return { codePoint: unicode(reader) }
    case 'c': {
      if (reader.isAtEnd) throw illegal('Illegal control escape sequence')
      return { codePoint: reader.codePoint() ^ 64 }
    }
    case 'N':
      throw unsupported('a named character, \\N{…}', at)
    case 'X':
      throw unsupported('a grapheme cluster, \\X', at)
    default:
      if (/[A-Za-z1-9]/.test(letter)) throw illegal()
      return { codePoint }
  }
}

function propertyName(reader: Reader): string {
  if (reader.isAtEnd) throw new PatternError('Illegal/unsupported escape sequence', reader.at)
  const first = reader.next()
  if (first !== '{') return first
  const name = reader.takeWhile(/[^}]/)
  if (!reader.take('}')) throw new PatternError('Unclosed character family', reader.at)
  if (name === '') throw new PatternError('Empty character family', reader.at - 1)
  return name
}

/** One to three digits; the first of three is at most 3. */
function octal(reader: Reader): number {
  const first = reader.takeWhile(/[0-7]/, 1)
  if (first === '') throw new PatternError('Illegal octal escape sequence', reader.at)
  return Number.parseInt(first + reader.takeWhile(/[0-7]/, first <= '3' ? 2 : 1), 8)
}

function hexadecimal(reader: Reader): number {
  const isOpen = reader.take('{')
  const digits = reader.takeWhile(/[0-9a-fA-F]/, isOpen ? 32 : 2)
  const value = Number.parseInt(digits, 16)
  const isWhole = isOpen ? reader.take('}') && digits !== '' : digits.length === 2
  if (!isWhole) throw new PatternError('Illegal hexadecimal escape sequence', reader.at - (isOpen ? 1 : 0))
  if (value > 0x10ffff) throw new PatternError('Hexadecimal codepoint is too big', reader.at)
  return value
}

/** Four digits; the two halves of a surrogate pair are one character. */
function unicode(reader: Reader): number {
  const unit = fourDigits(reader)
  if (unit < 0xd800 || unit > 0xdbff) return unit
  const at = reader.at
  if (reader.take('\\u')) {
    const low = fourDigits(reader)
    if (low >= 0xdc00 && low <= 0xdfff) return (unit - 0xd800) * 0x400 + (low - 0xdc00) + 0x10000
    reader.at = at
  }
  throw unsupported('half of a surrogate pair', at)
}

function fourDigits(reader: Reader): number {
  const digits = reader.takeWhile(/[0-9a-fA-F]/, 4)
  if (digits.length < 4) throw new PatternError('Illegal Unicode escape sequence', reader.at)
  return Number.parseInt(digits, 16)
}
