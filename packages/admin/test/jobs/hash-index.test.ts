import { describe, expect, test } from 'vitest'
import { HashIndex } from '../../src/jobs/hash-index.ts'
import { LineMap } from '../../src/jobs/line-map.ts'

describe('a hash index', () => {
  test('gives the number of each of 100,000 texts, and none for others', () => {
    const index = new HashIndex()
    for (let at = 0; at < 100_000; at += 1) expect(index.add(`text ${at}`, at)).toBeUndefined()
    for (let at = 0; at < 100_000; at += 997) expect(index.get(`text ${at}`)).toBe(at)
    expect(index.get('text 100000')).toBeUndefined()
    expect(index.get('')).toBeUndefined()
  })

  test('keeps the first number of a text', () => {
    const index = new HashIndex()
    expect(index.add('text', 7)).toBeUndefined()
    expect(index.add('text', 8)).toBe(7)
    expect(index.get('text')).toBe(7)
  })
})

test('a map of lines keeps the outcome of each, however far apart', () => {
  const map = new LineMap()
  map.set(3, 'created')
  map.set(1_000_000, 'failed')
  map.set(3, 'existing')
  expect([map.get(2), map.get(3), map.get(999_999), map.get(1_000_000), map.get(5_000_000)]).toEqual([
    undefined,
    'existing',
    undefined,
    'failed',
    undefined,
  ])
})
