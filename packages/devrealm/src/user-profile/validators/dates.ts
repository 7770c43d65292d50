import { digitOf } from './numbers.ts'
import { type Finding, ofEach, type Validator } from './validator.ts'

/** `iso-date`: 2024-02-29, years of more than four digits with a sign. */
export const isoDate: Validator = ofEach((value) => {
  const [, year, month, day] = /^(\d{4}|-\d{4,9}|\+\d{5,9})-(\d{2})-(\d{2})$/.exec(value) ?? []
  return isDay(Number(year), Number(month), Number(day)) ? undefined : ['error-invalid-date', value]
})

/** `local-date`: the short date format of the user's language; text after the date is ignored. */
export const localDate: Validator = ofEach((value, _options, { locale }): Finding | undefined => {
  const found: Record<string, string> = {}
  let rest = value
  for (const part of shortForm(locale)) {
    if (part.type === 'literal') {
      if (!rest.startsWith(part.value)) return invalid
      rest = rest.slice(part.value.length)
      continue
    }
    const [all, digits] = /^[ \t]*(\p{Nd}+)/u.exec(rest) ?? []
    if (all === undefined || digits === undefined) return invalid
    found[part.type] = Array.from(digits, digitOf).join('')
    rest = rest.slice(all.length)
  }
  const { year = '', month, day } = found
  // Two-digit years are within a century around today.
  const whole = year.length === 2 ? 2000 + Number(year) : Number(year)
  return whole > 0 && whole <= lastYear && isDay(whole, Number(month), Number(day)) ? undefined : invalid
})

const invalid: Finding = ['error-invalid-date']

/** The last complete year of Java's calendar. */
const lastYear = 292_278_993

function isDay(year: number, month: number, day: number): boolean {
  if (Number.isNaN(year) || Math.abs(year) > 999_999_999 || !(month >= 1 && month <= 12 && day >= 1))
    return false
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return day <= (days[month - 1] ?? 0)
}

function shortForm(locale: string): Intl.DateTimeFormatPart[] {
  try {
    return new Intl.DateTimeFormat(locale, { dateStyle: 'short', numberingSystem: 'latn' }).formatToParts(0)
  } catch {
    return shortForm('en')
  }
}
