import { createContext, Script } from 'node:vm'

/** Milliseconds that an administrator's regular expressions may take for one request. */
const patience = 500

const asked = { pattern: '', flags: '', text: '' }
const sandbox = createContext(asked)
const script = new Script('new RegExp(pattern, flags).test(text)')

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
    Object.assign(asked, { ...toJavaScript(pattern), text })
    try {
      return script.runInContext(sandbox, { timeout: Math.ceil(left) }) === true
    } catch {
      // It took too long, or is none: then it was stored before patterns were checked.
      return false
    } finally {
      left -= performance.now() - begun
      Object.assign(asked, { pattern: '', flags: '', text: '' })
    }
  }
}

/** Why a pattern is none, or undefined. */
export function patternProblem(pattern: string): string | undefined {
  try {
    const { pattern: source, flags } = toJavaScript(pattern)
    void new RegExp(source, flags)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** An escape, a class of characters, an atomic group, a possessive quantifier: the last two only forbid to go back. */
const tokens = /\\.|\[(?:\\.|[^\]\\])*\]?|\(\?>|([*+?]|\{\d+(?:,\d*)?\})\+/gs

/** Keycloak's patterns are Java's: flags in front, atomic groups and possessive quantifiers are unknown to JavaScript. */
function toJavaScript(given: string): { pattern: string; flags: string } {
  const [front = '', flags = ''] = /^\(\?([imsu]+)\)/.exec(given) ?? []
  const source = given
    .slice(front.length)
    .replace(tokens, (token, quantifier?: string) => (token === '(?>' ? '(?:' : (quantifier ?? token)))
  // With the flag m, ^ and $ are those of a line; a bracket here would close a class of the pattern's.
  return {
    pattern: String.raw`(?<!\s|\S)(?:${source})(?!\s|\S)`,
    flags: [...new Set(flags.replace('u', ''))].join(''),
  }
}
