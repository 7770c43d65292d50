import { createContext, Script } from 'node:vm'
import { type PatternProblem, toJavaScript } from './to-javascript.ts'

/** Milliseconds that an administrator's regular expressions may take for one request. */
const patience = 500

const asked = { source: '', text: '' }
const sandbox = createContext(asked)
const script = new Script("new RegExp(source, 'v').test(text)")

/**
 * Tests texts against the regular expressions, in Java's syntax, that administrators write: some need ages for some texts, and nothing
 * else would be answered meanwhile. What takes longer than the request's time, all in all, does not match.
 *
 * @returns whether the whole text matches
 */
export function patternTester(): (pattern: string, text: string) => boolean {
  let left = patience
  return (pattern, text) => {
    if (left <= 0) return false
    const translated = sourceOf(pattern)
    // A pattern that is none was stored before patterns were checked.
    if (translated === undefined) return false
    const begun = performance.now()
    Object.assign(asked, { source: translated, text })
    try {
      return script.runInContext(sandbox, { timeout: Math.ceil(left) }) === true
    } catch {
      // It took too long.
      return false
    } finally {
      left -= performance.now() - begun
      Object.assign(asked, { source: '', text: '' })
    }
  }
}

/** Why a pattern can't be used, or undefined. */
export function patternProblem(pattern: string): PatternProblem | undefined {
  const translated = toJavaScript(pattern)
  return 'source' in translated ? undefined : translated
}

const remembered = new Map<string, string | undefined>()

/** Patterns are few, and tested for each user. */
function sourceOf(pattern: string): string | undefined {
  if (!remembered.has(pattern)) {
    const translated = toJavaScript(pattern)
    if (remembered.size >= 100) remembered.clear()
    remembered.set(pattern, 'source' in translated ? translated.source : undefined)
  }
  return remembered.get(pattern)
}
