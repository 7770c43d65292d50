import {
  type Finding,
  numberOption,
  type Options,
  readDouble,
  type Validator,
  wholeOption,
} from './validator.ts'

const digits = /^[+-]?\p{Nd}+$/u

/** `integer`: the input of Java's `Long.parseLong`, including digits of all scripts. */
export const integer: Validator = (values, options) =>
  checked(values, (value) => {
    const read = digits.test(value) ? toBigInt(value) : undefined
    const isLong = read !== undefined && read >= -(2n ** 63n) && read < 2n ** 63n
    return isLong ? inRange(read, wholeOption(options['min']), wholeOption(options['max']), options) : invalid
  })

/** `double`: the input of Java's `Double.valueOf`. */
export const double: Validator = (values, options) =>
  checked(values, (value) => {
    const read = readDouble(value)
    if (read === undefined) return invalid
    return inRange(read, numberOption(options['min']), numberOption(options['max']), options)
  })

const invalid: Finding = ['error-invalid-number']

function checked(
  values: readonly string[],
  check: (value: string) => Finding | undefined,
): readonly Finding[] {
  return values
    .filter((value) => value.trim() !== '')
    .map(check)
    .filter((finding) => finding !== undefined)
}

function inRange(
  value: number | bigint,
  min: number | undefined,
  max: number | undefined,
  options: Options,
): Finding | undefined {
  const isSmall = min !== undefined && value < min
  // NaN passes: as in Java, its comparisons with both limits are false.
  const isBig = max !== undefined && value > max
  if (!isSmall && !isBig) return undefined
  if (!('max' in options)) return ['error-number-out-of-range-too-small', min, max ?? null]
  if (!('min' in options)) return ['error-number-out-of-range-too-big', min ?? null, max]
  return ['error-number-out-of-range', min, max]
}

function toBigInt(text: string): bigint {
  const sign = text.startsWith('-') ? -1n : 1n
  const letters = Array.from(text.replace(/^[+-]/, ''), digitOf)
  return sign * BigInt(letters.join(''))
}

/** The ten digits of a script are consecutive: zero is the one without a digit before it. */
export function digitOf(letter: string): number {
  const codePoint = letter.codePointAt(0) ?? 0
  let zero = codePoint
  while (codePoint - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1
  // If digits of two scripts are adjacent, ten each, the run can be too long.
  return Number.parseInt(letter.normalize('NFKC'), 10) || codePoint - zero
}
