import { toSource } from './emit.ts'
import { parse } from './parse.ts'
import { PatternError } from './syntax.ts'

/** The problem of a pattern. */
export interface PatternProblem {
  /** Formatted like Java's PatternSyntaxException: description, index, pattern and a mark below it. */
  readonly message: string
  /** The pattern is valid in Java; the message names the unsupported construct. */
  readonly isUnsupported: boolean
}

/**
 * Converts a Java pattern to the source of a regular expression with the flag `v`. It matches the same strings as Java's
 * `matches()`. JavaScript's flags i, m and s are not used, because Java's can change within a pattern.
 */
export function toJavaScript(pattern: string): { readonly source: string } | PatternProblem {
  try {
    const source = toSource(parse(pattern))
    // Fails here if the pattern is nested too deeply.
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
