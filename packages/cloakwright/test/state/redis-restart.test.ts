import { createRevocations } from 'cloakwright'
import { redisRevocationStore, redisSessionStore, type SessionStore } from 'cloakwright/state'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type RedisServer, startRedis } from '../../../../scripts/lib/redis.mjs'
import { subscribe } from '../../src/state/redis-subscription.ts'
import { toAccessToken } from '../../src/token/access-token.ts'
import { codeOf } from '../support/refusal.ts'
import { startProxy } from './support/proxy.ts'
import { newRecord } from './support/records.ts'
import { connectRedis, hasRedis, type RedisClient } from './support/redis.ts'

const issuer = 'https://id.example/realms/r'

describe.runIf(hasRedis)('a restarted Redis', () => {
  let server: RedisServer
  let client: RedisClient
  const connections: RedisClient[] = []
  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.destroy()
    await server.stop()
  })

  async function open(persistent: boolean): Promise<SessionStore> {
    server = await startRedis({ persistent })
    client = connect()
    return redisSessionStore(client)
  }

  function connect(port: number = server.port): RedisClient {
    const connection = connectRedis(Object.assign(new URL(server.url), { port: String(port) }).href)
    connections.push(connection)
    return connection
  }

  it('that syncs every write has lost no session, no lease and no used key', async () => {
    const store = await open(true)
    const records = Array.from({ length: 50 }, () => newRecord({ subject: 'alice' }))
    for (const record of records) await store.create(record)
    const [first, second] = records as [(typeof records)[0], (typeof records)[0]]
    await store.claimRefresh(first.key, 1, 'a', 60_000)
    await store.finishRefresh(first.key, 'a', { ...first.tokens, version: 2 }, first.expiresAt)
    await store.claimRefresh(second.key, 1, 'holder', 60_000)
    await store.useOnce('used', Date.now() + 60_000, Date.now())
    await server.kill()
    await server.start()
    for (const record of records)
      expect((await store.read(record.key))?.tokens.version).toBe(record === first ? 2 : 1)
    expect(await store.claimRefresh(second.key, 1, 'another', 1000)).toBe(false)
    expect(await store.useOnce('used', Date.now() + 60_000, Date.now())).toBe(false)
    const all = { subject: 'alice', createdBefore: Date.now() + 1 }
    expect(await store.removeWhere({ issuer, clientId: 'app' }, all)).toHaveLength(50)
  })

  it('that keeps nothing has no session any more, and takes new ones', async () => {
    const store = await open(false)
    const record = newRecord()
    await store.create(record)
    await server.shutDown()
    await server.start()
    expect(await store.read(record.key)).toBeUndefined()
    expect(await store.remove(record.key)).toBeUndefined()
    expect(await store.claimRefresh(record.key, 1, 'a', 1000)).toBe(false)
    expect(await store.removeWhere({ issuer, clientId: 'app' }, { sid: record.sid ?? '' })).toEqual([])
    await store.create(record)
    expect(await store.read(record.key)).toBeDefined()
  })

  it('is followed again: any session may have changed, then each one that does', async () => {
    const store = await open(true)
    const record = newRecord()
    await store.create(record)
    const changed: (string | undefined)[] = []
    const feed = await store.follow((key) => changed.push(key))
    for (let restarts = 1; restarts <= 2; restarts++) {
      await server.kill()
      expect(await codeOf(() => feed.caughtUp())).toBe('CW_STATE_UNAVAILABLE')
      expect(changed).toEqual(Array.from({ length: restarts - 1 }, () => undefined))
      await server.start()
      await vi.waitFor(() => expect(changed).toHaveLength(restarts), { timeout: 5000 })
    }
    await redisSessionStore(connect()).remove(record.key)
    await feed.caughtUp()
    expect(changed).toEqual([undefined, undefined, record.key])
    await feed.close()
  })

  it.each([
    ['that syncs every write', true],
    ['that keeps nothing', false],
  ])('%s is followed by replicas, which still refuse what was revoked before', async (_, persistent) => {
    await open(persistent)
    const replicas = [client, connect()].map((each) =>
      createRevocations({ store: redisRevocationStore(each) }),
    )
    for (const replica of replicas) await replica.ready()
    const refused = (sid: string): boolean[] =>
      replicas.map((replica) => replica.isRevoked(tokenOf(sid), issuer))
    await replicas[0]?.revoke(issuer, { sid: 'before' })
    await vi.waitFor(() => expect(refused('before')).toEqual([true, true]), { timeout: 1000 })
    // By a server with a clock that was ahead: what the next one adds has a lower number.
    const ahead = { issuer, by: { sid: 'ahead' }, expiresAt: Date.now() + 60_000 }
    await client.xAdd('{cloakwright}:revocations', '9999999999999-0', { revocation: JSON.stringify(ahead) })
    await client.publish('cloakwright:revocations', '')
    await vi.waitFor(() => expect(refused('ahead')).toEqual([true, true]))
    await server.kill()
    expect(refused('before')).toEqual([true, true])
    await server.start()
    await replicas[0]?.revoke(issuer, { sid: 'after' })
    await vi.waitFor(() => expect(refused('after')).toEqual([true, true]), { timeout: 5000 })
    expect(refused('before')).toEqual([true, true])
    const late = createRevocations({ store: redisRevocationStore(connect()) })
    await late.ready()
    expect(late.isRevoked(tokenOf('before'), issuer)).toBe(persistent)
    for (const replica of [...replicas, late]) await replica.close()
  })

  it('is not needed if a subscribed connection broke silently: another one replaces it', async () => {
    server = await startRedis()
    const proxy = await startProxy(server.port)
    const heard: string[] = []
    const subscriber = {
      onMessage: (message: string) => heard.push(message),
      onReconnected: () => heard.push('again'),
    }
    const stop = await subscribe(connect(proxy.port), 'channel', subscriber, 100)
    await connect().publish('channel', 'before')
    await vi.waitFor(() => expect(heard).toEqual(['before']))
    proxy.freeze()
    await vi.waitFor(() => expect(heard).toEqual(['before', 'again']), { timeout: 10_000 })
    await connect().publish('channel', 'after')
    await vi.waitFor(() => expect(heard).toEqual(['before', 'again', 'after']))
    await stop()
    await proxy.close()
  })
})

function tokenOf(sid: string) {
  const times = { binding: undefined, notBefore: 0, issuedAt: 1, expiresAt: 2 }
  return toAccessToken({ sid }, { issuer, subject: 'u', ...times })
}
