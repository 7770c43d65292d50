import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type PostgresqlServer, startPostgresql } from '../../scripts/lib/postgresql.mjs'
import { type RedisServer, startRedis } from '../../scripts/lib/redis.mjs'
import { send } from '../src/http.ts'
import {
  openReplicaSet,
  publicUrl,
  type Replica,
  type ReplicaSet,
  type User,
  users,
} from '../src/replica-set.ts'

/** Seconds. */
const tokenLifetime = 5

interface StoreServer {
  readonly url: string
  start(): Promise<void>
  shutDown(): Promise<void>
  stop(): Promise<void>
}

/** Their own servers: they are restarted. `npm run test:keycloak` has installed both. */
const stores: readonly { readonly name: string; readonly open: () => Promise<StoreServer> }[] = [
  ...(process.env['DATABASE_URL'] === undefined ? [] : [{ name: 'PostgreSQL', open: openPostgresql }]),
  ...(process.env['REDIS_URL'] === undefined
    ? []
    : [{ name: 'Redis', open: (): Promise<RedisServer> => startRedis() }]),
]

async function openPostgresql(): Promise<StoreServer> {
  const server: PostgresqlServer = await startPostgresql()
  return { ...server, url: await server.createDatabase('sessions') }
}

describe.skipIf(stores.length > 0)('sessions on three replicas', () => {
  it.skip('need PostgreSQL and Redis: npm run test:keycloak starts them', () => {})
})

describe.each(stores)('sessions on three replicas, stored in $name', ({ open }) => {
  let store: StoreServer
  let set: ReplicaSet
  beforeAll(async () => {
    store = await open()
    set = await openReplicaSet(store.url, tokenLifetime)
  })
  beforeEach(() => {
    Object.assign(set.proxy, { refreshes: 0, away: false, onRefresh: async () => {} })
  })
  afterAll(async () => {
    await set.close()
    await store.stop()
  })

  async function statusOf(replica: Replica, cookie: string): Promise<number> {
    return (await set.ask(replica, cookie)).status
  }

  /** Waits until an access token that was issued before this call has ended. */
  async function tokensEnd(): Promise<void> {
    const until = Date.now() + tokenLifetime * 1000
    await vi.waitUntil(() => Date.now() > until, { timeout: 60_000 })
  }

  it('refresh once for 60 requests with an ended token, 20 on each', async () => {
    const [first] = set.replicas as [Replica]
    const cookie = await set.signIn(first, 'alice')
    for (const replica of set.replicas) expect(await statusOf(replica, cookie)).toBe(200)
    await tokensEnd()
    set.proxy.refreshes = 0
    const replies = await Promise.all(
      set.replicas.flatMap((replica) => Array.from({ length: 20 }, () => set.ask(replica, cookie))),
    )
    expect(replies.map(({ status, text }) => [status, text])).toEqual(
      Array.from({ length: 60 }, () => [200, JSON.stringify({ username: 'alice' })]),
    )
    expect(set.proxy.refreshes).toBe(1)
  })

  it('survive a replica that is killed after the realm has received its grant', async () => {
    const [first, second, third] = set.replicas as [Replica, Replica, Replica]
    const cookie = await set.signIn(first, 'alice')
    await tokensEnd()
    let killed: Promise<void> | undefined
    set.proxy.onRefresh = async () => {
      if (killed === undefined) await (killed = set.kill(first))
    }
    await set.ask(first, cookie).catch(() => {})
    expect(killed).toBeDefined()
    const replies = await Promise.all([set.ask(second, cookie), set.ask(third, cookie)])
    expect(replies.map(({ status }) => status)).toEqual([200, 200])
    expect(set.proxy.refreshes).toBe(2)
    set.replicas[0] = await set.start()
  })

  it('survive a restart of the store: each request is answered as its user, or with 503', async () => {
    const cookies: [User, string][] = []
    for (const replica of set.replicas)
      for (const user of users) cookies.push([user, await set.signIn(replica, user)])
    let over = false
    const seen = new Set<string>()
    const clients = cookies.map(async ([user, cookie], number) => {
      const replica = set.replicas[number % set.replicas.length] as Replica
      while (!over) {
        const { status, text, headers } = await set.ask(replica, cookie)
        if (status === 200) expect(JSON.parse(text)).toEqual({ username: user })
        if (status === 503) expect(headers.get('retry-after')).toMatch(/^\d+$/)
        seen.add(String(status))
      }
    })
    await store.shutDown()
    await vi.waitUntil(() => seen.has('503'), { timeout: 30_000 })
    await store.start()
    const all = async (): Promise<number[]> =>
      await Promise.all(cookies.map(([, cookie]) => statusOf(set.replicas[0] as Replica, cookie)))
    await vi.waitFor(async () => expect(new Set(await all())).toEqual(new Set([200])), { timeout: 30_000 })
    over = true
    await Promise.all(clients)
    expect([...seen].toSorted()).toEqual(['200', '503'])
  })

  it('survive an absence of the realm: 503 once the token has ended, then as before', async () => {
    const [first, second] = set.replicas as [Replica, Replica]
    const cookies = { alice: await set.signIn(first, 'alice'), bob: await set.signIn(second, 'bob') }
    await tokensEnd()
    set.proxy.away = true
    for (const replica of set.replicas)
      for (const cookie of Object.values(cookies)) {
        const { status, headers } = await set.ask(replica, cookie)
        expect([status, headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
      }
    set.proxy.away = false
    for (const replica of set.replicas)
      for (const [user, cookie] of Object.entries(cookies))
        await vi.waitFor(
          async () => expect((await set.ask(replica, cookie)).text).toBe(JSON.stringify({ username: user })),
          { timeout: 30_000, interval: 200 },
        )
  })

  it('end on all within a second after a logout on one', async () => {
    const [first, ...others] = set.replicas as [Replica, ...Replica[]]
    const cookie = await set.signIn(first, 'alice')
    for (const replica of set.replicas) expect(await statusOf(replica, cookie)).toBe(200)
    const headers = { cookie, origin: publicUrl, 'content-type': 'application/x-www-form-urlencoded' }
    expect((await send(`${first.url}/auth/logout`, { method: 'POST', headers })).status).toBe(303)
    expect(await statusOf(first, cookie)).toBe(401)
    await vi.waitFor(
      async () => {
        for (const replica of others) expect(await statusOf(replica, cookie)).toBe(401)
      },
      { timeout: 1000, interval: 20 },
    )
  })
})
