import { type CharacterTest, Unsupported } from './java-pattern-automaton.ts'

export const loneSurrogate: RegExp = /\p{Cs}/u

/** @throws {Unsupported} for half a character */
export function codeOf(character: string): number {
  if (loneSurrogate.test(character)) throw new Unsupported()
  return character.codePointAt(0) ?? 0
}

export function toTest(item: number | CharacterTest): CharacterTest {
  return typeof item === 'function' ? item : (code) => code === item
}

/** Where Java's `.` ends: U+0085 too. */
export const lineEnds: ReadonlySet<number> = new Set([0x0a, 0x0d, 0x85, 0x2028, 0x2029])

/** What a backslash before a letter means: one character. */
export const controlCharacters: ReadonlyMap<string, number> = new Map([
  ['t', 0x09],
  ['n', 0x0a],
  ['f', 0x0c],
  ['r', 0x0d],
  ['a', 0x07],
  ['e', 0x1b],
])

/** What a backslash before a letter means: a set. Java's are of ASCII alone. */
export const characterSets: ReadonlyMap<string, CharacterTest> = new Map([
  ['d', oneOf(/[0-9]/)],
  ['D', oneOf(/[^0-9]/u)],
  ['w', oneOf(/[a-zA-Z_0-9]/)],
  ['W', oneOf(/[^a-zA-Z_0-9]/u)],
  ['s', oneOf(/[ \t\n\v\f\r]/)],
  ['S', oneOf(/[^ \t\n\v\f\r]/u)],
])

/** What follows `\p`. */
export const characterProperties: ReadonlyMap<string, CharacterTest> = new Map([
  ['{L}', oneOf(/\p{L}/u)],
  ['{Lu}', oneOf(/\p{Lu}/u)],
  ['{Ll}', oneOf(/\p{Ll}/u)],
  ['{N}', oneOf(/\p{N}/u)],
  ['{Nd}', oneOf(/\p{Nd}/u)],
  ['{Alpha}', oneOf(/[a-zA-Z]/)],
  ['{Lower}', oneOf(/[a-z]/)],
  ['{Upper}', oneOf(/[A-Z]/)],
  ['{Digit}', oneOf(/[0-9]/)],
  ['{Alnum}', oneOf(/[a-zA-Z0-9]/)],
])

function oneOf(expression: RegExp): CharacterTest {
  return (code) => expression.test(String.fromCodePoint(code))
}
