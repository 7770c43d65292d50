import { describe, expect, test } from 'vitest'
import { createTokenCache, type TokenRequest } from '../../src/clients/token-cache.ts'
import { createOutage } from '../../src/provider/index.ts'

let time = 0
const now = (): number => time

/** A cache, and a source of tokens that counts its requests. */
function setUp(length = 10) {
  const cache = createTokenCache(createOutage(now), now)
  const requested: number[] = []
  const sourceOf = (user: number, more: Partial<TokenRequest> = {}): TokenRequest => ({
    async request() {
      requested.push(user)
      return { token: `${user}`.padEnd(length, '.'), issuedAt: time, expiresAt: time + 300_000 }
    },
    ...more,
  })
  const get = (user: number, more?: Partial<TokenRequest>): Promise<string> =>
    cache.get(`${user}`, sourceOf(user, more))
  return { get, requested }
}

describe('the cache of tokens is bounded', () => {
  test.each([
    ['by their number', 10_000, 10],
    ['by their size', 31, 500_000],
  ])('%s', async (_name, most, length) => {
    const { get, requested } = setUp(length)
    for (let user = 0; user < most; user += 1) await get(user)
    await get(0)
    expect(requested).toHaveLength(most)
    for (let user = most; user < most + 5; user += 1) await get(user)
    requested.length = 0
    await get(most + 4)
    expect(requested).toEqual([])
    await get(0)
    expect(requested).toEqual([0])
  })

  test('and drops tokens that have ended', async () => {
    const { get } = setUp()
    let watching = 0
    const watch = () => {
      watching += 1
      return () => {
        watching -= 1
      }
    }
    for (let user = 0; user < 100; user += 1) await get(user, { watch })
    expect(watching).toBe(100)
    time += 300_001
    await get(100, { watch })
    expect(watching).toBe(1)
  })
})

test('a token that is dropped during its request is not kept', async () => {
  const { get, requested } = setUp()
  let drop: () => void = () => {}
  const watch = (onNews: () => void) => {
    drop = onNews
    return () => {}
  }
  const first = get(1, { watch })
  drop()
  await first
  await get(1)
  expect(requested).toEqual([1, 1])
})
