import { type Finding, wrong } from './findings.ts'

export function isoDate(value: string): Finding {
  // Years of more or fewer digits have a sign.
  if (/^[+-][0-9]/.test(value)) return 'unsure'
  const [, year, month, day] = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(value) ?? []
  return isDay(Number(year), Number(month), Number(day)) ? 'fits' : wrong('is not a date like 2025-01-31')
}

/** Java reads it from the beginning, and ignores what follows. */
export function englishDate(value: string): Finding {
  const problem = wrong('is not a date like 1/31/2025')
  // Other digits and spaces are Java's to judge.
  if (/[^\0-\x7f]/.test(value)) return 'unsure'
  const [, month, day, year = ''] = /^([0-9]{1,2})\/([0-9]{1,2})\/([0-9]{2}|[0-9]{4})$/.exec(value) ?? []
  if (year !== '') {
    // Two digits are a year at most 80 years ago or 20 ahead: of the hundreds only 2000 is near, a leap year.
    const full = year.length === 2 ? 2000 + Number(year) : Number(year)
    return full > 0 && isDay(full, Number(month), Number(day)) ? 'fits' : problem
  }
  return /^\s*[0-9]+\s*\/\s*[0-9]+\s*\/\s*[0-9]/.test(value) ? 'unsure' : problem
}

function isDay(year: number, month: number, day: number): boolean {
  if (!(month >= 1 && month <= 12 && day >= 1)) return false
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return day <= ([31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0)
}
