import type { Admin } from '@cloakwright/admin'
import { followEvents } from '@cloakwright/admin/audit'
import fc from 'fast-check'
import { expect, it } from 'vitest'

interface Made {
  readonly id: string
  readonly time: number
  /** How many requests are answered before its transaction is committed. */
  readonly visibleAt: number
}

/**
 * Keycloak's list as far as a follower depends on it, with everything that a real server can do and no test can make it
 * do: equal times in any order, events that are committed while pages are read, and late.
 */
function listOf(made: readonly Made[], shuffle: () => number): { admin: Admin; requests: () => number } {
  let requests = 0
  const findAdminEvents = async ({ dateFrom, max }: { dateFrom: number; max: number }): Promise<Made[]> => {
    requests += 1
    return made
      .filter(({ time, visibleAt }) => time >= dateFrom && visibleAt <= requests)
      .map((event) => ({ event, tie: shuffle() }))
      .toSorted((a, b) => a.event.time - b.event.time || a.tie - b.tie)
      .slice(0, max)
      .map(({ event }) => event)
  }
  return {
    admin: { realm: 'r', client: { realms: { findAdminEvents } } } as unknown as Admin,
    requests: () => requests,
  }
}

it('returns each event once, in any order and however late within the overlap', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          gap: fc.nat({ max: 30 }),
          delay: fc.nat({ max: 4 }),
          many: fc.integer({ min: 1, max: 700 }),
        }),
        {
          maxLength: 5,
        },
      ),
      fc.integer(),
      fc.array(fc.nat({ max: 2 }), { maxLength: 3 }),
      async (groups, seed, restarts) => {
        let random = seed >>> 0
        const shuffle = (): number => (random = (random * 1_664_525 + 1_013_904_223) >>> 0)
        let time = 1_000_000
        const made = groups.flatMap(({ gap, delay, many }, group) => {
          time += gap
          return Array.from({ length: many }, (_, each) => ({
            id: `${group}-${each}`,
            time,
            visibleAt: delay * 3 * (each % 2),
          }))
        })
        const { admin } = listOf(made, shuffle)
        const seen: string[] = []
        let cursor: string | undefined
        // Enough looks that everything is committed; each restart reads with the cursor that was kept last.
        for (const looks of [...restarts, 20]) {
          for (let look = 0; look <= looks; look += 1) {
            const kept: string = await followEvents(admin, {
              once: true,
              overlap: 1_000,
              ...(cursor === undefined ? {} : { cursor }),
              onEvents: (events) => void seen.push(...events.map(({ id }) => id)),
            })
            cursor = kept
          }
        }
        expect(seen.toSorted()).toEqual(made.map(({ id }) => id).toSorted())
      },
    ),
    { numRuns: 40 },
  )
})

it('reads what one millisecond has, however much, in pages that grow', async () => {
  const made = Array.from({ length: 5_000 }, (_, each) => ({ id: String(each), time: 7, visibleAt: 0 }))
  const { admin, requests } = listOf(made, Math.random)
  const seen: string[] = []
  await followEvents(admin, {
    once: true,
    onEvents: (events) => void seen.push(...events.map(({ id }) => id)),
  })
  expect(new Set(seen).size).toBe(5_000)
  expect(seen).toHaveLength(5_000)
  expect(requests()).toBeLessThan(8)
})

it('does not give an event again to a consumer that failed and kept its earlier cursor', async () => {
  const made = Array.from({ length: 1_200 }, (_, each) => ({ id: String(each), time: each, visibleAt: 0 }))
  const { admin } = listOf(made, Math.random)
  const seen: string[] = []
  let kept: string | undefined
  const follow = (failAfter: number): Promise<string> =>
    followEvents(admin, {
      once: true,
      ...(kept === undefined ? {} : { cursor: kept }),
      onEvents(events, cursor) {
        if (seen.length >= failAfter) throw new Error('the consumer failed')
        seen.push(...events.map(({ id }) => id))
        kept = cursor
      },
    })
  await expect(follow(500)).rejects.toThrow('the consumer failed')
  await follow(Infinity)
  expect(seen).toHaveLength(1_200)
  expect(new Set(seen).size).toBe(1_200)
})
