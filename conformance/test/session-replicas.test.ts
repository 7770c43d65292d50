import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type PostgresqlServer, startPostgresql } from '../../scripts/lib/postgresql.mjs'
import { type RedisServer, startRedis } from '../../scripts/lib/redis.mjs'
import { type Reply, send } from '../src/http.ts'
import { appSecret, openRealm, type TestRealm } from '../src/realm.ts'
import { type RealmProxy, startRealmProxy } from '../src/realm-proxy.ts'

const publicUrl = 'http://localhost:8000'
/** Seconds. The replicas refresh half a second before the end of a token. */
const tokenLifetime = 5
const key = randomBytes(32).toString('base64')
const users = ['alice', 'bob'] as const
type User = (typeof users)[number]

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

interface Replica {
  readonly process: ChildProcess
  readonly url: string
  readonly refused: { readonly code: string; readonly message: string }[]
}

describe.each(stores)('sessions on three replicas, stored in $name', ({ open }) => {
  let store: StoreServer
  let realm: TestRealm
  let proxy: RealmProxy
  let replicas: Replica[] = []

  beforeAll(async () => {
    store = await open()
    realm = await openRealm({ accessTokenLifespan: tokenLifetime })
    await realm.addClient({
      clientId: 'service',
      redirectUris: [`${publicUrl}/*`],
      protocolMappers: [
        {
          name: 'audience',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-audience-mapper',
          config: { 'included.client.audience': 'service', 'access.token.claim': 'true' },
        },
      ],
    })
    for (const username of users) await realm.addUser(username)
    proxy = await startRealmProxy(realm.issuer)
  })
  beforeAll(async () => {
    replicas = await Promise.all([1, 2, 3].map(startReplica))
  })
  beforeEach(() => {
    Object.assign(proxy, { refreshes: 0, away: false, onRefresh: async () => {} })
  })
  afterAll(async () => {
    await Promise.all(replicas.map(kill))
    await proxy.close()
    await realm.close()
    await store.stop()
  })

  async function startReplica(): Promise<Replica> {
    const options = {
      issuer: realm.issuer,
      internalUrl: proxy.url,
      clientSecret: appSecret,
      publicUrl,
      key,
      storeUrl: store.url,
    }
    const child = fork(new URL('../src/session-service.mjs', import.meta.url), [JSON.stringify(options)], {
      // The built packages: the runner’s own options select their sources.
      execArgv: [],
    })
    const refused: Replica['refused'] = []
    const port = await new Promise<number>((resolve, reject) => {
      child.on('message', (message: { port?: number; code: string; message: string }) => {
        if (message.port === undefined) refused.push(message)
        else resolve(message.port)
      })
      child.once('exit', (code) => reject(new Error(`the replica ended with ${code}`)))
    })
    return { process: child, url: `http://localhost:${port}`, refused }
  }

  async function kill({ process: child }: Replica): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** Signs in on a replica; the result is the session cookie. */
  async function signIn({ url }: Replica, user: User): Promise<string> {
    const login = await send(`${url}/auth/login`)
    const state = cookiesOf(login)
    const page = await realm.browser().login(login.location(), user, user)
    const callback = page.location()
    const answer = await send(`${url}${callback.pathname}${callback.search}`, { headers: { cookie: state } })
    expect(answer.status).toBe(303)
    return cookiesOf(answer)
  }

  const ask = ({ url }: Replica, cookie: string): Promise<Reply> => send(`${url}/me`, { headers: { cookie } })

  async function statusOf(replica: Replica, cookie: string): Promise<number> {
    return (await ask(replica, cookie)).status
  }

  /** Waits until an access token that was issued before this call has ended. */
  async function tokensEnd(): Promise<void> {
    const until = Date.now() + tokenLifetime * 1000
    await vi.waitUntil(() => Date.now() > until, { timeout: 60_000 })
  }

  it('refresh once for 60 requests with an ended token, 20 on each', async () => {
    const [first] = replicas as [Replica]
    const cookie = await signIn(first, 'alice')
    for (const replica of replicas) expect(await statusOf(replica, cookie)).toBe(200)
    await tokensEnd()
    proxy.refreshes = 0
    const replies = await Promise.all(
      replicas.flatMap((replica) => Array.from({ length: 20 }, () => ask(replica, cookie))),
    )
    expect(replies.map(({ status, text }) => [status, text])).toEqual(
      Array.from({ length: 60 }, () => [200, JSON.stringify({ username: 'alice' })]),
    )
    expect(proxy.refreshes).toBe(1)
  })

  it('survive a replica that is killed after the realm has received its grant', async () => {
    const [first, second, third] = replicas as [Replica, Replica, Replica]
    const cookie = await signIn(first, 'alice')
    await tokensEnd()
    let killed: Promise<void> | undefined
    proxy.onRefresh = async () => {
      if (killed === undefined) await (killed = kill(first))
    }
    await ask(first, cookie).catch(() => {})
    expect(killed).toBeDefined()
    const replies = await Promise.all([ask(second, cookie), ask(third, cookie)])
    expect(replies.map(({ status }) => status)).toEqual([200, 200])
    expect(proxy.refreshes).toBe(2)
    replicas[0] = await startReplica()
  })

  it('survive a restart of the store: each request is answered as its user, or with 503', async () => {
    const cookies: [User, string][] = []
    for (const replica of replicas)
      for (const user of users) cookies.push([user, await signIn(replica, user)])
    let over = false
    const seen = new Set<string>()
    const clients = cookies.map(async ([user, cookie], number) => {
      const replica = replicas[number % replicas.length] as Replica
      while (!over) {
        const { status, text, headers } = await ask(replica, cookie)
        if (status === 200) expect(JSON.parse(text)).toEqual({ username: user })
        if (status === 503) expect(headers.get('retry-after')).toMatch(/^\d+$/)
        seen.add(String(status))
      }
    })
    await store.shutDown()
    await vi.waitUntil(() => seen.has('503'), { timeout: 30_000 })
    await store.start()
    const all = async (): Promise<number[]> =>
      await Promise.all(cookies.map(([, cookie]) => statusOf(replicas[0] as Replica, cookie)))
    await vi.waitFor(async () => expect(new Set(await all())).toEqual(new Set([200])), { timeout: 30_000 })
    over = true
    await Promise.all(clients)
    expect([...seen].toSorted()).toEqual(['200', '503'])
  })

  it('survive an absence of the realm: 503 once the token has ended, then as before', async () => {
    const [first, second] = replicas as [Replica, Replica]
    const cookies = { alice: await signIn(first, 'alice'), bob: await signIn(second, 'bob') }
    await tokensEnd()
    proxy.away = true
    for (const replica of replicas)
      for (const cookie of Object.values(cookies)) {
        const { status, headers } = await ask(replica, cookie)
        expect([status, headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
      }
    proxy.away = false
    for (const replica of replicas)
      for (const [user, cookie] of Object.entries(cookies))
        await vi.waitFor(
          async () => expect((await ask(replica, cookie)).text).toBe(JSON.stringify({ username: user })),
          { timeout: 30_000, interval: 200 },
        )
  })

  it('end on all within a second after a logout on one', async () => {
    const [first, ...others] = replicas as [Replica, ...Replica[]]
    const cookie = await signIn(first, 'alice')
    for (const replica of replicas) expect(await statusOf(replica, cookie)).toBe(200)
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

function cookiesOf(reply: Reply): string {
  return reply.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .filter((pair) => !pair.endsWith('='))
    .join('; ')
}
