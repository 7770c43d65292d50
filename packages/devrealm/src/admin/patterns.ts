import { createContext, Script } from 'node:vm'

/** Milliseconds that an administrator's regular expressions may take for one request. */
const patience = 500

const asked = { pattern: '', text: '' }
const sandbox = createContext(asked)
const script = new Script('new RegExp(pattern).test(text)')

/**
 * Tests texts against regular expressions that administrators write: some need ages for some texts, and nothing else would be
 * answered meanwhile. What takes longer than the request's time, all in all, does not match.
 *
 * @returns whether the whole text matches
 */
export function patternTester(): (pattern: string, text: string) => boolean {
  let left = patience
  return (pattern, text) => {
    if (left <= 0) return false
    const begun = performance.now()
    Object.assign(asked, { pattern: `^(?:${pattern})$`, text })
    try {
      return script.runInContext(sandbox, { timeout: Math.ceil(left) }) === true
    } catch {
      // It took too long, or is none: then it was stored before patterns were checked.
      return false
    } finally {
      left -= performance.now() - begun
      Object.assign(asked, { pattern: '', text: '' })
    }
  }
}

/** Why a pattern is none, or undefined. */
export function patternProblem(pattern: string): string | undefined {
  try {
    void new RegExp(`^(?:${pattern})$`)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
