import { afterEach, describe, expect, test } from 'vitest'
import { UsageError } from '../../src/exit.ts'
import { localTime, toSpan, toTime } from '../../src/terminal/time-words.ts'

const zone = process.env['TZ']
afterEach(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

/** 09:30 in Berlin, the day after the clock went back an hour. */
const now = Date.parse('2026-10-26T08:30:00Z')

describe('in Berlin, the day after summer time ended,', () => {
  test.each<[string, string, string]>([
    ['now', '2026-10-26T08:30:00Z', '2026-10-26T08:30:00Z'],
    ['today', '2026-10-25T23:00:00Z', '2026-10-26T22:59:59.999Z'],
    // A day of 25 hours.
    ['yesterday', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59.999Z'],
    ['Yesterday', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59.999Z'],
    ['90s', '2026-10-26T08:28:30Z', '2026-10-26T08:28:30Z'],
    ['30min', '2026-10-26T08:00:00Z', '2026-10-26T08:00:00Z'],
    ['2h', '2026-10-26T06:30:00Z', '2026-10-26T06:30:00Z'],
    ['2h ago', '2026-10-26T06:30:00Z', '2026-10-26T06:30:00Z'],
    ['3d', '2026-10-23T08:30:00Z', '2026-10-23T08:30:00Z'],
    ['1w', '2026-10-19T08:30:00Z', '2026-10-19T08:30:00Z'],
    ['2026-10-25', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59.999Z'],
    ['2026-10-20T09:00', '2026-10-20T07:00:00Z', '2026-10-20T07:00:00Z'],
    ['2026-10-20 09:00:30', '2026-10-20T07:00:30Z', '2026-10-20T07:00:30Z'],
    ['2026-10-20T09:00:00Z', '2026-10-20T09:00:00Z', '2026-10-20T09:00:00Z'],
    ['2026-10-20T09:00:00+05:00', '2026-10-20T04:00:00Z', '2026-10-20T04:00:00Z'],
  ])('--since and --until %s', (text, since, until) => {
    process.env['TZ'] = 'Europe/Berlin'
    expect(new Date(toSpan({ since: text }, now).since)).toEqual(new Date(since))
    expect(new Date(toSpan({ until: text }, now).until)).toEqual(new Date(until))
    expect(toTime('--from', text, now)).toBe(Date.parse(since))
  })
})

test.each([
  '',
  'tomorow',
  '2',
  'h',
  '-2h',
  '2y',
  '26.11.2026',
  '11/26/2026',
  '2026-02-31',
  '2026-13-01',
  '2026-10-20T25:00',
  '1766000000',
])('%j is not a time', (text) => {
  expect(() => toTime('--since', text, now)).toThrow(UsageError)
})

test('a span that ends before it begins is refused, with both times', () => {
  process.env['TZ'] = 'UTC'
  expect(() => toSpan({ since: 'today', until: 'yesterday' }, now)).toThrow(
    expect.objectContaining({
      message: '--since today is after --until yesterday',
      hint: 'Swap or correct them: they are 2026-10-26 00:00:00 +00:00 and 2026-10-25 23:59:59 +00:00',
    }),
  )
  expect(toSpan({}, now)).toEqual({ since: 0, until: Number.POSITIVE_INFINITY })
})

test.each([
  ['Asia/Kolkata', '2026-10-26 14:00:00 +05:30'],
  ['America/St_Johns', '2026-10-26 06:00:00 -02:30'],
])('a time is printed with its zone, in %s', (name, text) => {
  process.env['TZ'] = name
  expect(localTime(now)).toBe(text)
})
