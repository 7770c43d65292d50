/** Whether a whole text matches; undefined where that can't be told here. */
export type PatternMatch = (text: string) => boolean | undefined

/**
 * Reads a regular expression of Java's, as Keycloak's user profile has them, where its meaning is certain: characters,
 * classes without operators, groups, alternatives, greedy and lazy quantifiers, `^` and `$` around the whole. Undefined for
 * all else: flags, look-around, back references, possessive quantifiers and what Java itself would refuse.
 *
 * The automaton that comes of it takes each character once, however the pattern is nested: no pattern needs ages for a text.
 */
export function readJavaPattern(pattern: string): PatternMatch | undefined {
  try {
    const { build, hasProperties } = parse(pattern)
    const accepted: State = { ways: [] }
    const start = build(accepted, { states: 0 })
    return (text) => {
      // A longer one can exhaust Java's stack; of other letters Java and JavaScript may have different tables.
      if (text.length > longest || loneSurrogate.test(text)) return undefined
      if (hasProperties && /[^\0-\u024f]/.test(text)) return undefined
      return isMatch(start, accepted, text)
    }
  } catch (error) {
    // The other one: what is nested too deeply. Java exhausts its stack too.
    if (error instanceof Unsupported || error instanceof RangeError) return undefined
    throw error
  }
}

class Unsupported extends Error {}

const loneSurrogate = /\p{Cs}/u
/** Characters of a text. */
const longest = 2048
/** States of an automaton: counted repetitions are written out. */
const most = 1000

interface State {
  /** A state with a test takes one character, one without takes none. */
  readonly test?: Test
  ways: readonly State[]
}

type Test = (code: number) => boolean

/** Builds the states that lead to `next`, and gives their first. */
type Build = (next: State, size: { states: number }) => State

function isMatch(start: State, accepted: State, text: string): boolean {
  let current = reached([start])
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    current = reached([...current].flatMap(({ test, ways }) => (test?.(code) === true ? ways : [])))
    if (current.size === 0) return false
  }
  return current.has(accepted)
}

/** The states and those that they lead to without a character. */
function reached(from: readonly State[]): Set<State> {
  const found = new Set<State>()
  const left = [...from]
  for (let state = left.pop(); state !== undefined; state = left.pop()) {
    if (found.has(state)) continue
    found.add(state)
    if (state.test === undefined) left.push(...state.ways)
  }
  return found
}

function one(test: Test): Build {
  return (next, size) => counted({ test, ways: [next] }, size)
}

function sequence(items: readonly Build[]): Build {
  return (next, size) => items.reduceRight((rest, item) => item(rest, size), next)
}

function choice(options: readonly Build[]): Build {
  return (next, size) => counted({ ways: options.map((option) => option(next, size)) }, size)
}

function repeat(item: Build, least: number, greatest: number): Build {
  return (next, size) => {
    let first = next
    if (greatest === Infinity) {
      const loop: State = counted({ ways: [] }, size)
      loop.ways = [item(loop, size), next]
      first = loop
    } else {
      for (let at = least; at < greatest; at += 1) first = counted({ ways: [item(first, size), next] }, size)
    }
    for (let at = 0; at < least; at += 1) {
      const { states } = size
      first = item(first, size)
      // What takes no state takes no character, however often: repetitions of repetitions of it would have no end.
      if (size.states === states) break
    }
    return first
  }
}

function counted(state: State, size: { states: number }): State {
  size.states += 1
  if (size.states > most) throw new Unsupported()
  return state
}

function parse(pattern: string): { build: Build; hasProperties: boolean } {
  const characters = Array.from(pattern)
  let at = 0
  let hasProperties = false

  function takes(character: string): boolean {
    if (characters[at] !== character) return false
    at += 1
    return true
  }

  function alternatives(depth: number): Build {
    const options = [items(depth)]
    while (takes('|')) options.push(items(depth))
    return options.length === 1 ? (options[0] as Build) : choice(options)
  }

  function items(depth: number): Build {
    const found: Build[] = []
    // The whole text has to match: at its two ends both say nothing.
    if (depth === 0) takes('^')
    while (at < characters.length && characters[at] !== '|' && characters[at] !== ')') {
      const isEnd = characters[at + 1] === undefined || characters[at + 1] === '|'
      if (depth === 0 && characters[at] === '$' && isEnd) at += 1
      else found.push(quantified(atom(depth)))
    }
    return sequence(found)
  }

  function atom(depth: number): Build {
    const character = characters[at] ?? ''
    at += 1
    if (character === '(') {
      if (takes('?') && !takes(':')) throw new Unsupported()
      const inner = alternatives(depth + 1)
      if (!takes(')')) throw new Unsupported()
      return inner
    }
    if (character === '[') return one(characterClass())
    if (character === '\\') return one(toTest(escape()))
    if (character === '.') return one((code) => !lineEnds.has(code))
    if ('^$*+?{}'.includes(character)) throw new Unsupported()
    return one(toTest(codeOf(character)))
  }

  function quantified(item: Build): Build {
    const range = quantifier()
    if (range === undefined) return item
    // Lazy ones match the same texts.
    takes('?')
    if ('*+?{'.includes(characters[at] ?? ' ')) throw new Unsupported()
    return repeat(item, ...range)
  }

  function quantifier(): [least: number, greatest: number] | undefined {
    if (takes('*')) return [0, Infinity]
    if (takes('+')) return [1, Infinity]
    if (takes('?')) return [0, 1]
    if (characters[at] !== '{') return undefined
    const [all = '', least = '', comma, greatest = ''] =
      /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(characters.slice(at, at + 12).join('')) ?? []
    if (all === '') throw new Unsupported()
    at += all.length
    const from = Number(least)
    const to = comma === undefined ? from : greatest === '' ? Infinity : Number(greatest)
    if (to < from) throw new Unsupported()
    return [from, to]
  }

  function characterClass(): Test {
    const isNegated = takes('^')
    const tests: Test[] = []
    for (let isFirst = true; !takes(']'); isFirst = false) {
      const low = classItem(isFirst)
      if (typeof low === 'function' || characters[at] !== '-' || characters[at + 1] === ']') {
        tests.push(toTest(low))
        continue
      }
      at += 1
      const high = classItem(false)
      if (typeof high === 'function' || high < low) throw new Unsupported()
      tests.push((code) => low <= code && code <= high)
    }
    if (tests.length === 0) throw new Unsupported()
    return (code) => tests.some((test) => test(code)) !== isNegated
  }

  function classItem(isFirst: boolean): number | Test {
    const character = characters[at]
    at += 1
    if (character === undefined || character === '[' || character === '&') throw new Unsupported()
    // Elsewhere it is a range's, or its meaning has changed between the versions of Java.
    if (character === '-' && !isFirst && characters[at] !== ']') throw new Unsupported()
    return character === '\\' ? escape() : codeOf(character)
  }

  function escape(): number | Test {
    const character = characters[at] ?? ''
    at += 1
    const control = controls.get(character)
    if (control !== undefined) return control
    const set = sets.get(character)
    if (set !== undefined) return set
    if (character === 'x' || character === 'u') {
      const digits = characters.slice(at, at + (character === 'x' ? 2 : 4)).join('')
      if (!/^(?:[\da-f]{2}|(?!d[89a-f])[\da-f]{4})$/i.test(digits)) throw new Unsupported()
      at += digits.length
      return Number.parseInt(digits, 16)
    }
    if (character === 'p' || character === 'P') {
      const end = characters.indexOf('}', at)
      const property = properties.get(characters.slice(at, end + 1).join(''))
      if (end === -1 || property === undefined) throw new Unsupported()
      at = end + 1
      hasProperties = true
      return character === 'p' ? property : (code) => !property(code)
    }
    if (!/^[ -/:-@[-`{-~]$/.test(character)) throw new Unsupported()
    return codeOf(character)
  }

  const build = alternatives(0)
  if (at < characters.length) throw new Unsupported()
  return { build, hasProperties }
}

function codeOf(character: string): number {
  if (loneSurrogate.test(character)) throw new Unsupported()
  return character.codePointAt(0) ?? 0
}

function toTest(item: number | Test): Test {
  return typeof item === 'function' ? item : (code) => code === item
}

function oneOf(expression: RegExp): Test {
  return (code) => expression.test(String.fromCodePoint(code))
}

/** Where Java's `.` ends: U+0085 too. */
const lineEnds: ReadonlySet<number> = new Set([0x0a, 0x0d, 0x85, 0x2028, 0x2029])

const controls: ReadonlyMap<string, number> = new Map([
  ['t', 0x09],
  ['n', 0x0a],
  ['f', 0x0c],
  ['r', 0x0d],
  ['a', 0x07],
  ['e', 0x1b],
])

/** Java's are of ASCII alone. */
const sets: ReadonlyMap<string, Test> = new Map([
  ['d', oneOf(/[0-9]/)],
  ['D', oneOf(/[^0-9]/u)],
  ['w', oneOf(/[a-zA-Z_0-9]/)],
  ['W', oneOf(/[^a-zA-Z_0-9]/u)],
  ['s', oneOf(/[ \t\n\v\f\r]/)],
  ['S', oneOf(/[^ \t\n\v\f\r]/u)],
])

const properties: ReadonlyMap<string, Test> = new Map([
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
