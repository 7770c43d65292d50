import { createContext, Script } from 'node:vm'
import { type PatternProblem, toJavaScript } from './to-javascript.ts'

/** Time limit in milliseconds for an administrator's regular expressions in one request. */
const patience = 500

const asked = { source: '', text: '' }
const sandbox = createContext(asked)
const script = new Script("new RegExp(source, 'v').test(text)")

/**
 * Tests strings against regular expressions of administrators in Java's syntax. Some take too long on some strings and would
 * block the process: once a request has used its time, nothing matches.
 *
 * @returns whether the whole string matches
 */
export function patternTester(): (pattern: string, text: string) => boolean {
  let left = patience
  return (pattern, text) => {
    if (left <= 0) return false
    const translated = sourceOf(pattern)
    // An invalid pattern was stored before patterns were checked.
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

/** The problem of a pattern, or undefined. */
export function patternProblem(pattern: string): PatternProblem | undefined {
  const translated = toJavaScript(pattern)
  return 'source' in translated ? undefined : translated
}

const remembered = new Map<string, string | undefined>()

/** Cached: there are few patterns, tested for each user. */
function sourceOf(pattern: string): string | undefined {
  if (!remembered.has(pattern)) {
    const translated = toJavaScript(pattern)
    if (remembered.size >= 100) remembered.clear()
    remembered.set(pattern, 'source' in translated ? translated.source : undefined)
  }
  return remembered.get(pattern)
}
