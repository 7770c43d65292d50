import { describe, expect, it } from 'vitest'
import { UsedOnce } from '../../src/context/used-once.ts'

describe('a value that can be used once', () => {
  it('is accepted once until it expires, and again afterwards', () => {
    const used = new UsedOnce()
    expect(used.use('a', 1_000, 0)).toBe(true)
    expect(used.use('a', 1_000, 999)).toBe(false)
    expect(used.use('b', 1_000, 999)).toBe(true)
    expect(used.use('a', 2_000, 1_000)).toBe(true)
    expect(used.use('a', 2_000, 1_500)).toBe(false)
  })

  it('expires on time, even behind a value that expires later', () => {
    const used = new UsedOnce()
    used.use('long', 9_000, 0)
    used.use('short', 1_000, 0)
    expect(used.use('short', 1_000, 500)).toBe(false)
    expect(used.use('short', 2_000, 1_500)).toBe(true)
    expect(used.use('long', 9_000, 8_999)).toBe(false)
  })
})
