import {
  type Finding,
  numberOption,
  type Options,
  readDouble,
  type Validator,
  wholeOption,
} from './validator.ts'

const digits = /^[+-]?\p{Nd}+$/u

/** `integer`: what Java's `Long.parseLong` takes, digits of all scripts included. */
export const integer: Validator = (values, options) =>
  checked(values, (value) => {
    const read = digits.test(value) ? toBigInt(value) : undefined
    const isLong = read !== undefined && read >= -(2n ** 63n) && read < 2n ** 63n
    return isLong ? inRange(read, wholeOption(options['min']), wholeOption(options['max']), options) : invalid
  })

/** `double`: what Java's `Double.valueOf` takes. */
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
  // Java has it that "not a number" is greater than all, and its comparison says no to both.
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

/** Digits of a script follow each other: the zero is the one before which there is no digit of the ten. */
export function digitOf(letter: string): number {
  const codePoint = letter.codePointAt(0) ?? 0
  let zero = codePoint
  while (codePoint - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1
  // Where scripts stand side by side, ten digits each, the first run may reach too far.
  return Number.parseInt(letter.normalize('NFKC'), 10) || codePoint - zero
}
