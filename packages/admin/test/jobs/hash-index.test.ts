import { describe, expect, test } from 'vitest'
import { HashIndex } from '../../src/jobs/hash-index.ts'

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
