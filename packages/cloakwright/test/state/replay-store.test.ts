import { memoryReplayStore } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest'
import { codeOf } from '../support/refusal.ts'
import { replayStores, type SharedReplay } from './support/replay-stores.ts'

const second = 1000
const start = Date.UTC(2026, 0, 1)

describe.each(replayStores)('replay store in $name', ({ open }) => {
  let shared: SharedReplay
  beforeAll(async () => {
    shared = await open()
  })
  afterAll(() => shared.close())

  it('reports a key as new once, on whichever replica', async () => {
    const { here, there } = shared
    const answers = await Promise.all(
      [here, there, here, there].map((store) => store.useOnce('shared', start + second, start)),
    )
    expect(answers.filter(Boolean)).toHaveLength(1)
  })

  it('keeps only keys that have not expired, and the last used ones', async () => {
    for (let at = 0; at < 50; at++) await shared.here.useOnce(`key-${at}`, start + at + 2, start + at)
    await vi.waitFor(async () => expect((await shared.keys()).length).toBeLessThan(10))
  })
})

test('the memory store removes expired keys among valid ones', async () => {
  const store = memoryReplayStore(300)
  for (let at = 0; at < 100; at++) await store.useOnce(`lasting-${at}`, start + 3600 * second, start)
  for (let at = 0; at < 10_000; at++)
    expect(await store.useOnce(`short-${at}`, start + at + 50, start + at)).toBe(true)
  for (let at = 0; at < 100; at++)
    expect(await store.useOnce(`lasting-${at}`, start + 3600 * second, start + 20 * second)).toBe(false)
})

test('a full memory store refuses new keys instead of allowing one twice', async () => {
  const store = memoryReplayStore(3)
  const use = (key: string, now: number) => store.useOnce(key, start + second, now)
  for (const key of ['one', 'two', 'three']) expect(await use(key, start)).toBe(true)
  expect(await codeOf(() => use('four', start))).toBe('CW_STATE_UNAVAILABLE')
  expect(await use('one', start)).toBe(false)
  expect(await use('four', start + 2 * second)).toBe(true)
})
