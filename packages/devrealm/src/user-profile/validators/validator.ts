/** A message key and its parameters, without the attribute name. */
export type Finding = readonly [errorMessage: string, ...params: unknown[]]

export interface ValidatorContext {
  /** Whether a whole string matches a Java pattern. */
  readonly isMatch: (pattern: string, text: string) => boolean
  readonly locale: string
  readonly emailAsUsername: boolean
  /** Whether e-mails must be ASCII before the `@`. */
  readonly asciiAddresses: boolean
}

export type Options = Readonly<Record<string, unknown>>
/** Checks all values of an attribute. */
export type Validator = (
  values: readonly string[],
  options: Options,
  context: ValidatorContext,
) => readonly Finding[]
/** Checks one value. */
export type ValueCheck = (value: string, options: Options, context: ValidatorContext) => Finding | undefined

/** Checks each non-empty value. */
export function ofEach(check: ValueCheck): Validator {
  return (values, options, context) =>
    values
      .filter((value) => value !== '')
      .map((value) => check(value, options, context))
      .filter((finding) => finding !== undefined)
}

/** A string option, or the fallback. */
export function textOption(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback
}

/** An integer option, parsed like Java from a number or a string. */
export function wholeOption(value: unknown): number | undefined {
  if (typeof value === 'number') return Math.trunc(value)
  return typeof value === 'string' && /^[+-]?\d+$/.test(value) ? Number(value) : undefined
}

/** A number option. */
export function numberOption(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? readDouble(value) : undefined
}

/** A boolean option. */
export function flagOption(value: unknown, fallback: boolean): boolean {
  if (typeof value === 'boolean') return value
  return typeof value === 'string' ? value.toLowerCase() === 'true' : fallback
}

const decimal = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)$/
const hexadecimal = /^([+-]?)0[xX](?:([\da-fA-F]+)\.?|([\da-fA-F]*)\.([\da-fA-F]+))[pP]([+-]?\d+)[fFdD]?$/

/** A number as Java's `Double.valueOf` reads it, or undefined. */
export function readDouble(text: string): number | undefined {
  // Java's trim: characters up to U+0020.
  const trimmed = text.replace(/^[\0-\x20]+|[\0-\x20]+$/g, '')
  if (decimal.test(trimmed)) {
    return trimmed.endsWith('NaN') ? Number.NaN : Number(trimmed.replace(/(?<=[\d.])[fFdD]$/, ''))
  }
  const [, sign, whole, before = '', after = '', power] = hexadecimal.exec(trimmed) ?? []
  if (power === undefined) return undefined
  const digits = whole ?? before + after
  const value = Number.parseInt(digits, 16) * 2 ** (Number(power) - 4 * after.length)
  return sign === '-' ? -value : value
}
