import { anchors, caret, dollar, dot } from './anchors.ts'
import { oneOf, readClass } from './classes.ts'
import { readCount } from './count.ts'
import { readEscape } from './escapes.ts'
import { readFlags } from './flags.ts'
import { unquoted } from './quoted.ts'
import { Reader } from './reader.ts'
import { type Flags, type Part, PatternError, unsupported } from './syntax.ts'

const lineEnd = String.raw`(?:\r\n|[\n\x0b\f\r\x85\u2028\u2029])`
/** A repeated surrogate pair is never split. */
const wholeLineEnd = String.raw`(?:\r\n|(?!\r\n)[\n\x0b\f\r\x85\u2028\u2029])`

/**
 * Parses a Java pattern.
 *
 * @throws {PatternError} for an invalid pattern, or one without an equivalent in JavaScript
 */
export function parse(pattern: string): Part {
  return new Parser(unquoted(pattern)).whole()
}

class Parser {
  readonly #reader: Reader
  readonly #names = new Map<string, number>()
  #flags: Flags = new Set<string>()
  #captures = 0

  constructor(pattern: string) {
    this.#reader = new Reader(pattern)
  }

  whole(): Part {
    const part = this.#choice()
    if (!this.#reader.isAtEnd) throw new PatternError("Unmatched closing ')'", this.#reader.at - 1)
    return part
  }

  #choice(): Part {
    const parts = [this.#sequence()]
    while (this.#reader.take('|')) parts.push(this.#sequence())
    const [only] = parts
    return parts.length === 1 && only !== undefined ? only : { kind: 'choice', parts }
  }

  #sequence(): Part {
    const reader = this.#reader
    const parts: Part[] = []
    for (;;) {
      this.#skipComments()
      if (reader.isAtEnd || reader.peek() === '|' || reader.peek() === ')') return { kind: 'sequence', parts }
      const part = this.#atom()
      if (part !== undefined) parts.push(this.#repeated(part))
    }
  }

  /** One item that may be repeated; not flags alone. */
  #atom(): Part | undefined {
    const reader = this.#reader
    const at = reader.at
    const letter = reader.peek()
    switch (letter) {
      case '(':
        reader.next()
        return this.#group(at)
      case '[':
        reader.next()
        return plain(readClass(reader, this.#flags), 2)
      case '\\':
        reader.next()
        return this.#escape(at)
      case '.':
        reader.next()
        return plain(dot(this.#flags), 2)
      case '^':
        reader.next()
        return plain(caret(this.#flags), 0)
      case '$':
        reader.next()
        return plain(dollar(this.#flags), 0)
      case '*':
      case '+':
      case '?':
        throw new PatternError(`Dangling meta character '${letter}'`, at)
      // In Java a count at the start repeats the empty string.
      case '{':
        return plain('', 0)
      default: {
        const codePoint = reader.codePoint()
        return plain(oneOf(codePoint, this.#flags), codePoint > 0xffff ? 2 : 1)
      }
    }
  }

  #repeated(body: Part): Part {
    this.#skipComments()
    const count = readCount(this.#reader)
    if (count === undefined) return body
    const way = this.#reader.take('?') ? 'lazy' : this.#reader.take('+') ? 'possessive' : 'greedy'
    return { kind: 'repeat', body, ...count, way }
  }

  #group(at: number): Part | undefined {
    const reader = this.#reader
    if (!reader.take('?')) return this.#capture()
    for (const [mark, behind, negative] of [
      ['=', false, false],
      ['!', false, true],
      ['<=', true, false],
      ['<!', true, true],
    ] as const) {
      if (reader.take(mark)) return { kind: 'look', behind, negative, body: this.#body(), at }
    }
    if (reader.take('>')) return { kind: 'atomic', body: this.#body() }
    if (reader.take(':')) return { kind: 'group', body: this.#body() }
    if (reader.take('<')) return this.#named()
    return this.#flagged()
  }

  #capture(): Part {
    this.#captures += 1
    const capture = this.#captures
    return { kind: 'group', capture, body: this.#body() }
  }

  #named(): Part {
    const reader = this.#reader
    const name = reader.takeWhile(/[a-zA-Z0-9]/)
    if (!/^[a-zA-Z]/.test(name))
      throw new PatternError('capturing group name does not start with a Latin letter', reader.at)
    if (!reader.take('>')) throw new PatternError("named capturing group is missing trailing '>'", reader.at)
    if (this.#names.has(name))
      throw new PatternError(`Named capturing group <${name}> is already defined`, reader.at)
    this.#names.set(name, this.#captures + 1)
    return this.#capture()
  }

  /** The content of a group; its flags end with it. */
  #body(flags = this.#flags): Part {
    const before = this.#flags
    this.#flags = flags
    const body = this.#choice()
    if (!this.#reader.take(')')) throw new PatternError('Unclosed group', this.#reader.text.length)
    this.#flags = before
    return body
  }

  /** `(?i-s)` for the rest of the group, `(?i-s:…)` for its content. */
  #flagged(): Part | undefined {
    const flags = readFlags(this.#reader, this.#flags)
    if (this.#reader.next() === ':') return { kind: 'group', body: this.#body(flags) }
    this.#flags = flags
    return undefined
  }

  #escape(at: number): Part {
    const reader = this.#reader
    const letter = reader.peek()
    const anchor = Object.hasOwn(anchors, letter) ? anchors[letter] : undefined
    if (anchor !== undefined) {
      reader.next()
      if (letter === 'b' && reader.peek() === '{')
        throw unsupported('a boundary between graphemes, \\b{g}', at)
      if ('bB'.includes(letter) && this.#flags.has('U')) throw unsupported(`\\${letter} with the flag U`, at)
      return plain(anchor(this.#flags), 0)
    }
    if (reader.take('R')) {
      const isRepeated = /[*+?{]/.test(reader.peek())
      return { ...plain(isRepeated ? wholeLineEnd : lineEnd, 2), isLineEnd: true }
    }
    if (/[1-9]/.test(letter)) return this.#reference(this.#number(), at)
    if (reader.take('k')) return this.#reference(this.#nameOfReference(), at)
    const escape = readEscape(reader, this.#flags)
    if ('codePoint' in escape)
      return plain(oneOf(escape.codePoint, this.#flags), escape.codePoint > 0xffff ? 2 : 1)
    return plain(`[${escape.negated ? '^' : ''}${escape.inside}]`, 2)
  }

  /** As many digits as form the number of a group that has started. */
  #number(): number {
    let number = Number(this.#reader.next())
    while (/[0-9]/.test(this.#reader.peek())) {
      const longer = number * 10 + Number(this.#reader.peek())
      if (longer > this.#captures) break
      number = longer
      this.#reader.next()
    }
    return number
  }

  #nameOfReference(): number {
    const reader = this.#reader
    const name = reader.take('<') ? reader.takeWhile(/[a-zA-Z0-9]/) : ''
    const number = this.#names.get(name)
    if (number === undefined || !reader.take('>')) {
      throw new PatternError(`named capturing group <${name}> does not exist`, reader.at)
    }
    return number
  }

  #reference(capture: number, at: number): Part {
    if (this.#flags.has('i')) throw unsupported('a case-insensitive reference', at)
    return { kind: 'reference', capture, at }
  }

  /** With the flag x, spaces and comments after # are ignored. */
  #skipComments(): void {
    if (!this.#flags.has('x')) return
    const reader = this.#reader
    for (;;) {
      reader.takeWhile(/[ \t\n\v\f\r]/)
      if (!reader.take('#')) return
      reader.takeWhile(this.#flags.has('d') ? /[^\n]/ : /[^\n\r\u0085\u2028\u2029]/)
    }
  }
}

function plain(source: string, most: number): Extract<Part, { kind: 'plain' }> {
  return { kind: 'plain', source, most }
}
