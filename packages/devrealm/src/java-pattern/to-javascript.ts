import { toSource } from './emit.ts'
import { parse } from './parse.ts'
import { PatternError } from './syntax.ts'

/** Why a pattern can't be used. */
export interface PatternProblem {
  /** As Java's PatternSyntaxException has it: what, where, the pattern and a mark below it. */
  readonly message: string
  /** Java takes the pattern; the message names what the embedded realm has nothing for. */
  readonly isUnsupported: boolean
}

/**
 * A pattern of Java's as the source of a regular expression with the flag `v`. It matches the texts to which Java's `matches()` says
 * yes; JavaScript's flags for case, lines and dots are not used, since Java's can be changed within a pattern.
 */
export function toJavaScript(pattern: string): { readonly source: string } | PatternProblem {
  try {
    const source = toSource(parse(pattern))
    // What is nested too deeply shows here.
    void new RegExp(source, 'v')
    return { source }
  } catch (error) {
    if (error instanceof PatternError) return described(error, pattern)
    return { message: 'The embedded realm does not support a pattern of this size', isUnsupported: true }
  }
}

function described({ message, at, isUnsupported }: PatternError, pattern: string): PatternProblem {
  const place = at < 0 ? '' : ` near index ${at}`
  const mark = at >= 0 && at < pattern.length ? `\n${' '.repeat(at)}^` : ''
  return { message: `${message}${place}\n${pattern}${mark}`, isUnsupported }
}
