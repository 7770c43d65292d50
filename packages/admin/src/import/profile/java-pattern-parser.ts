import {
  type CharacterTest,
  choice,
  oneCharacter,
  type PatternPart,
  repeated,
  sequence,
  Unsupported,
} from './java-pattern-automaton.ts'
import {
  characterProperties,
  characterSets,
  codeOf,
  controlCharacters,
  lineEnds,
  toTest,
} from './java-pattern-characters.ts'

/** @throws {Unsupported} for a pattern whose meaning is not certain */
export function parsePattern(pattern: string): { part: PatternPart; hasProperties: boolean } {
  const parser = new PatternParser(pattern)
  return { part: parser.whole(), hasProperties: parser.hasProperties }
}

class PatternParser {
  /** Whether the pattern names sets of Unicode, of which Java and JavaScript may have different tables. */
  hasProperties = false
  readonly #characters: readonly string[]
  #at = 0

  constructor(pattern: string) {
    this.#characters = Array.from(pattern)
  }

  whole(): PatternPart {
    const part = this.#alternatives(0)
    if (this.#at < this.#characters.length) throw new Unsupported()
    return part
  }

  get #next(): string | undefined {
    return this.#characters[this.#at]
  }

  #takes(character: string): boolean {
    if (this.#next !== character) return false
    this.#at += 1
    return true
  }

  #take(): string {
    const character = this.#next ?? ''
    this.#at += 1
    return character
  }

  #alternatives(depth: number): PatternPart {
    const options = [this.#sequence(depth)]
    while (this.#takes('|')) options.push(this.#sequence(depth))
    return options.length === 1 ? (options[0] as PatternPart) : choice(options)
  }

  #sequence(depth: number): PatternPart {
    const found: PatternPart[] = []
    // The whole text has to match: at its two ends both say nothing.
    if (depth === 0) this.#takes('^')
    for (let next = this.#next; next !== undefined && next !== '|' && next !== ')'; next = this.#next) {
      const after = this.#characters[this.#at + 1]
      const isEnd = after === undefined || after === '|'
      if (depth === 0 && next === '$' && isEnd) this.#at += 1
      else found.push(this.#quantified(this.#atom(depth)))
    }
    return sequence(found)
  }

  #atom(depth: number): PatternPart {
    const character = this.#take()
    if (character === '(') return this.#group(depth)
    if (character === '[') return oneCharacter(this.#characterClass())
    if (character === '\\') return oneCharacter(toTest(this.#escape()))
    if (character === '.') return oneCharacter((code) => !lineEnds.has(code))
    if ('^$*+?{}'.includes(character)) throw new Unsupported()
    return oneCharacter(toTest(codeOf(character)))
  }

  #group(depth: number): PatternPart {
    if (this.#takes('?') && !this.#takes(':')) throw new Unsupported()
    const inner = this.#alternatives(depth + 1)
    if (!this.#takes(')')) throw new Unsupported()
    return inner
  }

  #quantified(part: PatternPart): PatternPart {
    const range = this.#quantifier()
    if (range === undefined) return part
    // Lazy ones match the same texts.
    this.#takes('?')
    if ('*+?{'.includes(this.#next ?? ' ')) throw new Unsupported()
    return repeated(part, ...range)
  }

  #quantifier(): [least: number, greatest: number] | undefined {
    if (this.#takes('*')) return [0, Infinity]
    if (this.#takes('+')) return [1, Infinity]
    if (this.#takes('?')) return [0, 1]
    if (this.#next !== '{') return undefined
    const [all = '', least = '', comma, greatest = ''] =
      /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.#characters.slice(this.#at, this.#at + 12).join('')) ?? []
    if (all === '') throw new Unsupported()
    this.#at += all.length
    const from = Number(least)
    const to = comma === undefined ? from : greatest === '' ? Infinity : Number(greatest)
    if (to < from) throw new Unsupported()
    return [from, to]
  }

  #characterClass(): CharacterTest {
    const isNegated = this.#takes('^')
    const tests: CharacterTest[] = []
    for (let isFirst = true; !this.#takes(']'); isFirst = false) {
      const low = this.#classItem(isFirst)
      if (typeof low === 'function' || this.#next !== '-' || this.#characters[this.#at + 1] === ']') {
        tests.push(toTest(low))
        continue
      }
      this.#at += 1
      const high = this.#classItem(false)
      if (typeof high === 'function' || high < low) throw new Unsupported()
      tests.push((code) => low <= code && code <= high)
    }
    if (tests.length === 0) throw new Unsupported()
    return (code) => tests.some((test) => test(code)) !== isNegated
  }

  #classItem(isFirst: boolean): number | CharacterTest {
    const character = this.#take()
    if (character === '' || character === '[' || character === '&') throw new Unsupported()
    // Elsewhere it is a range's, or its meaning has changed between the versions of Java.
    if (character === '-' && !isFirst && this.#next !== ']') throw new Unsupported()
    return character === '\\' ? this.#escape() : codeOf(character)
  }

  #escape(): number | CharacterTest {
    const character = this.#take()
    const known = controlCharacters.get(character) ?? characterSets.get(character)
    if (known !== undefined) return known
    if (character === 'x') return this.#codePoint(2)
    if (character === 'u') return this.#codePoint(4)
    if (character === 'p' || character === 'P') return this.#property(character === 'P')
    if (!/^[ -/:-@[-`{-~]$/.test(character)) throw new Unsupported()
    return codeOf(character)
  }

  #codePoint(length: number): number {
    const digits = this.#characters.slice(this.#at, this.#at + length).join('')
    if (!/^(?:[\da-f]{2}|(?!d[89a-f])[\da-f]{4})$/i.test(digits)) throw new Unsupported()
    this.#at += digits.length
    return Number.parseInt(digits, 16)
  }

  #property(isNegated: boolean): CharacterTest {
    const end = this.#characters.indexOf('}', this.#at)
    const property = characterProperties.get(this.#characters.slice(this.#at, end + 1).join(''))
    if (end === -1 || property === undefined) throw new Unsupported()
    this.#at = end + 1
    this.hasProperties = true
    return isNegated ? (code) => !property(code) : property
  }
}
