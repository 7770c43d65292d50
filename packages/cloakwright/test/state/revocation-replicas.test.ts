import { type AccessToken, createRevocations, type Revocations } from 'cloakwright'
import { fromPool, migrate, migrations, postgresRevocationStore } from 'cloakwright/state'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toAccessToken } from '../../src/token/access-token.ts'
import { codeOf } from '../support/refusal.ts'
import { databases, openPostgres, type PostgresDatabase } from './support/databases.ts'
import { type Proxy, startProxy } from './support/proxy.ts'

const issuer = 'https://id.example/realms/shop'
let number = 0

function tokenOf(sid: string): AccessToken {
  return toAccessToken(
    { sid },
    { issuer, subject: 'u', binding: undefined, notBefore: 0, issuedAt: 1, expiresAt: 2 },
  )
}

interface Replica {
  readonly revocations: Revocations
  readonly pool: pg.Pool
}

describe.runIf(databases.length > 1)('revocations of two replicas on PostgreSQL', () => {
  let database: PostgresDatabase
  let proxy: Proxy
  let a: Replica
  let b: Replica

  beforeEach(async () => {
    database = await openPostgres()
    await migrate(database.sql, 'cloakwright', migrations)
    proxy = await startProxy(Number(database.url.port))
    a = await start(database.url)
    const url = new URL(database.url)
    url.port = String(proxy.port)
    b = await start(url)
  })
  afterEach(async () => {
    for (const { revocations, pool } of [a, b]) {
      await revocations.close()
      await pool.end()
    }
    await proxy.close()
    await database.close()
  })

  async function start(url: URL): Promise<Replica> {
    const pool = new pg.Pool({ connectionString: url.href })
    const revocations = createRevocations({ store: postgresRevocationStore(fromPool(pool)) })
    await revocations.ready()
    return { revocations, pool }
  }

  async function revokedOnA(): Promise<string> {
    const sid = `sid-${++number}`
    await a.revocations.revoke(issuer, { sid })
    return sid
  }

  const holds = (replica: Replica, sid: string): boolean =>
    replica.revocations.isRevoked(tokenOf(sid), issuer)

  /** Ends the replicas' connections like an administrator of the database; resolves once they have ended. */
  async function terminateConnections(): Promise<void> {
    await database.sql.query(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    )
  }

  async function holdsOnB(sid: string, timeout: number): Promise<void> {
    await vi.waitFor(() => expect(holds(b, sid)).toBe(true), { timeout, interval: 5 })
  }

  it('applies on the other within a second, also a thousand of them', async () => {
    await holdsOnB(await revokedOnA(), 1000)
    const many = await Promise.all(Array.from({ length: 1000 }, revokedOnA))
    const last = await revokedOnA()
    await holdsOnB(last, 1000)
    expect(many.filter((sid) => !holds(b, sid))).toEqual([])
  })

  it('is reported within a second to its watchers on the other, and to no others', async () => {
    const told: string[] = []
    const watch = (sid: string): (() => void) =>
      b.revocations.watch(tokenOf(sid), issuer, () => told.push(sid))
    const ends = [watch('watched'), watch('spared'), watch('left')]
    ends[2]?.()
    await a.revocations.revoke(issuer, { sid: 'left' })
    await a.revocations.revoke(issuer, { sid: 'watched' })
    await vi.waitFor(() => expect(told).toEqual(['watched']), { timeout: 1000, interval: 5 })
    await holdsOnB(await revokedOnA(), 1000)
    expect(told).toEqual(['watched'])
  })

  it('is known to a replica that starts later', async () => {
    const sid = await revokedOnA()
    const late = await start(database.url)
    expect(holds(late, sid)).toBe(true)
    await late.revocations.close()
    await late.pool.end()
  })

  it('is received late if PostgreSQL ended the connections', async () => {
    // B has no listener again before the revocation is written.
    proxy.refuse()
    await terminateConnections()
    const sid = await revokedOnA()
    expect(holds(b, sid)).toBe(false)
    proxy.up()
    await holdsOnB(sid, 5000)
    await holdsOnB(await revokedOnA(), 1000)
  })

  it('stays active while the database is down, and missed ones are received when it is back', async () => {
    const before = await revokedOnA()
    await holdsOnB(before, 1000)
    proxy.down()
    const missed = await revokedOnA()
    expect(await codeOf(() => b.revocations.revoke(issuer, { sid: 'from-b' }))).toBe('CW_STATE_UNAVAILABLE')
    expect(holds(b, before)).toBe(true)
    expect(holds(b, 'from-b'), 'in force in this process').toBe(true)
    expect(holds(b, missed)).toBe(false)
    expect(b.revocations.known).toBe(true)
    proxy.up()
    await holdsOnB(missed, 6000)
    await holdsOnB(await revokedOnA(), 1000)
  })

  it('is found at the next read if connections broke silently', async () => {
    const pool = new pg.Pool({ connectionString: proxyUrl(), query_timeout: 200 })
    const store = postgresRevocationStore(fromPool(pool), { resync: 0.1 })
    const replica = { pool, revocations: createRevocations({ store }) }
    await replica.revocations.ready()
    proxy.freeze()
    const sid = await revokedOnA()
    await vi.waitFor(() => expect(holds(replica, sid)).toBe(true), { timeout: 5000 })
    await replica.revocations.close()
    proxy.down()
    await pool.end()
  })

  it('is unknown if the database is down at the start, and known once it is back', async () => {
    proxy.down()
    const pool = new pg.Pool({ connectionString: proxyUrl() })
    const late = createRevocations({ store: postgresRevocationStore(fromPool(pool)) })
    expect(await codeOf(() => late.ready())).toBe('CW_STATE_UNAVAILABLE')
    expect(late.known).toBe(false)
    const sid = await revokedOnA()
    proxy.up()
    await vi.waitFor(() => late.ready(), { timeout: 5000 })
    expect(late.isRevoked(tokenOf(sid), issuer)).toBe(true)
    await late.close()
    await pool.end()
  })

  function proxyUrl(): string {
    const url = new URL(database.url)
    url.port = String(proxy.port)
    return url.href
  }
})
