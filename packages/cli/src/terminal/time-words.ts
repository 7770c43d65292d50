import { systemTime } from 'cloakwright'
import { UsageError } from '../exit.ts'

/** A time span in milliseconds since the epoch, both ends included. */
export interface Span {
  readonly since: number
  readonly until: number
}

/**
 * The span of `--since` and `--until`. For a day, `--until` is its end.
 *
 * @throws {UsageError}
 */
export function toSpan(
  { since, until }: { since?: string; until?: string },
  now: number = systemTime(),
): Span {
  const span = {
    since: since === undefined ? 0 : parsed('--since', since, now).from,
    until: until === undefined ? Number.POSITIVE_INFINITY : parsed('--until', until, now).to,
  }
  if (span.since <= span.until) return span
  throw new UsageError(
    `--since ${since} is after --until ${until}`,
    `Swap or correct them: they are ${localTime(span.since)} and ${localTime(span.until)}`,
  )
}

/** The time of one option. For a day, its beginning. @throws {UsageError} */
export function toTime(option: string, text: string, now: number = systemTime()): number {
  return parsed(option, text, now).from
}

const units: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}

function parsed(option: string, given: string, now: number): { from: number; to: number } {
  const text = given.trim()
  const word = text.toLowerCase()
  const at = (time: number) => ({ from: time, to: time })
  if (word === 'now') return at(now)
  if (word === 'today') return day(new Date(now), 0)
  if (word === 'yesterday') return day(new Date(now), -1)
  const [, count = '', unit = ''] = /^(\d{1,6}) ?(s|min|m|h|d|w)(?: ago)?$/.exec(word) ?? []
  if (unit !== '') return at(now - Number(count) * (units[unit] ?? 0))
  const date = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  // Without a zone, the time is local. JavaScript would read `2026-11-26` alone as UTC.
  const time = new Date(date === null ? text.replace(' ', 'T') : `${text}T00:00`)
  if (isIso(text) && !Number.isNaN(time.getTime()) && isThere(text)) {
    return date === null ? at(time.getTime()) : day(time, 0)
  }
  throw new UsageError(
    `${option} ${given} is not a time`,
    'Write today, yesterday, 2h, 3d, 2026-11-26 or 2026-11-26T09:00',
  )
}

/** From the first to the last millisecond: 23 or 25 hours where the clock changes. */
function day(of: Date, offset: number): { from: number; to: number } {
  const begin = (days: number) =>
    new Date(of.getFullYear(), of.getMonth(), of.getDate() + offset + days).getTime()
  return { from: begin(0), to: begin(1) - 1 }
}

function isIso(text: string): boolean {
  return /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i.test(text)
}

/** JavaScript reads 31 February as 3 March. */
function isThere(text: string): boolean {
  const [year = 0, month = 0, date = 0] = text.slice(0, 10).split('-').map(Number)
  return new Date(Date.UTC(year, month - 1, date)).getUTCMonth() === month - 1
}

/** Formats a local time with its zone: `2026-11-26 09:00:00 +01:00`. */
export function localTime(time: number): string {
  if (!Number.isFinite(time)) return 'any time'
  const date = new Date(time)
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = -date.getTimezoneOffset()
  const zone = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
  const days = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${days} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`
}

/** The options as text for a message: ` since yesterday until 2h`. */
export function spanText({ since, until }: { since?: string; until?: string }): string {
  return `${since === undefined ? '' : ` since ${since}`}${until === undefined ? '' : ` until ${until}`}`
}
