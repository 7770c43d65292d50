import { expect, test } from 'vitest'
import { createAnswerCache } from '../../src/introspection/cache.ts'

const claims = (sub: string): { sub: string } => ({ sub })
const end = '-'.repeat(24)

test('has at most its maximum of entries; the oldest are removed first', () => {
  const cache = createAnswerCache({ maxEntries: 3, maxBytes: 1_000_000 })
  for (const name of ['a', 'b', 'c', 'd']) cache.set(name, claims(name), 0, 10, 10)
  expect(['a', 'b', 'c', 'd'].map((name) => cache.get(name, 1)?.['sub'])).toEqual([undefined, 'b', 'c', 'd'])
})

test('has at most its maximum of bytes, counting strings and claims', () => {
  const cache = createAnswerCache({ maxEntries: 1_000, maxBytes: 20_000 })
  for (const name of ['a', 'b', 'c']) cache.set(name, claims(name), 0, 10, 3_000)
  expect(['a', 'b', 'c'].map((name) => cache.get(name, 1)?.['sub'])).toEqual([undefined, 'b', 'c'])
  cache.set('x'.repeat(30_000), claims('large'), 0, 10, 10)
  expect(cache.get('c', 1)?.['sub'], 'what is too large pushes nothing out').toBe('c')
})

test('a newer result replaces an older one, and its bytes', () => {
  const cache = createAnswerCache({ maxEntries: 1_000, maxBytes: 20_000 })
  for (let at = 0; at < 50; at++) cache.set('a', claims(`${at}`), 0, 10, 3_000)
  cache.set('b', claims('b'), 0, 10, 3_000)
  expect([cache.get('a', 1)?.['sub'], cache.get('b', 1)?.['sub']]).toEqual(['49', 'b'])
})

test('distinguishes tokens with the same end', () => {
  const cache = createAnswerCache({ maxEntries: 10, maxBytes: 1_000_000 })
  cache.set(`a${end}`, claims('a'), 0, 10, 10)
  expect(cache.get(`b${end}`, 1)).toBe(undefined)
  expect(cache.get(end, 1)).toBe(undefined)
  expect(cache.get(`a${end}`, 1)?.['sub']).toBe('a')
})

test('removes expired entries when one is added', () => {
  const cache = createAnswerCache({ maxEntries: 2, maxBytes: 1_000_000 })
  cache.set('a', claims('a'), 0, 5, 10)
  cache.set('b', claims('b'), 6, 20, 10)
  cache.set('c', claims('c'), 6, 20, 10)
  expect(['a', 'b', 'c'].map((name) => cache.get(name, 7)?.['sub'])).toEqual([undefined, 'b', 'c'])
})
