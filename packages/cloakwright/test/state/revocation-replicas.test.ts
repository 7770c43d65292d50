import { type AccessToken, createRevocations, type Revocations } from 'cloakwright'
import { fromPool, migrate, migrations, postgresRevocationStore } from 'cloakwright/state'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest'
import { toAccessToken } from '../../src/token/access-token.ts'
import { codeOf } from '../support/refusal.ts'
import { databases, openPostgres } from './support/databases.ts'
import { type Proxy, startProxy } from './support/proxy.ts'
import { type RevocationServer, revocationServers } from './support/revocation-servers.ts'

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
  readonly end: () => Promise<void>
}

describe.each(revocationServers)('revocations of two replicas on $name', ({ open }) => {
  let server: RevocationServer
  let proxy: Proxy
  let a: Replica
  let b: Replica

  beforeEach(async () => {
    server = await open()
    proxy = await startProxy(server.port)
    a = await start(server.port)
    b = await start(proxy.port)
  })
  afterEach(async () => {
    for (const { revocations, end } of [a, b]) {
      await revocations.close()
      await end()
    }
    await proxy.close()
    await server.close()
  })

  async function start(port: number): Promise<Replica> {
    const { store, end } = server.connect(port)
    const revocations = createRevocations({ store })
    await revocations.ready()
    return { revocations, end }
  }

  async function revokedOnA(): Promise<string> {
    const sid = `sid-${++number}`
    await a.revocations.revoke(issuer, { sid })
    return sid
  }

  const holds = (replica: Replica, sid: string): boolean =>
    replica.revocations.isRevoked(tokenOf(sid), issuer)

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
    const late = await start(server.port)
    expect(holds(late, sid)).toBe(true)
    await late.revocations.close()
    await late.end()
  })

  it('is received late if the server ended the connections', async () => {
    // B has no listener again before the revocation is written.
    proxy.refuse()
    await server.terminateConnections()
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

  it('is unknown if the database is down at the start, and known once it is back', async () => {
    proxy.down()
    const { store, end } = server.connect(proxy.port)
    const late = createRevocations({ store })
    expect(await codeOf(() => late.ready())).toBe('CW_STATE_UNAVAILABLE')
    expect(late.known).toBe(false)
    const sid = await revokedOnA()
    proxy.up()
    await vi.waitFor(() => late.ready(), { timeout: 5000 })
    expect(late.isRevoked(tokenOf(sid), issuer)).toBe(true)
    await late.close()
    await end()
  })
})

test.runIf(databases.length > 1)(
  'a revocation is found at the next read if connections to PostgreSQL broke silently',
  async () => {
    const database = await openPostgres()
    await migrate(database.sql, 'cloakwright', migrations)
    const proxy = await startProxy(Number(database.url.port))
    const connectionString = Object.assign(new URL(database.url), { port: String(proxy.port) }).href
    const pool = new pg.Pool({ connectionString, query_timeout: 200 })
    const store = postgresRevocationStore(fromPool(pool), { resync: 0.1 })
    const revocations = createRevocations({ store })
    await revocations.ready()
    proxy.freeze()
    await postgresRevocationStore(database.sql).add({
      issuer,
      by: { sid: 'silent' },
      expiresAt: Date.now() + 60_000,
    })
    await vi.waitFor(() => expect(revocations.isRevoked(tokenOf('silent'), issuer)).toBe(true), {
      timeout: 5000,
    })
    await revocations.close()
    proxy.down()
    await pool.end()
    await proxy.close()
    await database.close()
  },
)
