import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { redisRevocationStore, redisSessionStore, type SessionStore } from 'cloakwright/state'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../../../../scripts/lib/redis.mjs'
import { refusalOf } from '../support/refusal.ts'
import { type Proxy, startProxy } from './support/proxy.ts'
import { newRecord } from './support/records.ts'
import { connectRedis, hasRedis, type RedisClient } from './support/redis.ts'

const secret = 'never-in-a-message'

/** What an operator reads of a failed attempt. */
async function failureOf(attempt: () => Promise<unknown>): Promise<string> {
  const error = await refusalOf(attempt)
  const text = `${error?.code}: ${error?.message}`
  expect(`${text} ${error?.hint} ${(error?.cause as Error | undefined)?.message}`).not.toContain(secret)
  expect(error?.hint).toMatch(/^[A-Z].*\w/)
  expect([error?.status, error?.retryAfter]).toEqual([503, 5])
  return text
}

describe.runIf(hasRedis)('a Redis that refuses commands', () => {
  let server: RedisServer
  let client: RedisClient
  let store: SessionStore
  beforeAll(async () => {
    server = await startRedis({ persistent: false })
    client = connectRedis(server.url)
    store = redisSessionStore(client)
  })
  afterAll(async () => {
    client.destroy()
    await server.stop()
  })

  const create = () => store.create(newRecord({ key: secret, subject: secret }))

  it('because its memory is full', async () => {
    await client.configSet('maxmemory', '1')
    expect(await failureOf(create)).toBe(
      'CW_STATE_UNAVAILABLE: Cannot use Redis: it has reached maxmemory (OOM)',
    )
    expect(await failureOf(() => store.useOnce(secret, Date.now() + 1000, Date.now()))).toMatch(/OOM/)
    await client.configSet('maxmemory', '0')
  })

  it('because it is a replica', async () => {
    await client.replicaOf('127.0.0.1', 1)
    expect(await failureOf(create)).toBe('CW_STATE_UNAVAILABLE: Cannot use Redis: it is a replica (READONLY)')
    await client.sendCommand(['REPLICAOF', 'NO', 'ONE'])
  })

  it('because a key has another type', async () => {
    await client.set(`{cloakwright}:session:${secret}`, secret)
    const text = 'CW_STATE_UNAVAILABLE: Cannot use Redis: a key has another type (WRONGTYPE)'
    expect(await failureOf(() => store.read(secret))).toBe(text)
    expect(await failureOf(() => store.touch(secret, 1, 2))).toBe(text)
    await client.flushDb()
  })

  it('because its user has no right to the keys', async () => {
    await client.aclSetUser('limited', ['on', `>${secret}`, '+@all', '~other:*'])
    const url = Object.assign(new URL(server.url), { username: 'limited', password: secret })
    const limited = connectRedis(url.href)
    const text = 'CW_STATE_UNAVAILABLE: Cannot use Redis: its user lacks a permission (NOPERM)'
    expect(await failureOf(() => redisSessionStore(limited).read(secret))).toBe(text)
    limited.destroy()
  })

  it('allows all that the stores do to a user with the documented permissions', async () => {
    const readme = readFileSync(new URL('../../src/state/README.md', import.meta.url), 'utf8')
    const rules = /`(~\{cloakwright\}:\*[^`]*)`/.exec(readme)?.[1]?.split(/\s+/) ?? []
    await client.aclSetUser('documented', ['on', `>${secret}`, ...rules])
    const url = Object.assign(new URL(server.url), { username: 'documented', password: secret })
    const user = connectRedis(url.href)
    const sessions = redisSessionStore(user)
    const feed = await sessions.follow(() => {})
    const records = [newRecord(), newRecord()] as const
    await sessions.create(records[0])
    await sessions.create(records[1], records[0].key)
    const { key, issuer, tokens } = records[1]
    await sessions.touch(key, Date.now(), Date.now() + 60_000)
    expect(await sessions.claimRefresh(key, 1, 'a', 1000)).toBe(true)
    expect(await sessions.finishRefresh(key, 'a', { ...tokens, version: 2 }, Date.now() + 60_000)).toBe(true)
    expect((await sessions.read(key))?.tokens.version).toBe(2)
    expect(
      await sessions.removeWhere({ issuer, clientId: 'app' }, { sid: records[1].sid ?? '' }),
    ).toHaveLength(1)
    expect(await sessions.useOnce('key', Date.now() + 1000, Date.now())).toBe(true)
    await feed.caughtUp()
    await feed.close()
    const revocations = redisRevocationStore(user)
    const stop = await revocations.follow(() => {})
    for (const expiresAt of [Date.now() - 1, Date.now() + 60_000, Date.now() + 60_000])
      await revocations.add({ issuer, by: { jti: 'a' }, expiresAt })
    await stop()
    user.destroy()
  })

  it('because it cannot write to its disk', async () => {
    const { dir = '' } = await client.configGet('dir')
    await client.configSet('save', '3600 1')
    rmSync(dir, { recursive: true })
    await client.sendCommand(['BGSAVE']).catch(() => {})
    while ((await client.info('persistence')).includes('bgsave_in_progress:1'));
    expect(await failureOf(create)).toBe(
      'CW_STATE_UNAVAILABLE: Cannot use Redis: it cannot write to its disk (MISCONF)',
    )
  })
})

const canMount = process.platform === 'linux' && spawnSync('unshare', ['--mount', 'true']).status === 0
if (!canMount) console.warn('Not root on Linux: a full disk is not tested, as no small one can be mounted')

it.runIf(hasRedis && canMount)('a full disk of Redis is reported, and no restart is needed', async () => {
  const disk = mkdtempSync(join(tmpdir(), 'cloakwright-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk])
  const server = await startRedis({ parent: disk })
  const client = connectRedis(server.url)
  const store = redisSessionStore(client)
  // With `always`, Redis would end.
  await client.configSet('appendfsync', 'everysec')
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(join(disk, 'filler'), Buffer.alloc(bavail * bsize))
  let text = ''
  while (text === '')
    await store.create(newRecord({ clientId: 'x'.repeat(4096) })).catch(async (error: unknown) => {
      text = await failureOf(() => Promise.reject(error))
    })
  expect(text).toBe('CW_DISK_FULL: The disk of Redis is full')
  rmSync(join(disk, 'filler'))
  const record = newRecord()
  await expect
    .poll(() => store.create(record).then(() => 'created', String), { timeout: 5000 })
    .toBe('created')
  client.destroy()
  await server.stop()
  execFileSync('umount', [disk])
  rmdirSync(disk)
})

describe.runIf(hasRedis)('a Redis that cannot be reached', () => {
  let server: RedisServer
  let proxy: Proxy
  let client: RedisClient
  afterEach(async () => {
    client.destroy()
    await proxy.close()
    await server.stop()
  })

  async function open(): Promise<SessionStore> {
    server = await startRedis()
    proxy = await startProxy(server.port)
    client = connectRedis(Object.assign(new URL(server.url), { port: String(proxy.port) }).href)
    return redisSessionStore(client)
  }

  it.each(['down', 'freeze'] as const)(
    'fails in 3 seconds (%s), and is never a missing session',
    async (how) => {
      const store = await open()
      await store.create(newRecord({ key: secret }))
      proxy[how]()
      const attempts = [
        () => store.read(secret),
        () => store.remove(secret),
        () => store.claimRefresh(secret, 1, 'a', 1000),
        () => store.useOnce(secret, Date.now() + 1000, Date.now()),
        () => redisRevocationStore(client).add({ issuer: secret, by: { jti: secret }, expiresAt: 1 }),
      ]
      for (const text of await Promise.all(attempts.map(failureOf)))
        expect(text).toMatch(/^CW_STATE_UNAVAILABLE: Cannot reach Redis: /)
      if (how === 'down')
        expect(await failureOf(() => store.follow(() => {}))).toMatch(/^CW_STATE_UNAVAILABLE/)
    },
  )

  it('never runs a command later whose caller was told that it failed', async () => {
    const store = await open()
    const record = newRecord()
    await store.create(record)
    const direct = connectRedis(server.url)
    await direct.ping()
    await server.kill()
    await expect.poll(() => direct.isReady).toBe(false)
    const queued = redisSessionStore(direct)
    await failureOf(() => queued.claimRefresh(record.key, 1, 'told that it failed', 3_600_000))
    await server.start()
    expect(await queued.claimRefresh(record.key, 1, 'next', 1000)).toBe(true)
    direct.destroy()
  })

  it('that was closed by its owner is unavailable', async () => {
    const store = await open()
    client.destroy()
    expect(await failureOf(() => store.read(secret))).toBe(
      'CW_STATE_UNAVAILABLE: Cannot reach Redis: The client is closed',
    )
  })
})
