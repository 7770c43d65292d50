/** A pattern's parts as Java sees them. */
export type Part =
  /** Something of JavaScript's syntax with the same meaning; `most` is the number of UTF-16 units that it takes at most. */
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

/** The letters of Java's embedded flags that are on. */
export type Flags = ReadonlySet<string>

/** Where the place in the pattern is not known. */
export const nowhere = -1

/** What is wrong with a pattern, and where. */
export class PatternError extends Error {
  readonly at: number
  /** Java has it. */
  readonly isUnsupported: boolean

  constructor(description: string, at: number, isUnsupported = false) {
    super(description)
    this.name = 'PatternError'
    this.at = at
    this.isUnsupported = isUnsupported
  }
}

/** Java knows the construct, JavaScript has nothing that means the same. */
export function unsupported(construct: string, at: number): PatternError {
  return new PatternError(`The embedded realm does not support ${construct}`, at, true)
}

/** A character as JavaScript's `v` syntax takes it anywhere. */
export function escaped(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`
}
