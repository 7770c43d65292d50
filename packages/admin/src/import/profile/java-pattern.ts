import { type Automaton, buildAutomaton, matches, Unsupported } from './java-pattern-automaton.ts'
import { loneSurrogate } from './java-pattern-characters.ts'
import { parsePattern } from './java-pattern-parser.ts'

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
  const read = readAutomaton(pattern)
  if (read === undefined) return undefined
  const { automaton, hasProperties } = read
  return (text) => {
    // A longer one can exhaust Java's stack; of other letters Java and JavaScript may have different tables.
    if (text.length > longestText || loneSurrogate.test(text)) return undefined
    if (hasProperties && /[^\0-\u024f]/.test(text)) return undefined
    return matches(automaton, text)
  }
}

/** Characters of a text. */
const longestText = 2048

function readAutomaton(pattern: string): { automaton: Automaton; hasProperties: boolean } | undefined {
  try {
    const { part, hasProperties } = parsePattern(pattern)
    return { automaton: buildAutomaton(part), hasProperties }
  } catch (error) {
    // The other one: what is nested too deeply. Java exhausts its stack too.
    if (error instanceof Unsupported || error instanceof RangeError) return undefined
    throw error
  }
}
