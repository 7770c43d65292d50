import {
  type RedisClientLike,
  redisReplayStore,
  redisRevocationStore,
  redisSessionStore,
  type SessionRecord,
  type SessionStore,
} from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it, test, vi } from 'vitest'
import { codeOf } from '../support/refusal.ts'
import { newRecord } from './support/records.ts'
import { hasRedis, openRedis, type TestRedis } from './support/redis.ts'

const minute = 60_000
/** An expired session is kept for a minute. */
const grace = minute

describe.runIf(hasRedis)('the keys of the stores in Redis', () => {
  let redis: TestRedis
  let store: SessionStore
  beforeAll(async () => {
    redis = await openRedis()
    store = redisSessionStore(redis.client)
  })
  beforeEach(() => redis.client.flushDb())
  afterAll(() => redis.close())

  async function added(changes: Partial<SessionRecord> = {}): Promise<SessionRecord> {
    const record = newRecord(changes)
    await store.create(record)
    return record
  }

  /** Milliseconds that the keys have left, by the first word of their names. */
  async function timesLeft(): Promise<Record<string, number>> {
    const keys = await redis.client.keys('*')
    const times = await Promise.all(keys.map((key) => redis.client.pTTL(key)))
    return Object.fromEntries(keys.map((key, index) => [key.split(':')[1] ?? '', times[index] ?? 0]))
  }

  it('are gone once all sessions have ended, whichever way', async () => {
    const shared = { sid: 'sid', subject: 'subject' }
    const [removed, replaced, ended, refreshed] = [
      await added(shared),
      await added(shared),
      await added(shared),
      await added(shared),
    ]
    await store.remove(removed.key)
    await store.claimRefresh(ended.key, 1, 'a', minute)
    await store.endRefresh(ended.key, 'a')
    await store.claimRefresh(refreshed.key, 1, 'a', minute)
    await store.finishRefresh(refreshed.key, 'a', { ...refreshed.tokens, version: 2 }, Date.now() + minute)
    await store.create(newRecord(shared), replaced.key)
    expect(await redis.client.dbSize()).toBe(4)
    expect(await store.removeWhere(removed, { sid: 'sid' })).toHaveLength(2)
    expect(await redis.client.keys('*')).toEqual([])
  })

  it('expire with the session, a minute after its end', async () => {
    const record = newRecord()
    await store.create({ ...record, expiresAt: Date.now() - grace + 300 })
    expect(await store.read(record.key)).toBeDefined()
    await vi.waitFor(async () => expect(await redis.client.keys('*')).toEqual([]))
    expect(await store.read(record.key)).toBeUndefined()
  })

  it('live longer when the session is used or refreshed', async () => {
    const { key, tokens } = await added({ expiresAt: Date.now() + minute })
    await store.touch(key, Date.now(), Date.now() + 60 * minute)
    for (const [name, time] of Object.entries(await timesLeft()))
      expect([name, time > 60 * minute]).toEqual([name, true])
    await store.claimRefresh(key, 1, 'a', minute)
    await store.finishRefresh(key, 'a', { ...tokens, version: 2 }, Date.now() + 90 * minute)
    for (const [name, time] of Object.entries(await timesLeft()))
      expect([name, time > 90 * minute]).toEqual([name, true])
  })

  it('list no expired session of a user after the next login', async () => {
    const subject = 'one user'
    const old = await added({ subject, expiresAt: Date.now() - grace + 50 })
    await added({ subject })
    await vi.waitFor(async () => expect(await store.read(old.key)).toBeUndefined())
    await added({ subject })
    const [list] = await redis.client.keys('{cloakwright}:subject:*')
    expect(await redis.client.zCard(list ?? '')).toBe(2)
  })

  it('name neither user nor session of the realm', async () => {
    await added({ sid: 'secret-sid', subject: 'secret-subject' })
    expect((await redis.client.keys('*')).filter((key) => key.includes('secret'))).toEqual([])
  })

  it('of revocations are gone once the last one has expired', async () => {
    const revocations = redisRevocationStore(redis.client)
    const expiresAt = Date.now() + 200
    for (const jti of ['a', 'b'])
      await revocations.add({ issuer: 'https://id.example', by: { jti }, expiresAt })
    expect(await redis.client.dbSize()).toBe(2)
    await vi.waitFor(async () => expect(await redis.client.dbSize()).toBe(0))
  })

  it('of expired revocations are deleted with a later one', async () => {
    const revocations = redisRevocationStore(redis.client)
    const issuer = 'https://id.example'
    const soon = Date.now() + 50
    await revocations.add({ issuer, by: { jti: 'valid' }, expiresAt: soon + minute })
    for (let number = 0; number < 5; number++)
      await revocations.add({ issuer, by: { jti: 'short' }, expiresAt: soon })
    await vi.waitFor(async () => {
      await revocations.add({ issuer, by: { jti: 'later' }, expiresAt: soon + minute })
      const kept = JSON.stringify(await redis.client.xRange('{cloakwright}:revocations', '-', '+'))
      expect(kept).toContain('valid')
      expect(kept).not.toContain('short')
    })
  })

  it('are the same for a client that returns bytes', async () => {
    const bytes = redisSessionStore(
      redis.client.withTypeMapping({ 36: Buffer }) as unknown as RedisClientLike,
    )
    const record = newRecord()
    await bytes.create(record)
    expect(await bytes.read(record.key)).toEqual(await store.read(record.key))
    expect(await bytes.claimRefresh(record.key, 1, 'a', minute)).toBe(true)
  })
})

test.each([
  ['nothing', undefined, 'CW_CONFIG_MISSING'],
  ['a URL', 'redis://localhost', 'CW_CONFIG_INVALID'],
  [
    'a client of ioredis',
    { sendCommand() {}, duplicate() {}, on() {}, status: 'ready' },
    'CW_CONFIG_INVALID',
  ],
])('%s is not a client', async (_, client, code) => {
  for (const create of [redisSessionStore, redisReplayStore, redisRevocationStore])
    expect(await codeOf(() => create(client as unknown as RedisClientLike))).toBe(code)
})
