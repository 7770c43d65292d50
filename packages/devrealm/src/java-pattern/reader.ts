import { PatternError } from './syntax.ts'

/** Reads a pattern code point by code point. */
export class Reader {
  readonly text: readonly number[]
  at = 0

  constructor(text: string) {
    this.text = Array.from(text, (letter) => letter.codePointAt(0) ?? 0)
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length
  }

  /** The character at an offset, or '' at the end. */
  peek(steps = 0): string {
    const codePoint = this.text[this.at + steps]
    return codePoint === undefined ? '' : String.fromCodePoint(codePoint)
  }

  next(): string {
    const letter = this.peek()
    this.at += 1
    return letter
  }

  codePoint(): number {
    const codePoint = this.text[this.at]
    if (codePoint === undefined) throw new PatternError('Unexpected internal error', this.at)
    this.at += 1
    return codePoint
  }

  /** Consumes the string if it comes next. */
  take(text: string): boolean {
    const letters = Array.from(text)
    if (!letters.every((letter, index) => this.peek(index) === letter)) return false
    this.at += letters.length
    return true
  }

  /** Consumes matching characters, up to `most`. */
  takeWhile(pattern: RegExp, most: number = Number.POSITIVE_INFINITY): string {
    let taken = ''
    while (taken.length < most && !this.isAtEnd && pattern.test(this.peek())) taken += this.next()
    return taken
  }
}
