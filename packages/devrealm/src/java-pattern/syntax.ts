/** The parts of a pattern, in Java's terms. */
export type Part =
  /** JavaScript syntax with the same meaning; `most` is the maximum number of UTF-16 units that it matches. */
  | { readonly kind: 'plain'; readonly source: string; readonly most: number; readonly isLineEnd?: boolean }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Part[] }
  | { readonly kind: 'group'; readonly body: Part; readonly capture?: number }
  | { readonly kind: 'atomic'; readonly body: Part }
  | {
      readonly kind: 'repeat'
      readonly body: Part
      readonly least: number
      readonly most: number
      readonly way: 'greedy' | 'lazy' | 'possessive'
    }
  | {
      readonly kind: 'look'
      readonly behind: boolean
      readonly negative: boolean
      readonly body: Part
      readonly at: number
    }
  | { readonly kind: 'reference'; readonly capture: number; readonly at: number }

/** The active embedded flags of Java, as letters. */
export type Flags = ReadonlySet<string>

/** The position in the pattern is unknown. */
export const nowhere = -1

/** The problem of a pattern, with its position. */
export class PatternError extends Error {
  readonly at: number
  /** Java supports the construct. */
  readonly isUnsupported: boolean

  constructor(description: string, at: number, isUnsupported = false) {
    super(description)
    this.name = 'PatternError'
    this.at = at
    this.isUnsupported = isUnsupported
  }
}

/** Java supports the construct, and JavaScript has no equivalent. */
export function unsupported(construct: string, at: number): PatternError {
  return new PatternError(`The embedded realm does not support ${construct}`, at, true)
}

/** A character as an escape that is valid anywhere in JavaScript's `v` syntax. */
export function escaped(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`
}
