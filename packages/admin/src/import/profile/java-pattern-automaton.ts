/** A pattern whose meaning is not certain here. */
export class Unsupported extends Error {}

/** Whether a character, by its code point, is one that the pattern takes at a place. */
export type CharacterTest = (code: number) => boolean

/** A part of a pattern: builds the states that lead to `next`, and gives their first. */
export type PatternPart = (next: State, size: Size) => State

/** The states of a pattern: a text matches that leads from the first to the last. */
export interface Automaton {
  readonly start: State
  readonly accepted: State
}

interface State {
  /** A state with a test takes one character, one without takes none. */
  readonly test?: CharacterTest
  ways: readonly State[]
}

interface Size {
  states: number
}

/** States of an automaton: counted repetitions are written out. */
const mostStates = 1000

/** @throws {Unsupported} for a pattern with too many states */
export function buildAutomaton(part: PatternPart): Automaton {
  const accepted: State = { ways: [] }
  return { start: part(accepted, { states: 0 }), accepted }
}

export function matches({ start, accepted }: Automaton, text: string): boolean {
  let current = reached([start])
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    current = reached([...current].flatMap(({ test, ways }) => (test?.(code) === true ? ways : [])))
    if (current.size === 0) return false
  }
  return current.has(accepted)
}

/** The states and those that they lead to without a character. */
function reached(from: readonly State[]): ReadonlySet<State> {
  const found = new Set<State>()
  const left = [...from]
  for (let state = left.pop(); state !== undefined; state = left.pop()) {
    if (found.has(state)) continue
    found.add(state)
    if (state.test === undefined) left.push(...state.ways)
  }
  return found
}

export function oneCharacter(test: CharacterTest): PatternPart {
  return (next, size) => counted({ test, ways: [next] }, size)
}

export function sequence(parts: readonly PatternPart[]): PatternPart {
  return (next, size) => parts.reduceRight((rest, part) => part(rest, size), next)
}

export function choice(options: readonly PatternPart[]): PatternPart {
  return (next, size) => counted({ ways: options.map((option) => option(next, size)) }, size)
}

export function repeated(part: PatternPart, least: number, greatest: number): PatternPart {
  return (next, size) => {
    let first = next
    if (greatest === Infinity) {
      const loop: State = counted({ ways: [] }, size)
      loop.ways = [part(loop, size), next]
      first = loop
    } else {
      for (let at = least; at < greatest; at += 1) first = counted({ ways: [part(first, size), next] }, size)
    }
    for (let at = 0; at < least; at += 1) {
      const { states } = size
      first = part(first, size)
      // What takes no state takes no character, however often: repetitions of repetitions of it would have no end.
      if (size.states === states) break
    }
    return first
  }
}

function counted(state: State, size: Size): State {
  size.states += 1
  if (size.states > mostStates) throw new Unsupported()
  return state
}
