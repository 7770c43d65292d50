import {
  memoryRevocationStore,
  migrate,
  migrations,
  postgresRevocationStore,
  type Revocation,
  type RevocationStore,
  redisRevocationStore,
  type SqlClient,
} from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { refusalOf } from '../support/refusal.ts'
import { databases } from './support/databases.ts'
import { hasRedis, openRedis } from './support/redis.ts'

interface Opened {
  readonly store: RevocationStore
  readonly sql?: SqlClient
  readonly close: () => Promise<void>
}

const stores: readonly { readonly name: string; readonly open: () => Promise<Opened> }[] = [
  { name: 'memory', open: async () => ({ store: memoryRevocationStore(), close: async () => {} }) },
  ...databases.map(({ name, open }) => ({
    name,
    open: async () => {
      const database = await open()
      await migrate(database.sql, 'cloakwright', migrations)
      const { sql } = database
      return { store: postgresRevocationStore(sql), sql, close: () => database.close() }
    },
  })),
  ...(hasRedis ? [{ name: 'Redis', open: openInRedis }] : []),
]

async function openInRedis(): Promise<Opened> {
  const { client, close } = await openRedis()
  return { store: redisRevocationStore(client), close }
}

const issuer = 'https://id.example/realms/r'
const later = Date.now() + 3_600_000
let number = 0

function revocation(change: Partial<Revocation> = {}): Revocation {
  return { issuer, by: { sid: `sid-${++number}` }, expiresAt: later, ...change }
}

describe.each(stores)('revocation store in $name', ({ open }) => {
  let store: RevocationStore
  let sql: SqlClient | undefined
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ store, sql, close } = await open())
  })
  afterAll(() => close())

  async function follow(): Promise<{ heard: Revocation[]; stop: () => Promise<void> }> {
    const heard: Revocation[] = []
    return { heard, stop: await store.follow((one) => heard.push(one)) }
  }

  it.each([
    ['a session', { sid: 'å-sid' }],
    ['a user until a time', { subject: 'subject', issuedUntil: 1_800_000_000.5 }],
    ['a token', { jti: 'onrtro:1' }],
    ['all before a time', { notBefore: 1_800_000_000 }],
    ['a subject longer than a notification', { subject: 'x'.repeat(20_000), issuedUntil: 1 }],
  ])('reports %s as it was added', async (_, by) => {
    const { heard, stop } = await follow()
    const added = revocation({ by })
    await store.add(added)
    await vi.waitFor(() => expect(heard).toContainEqual(added))
    await stop()
    const next = await follow()
    expect(next.heard, 'to who comes later, before it is told that all is known').toContainEqual(added)
    await next.stop()
  })

  it('reports to every follower until it is stopped', async () => {
    const one = await follow()
    const two = await follow()
    const first = revocation()
    await store.add(first)
    await vi.waitFor(() => {
      expect(one.heard).toContainEqual(first)
      expect(two.heard).toContainEqual(first)
    })
    await one.stop()
    const second = revocation()
    await store.add(second)
    await vi.waitFor(() => expect(two.heard).toContainEqual(second))
    expect(one.heard).not.toContainEqual(second)
    await two.stop()
  })

  it('loses none that is added while followers start', async () => {
    const added = Array.from({ length: 60 }, () => revocation())
    const follower = follow()
    await Promise.all(added.map((one) => store.add(one)))
    const { heard, stop } = await follower
    await vi.waitFor(() => expect(heard).toEqual(expect.arrayContaining(added)))
    await stop()
  })

  it('does not report expired ones, and deletes them with a later one', async () => {
    const old = revocation({ expiresAt: Date.now() - 1 })
    await store.add(old)
    const { heard, stop } = await follow()
    expect(heard).not.toContainEqual(old)
    await store.add(revocation())
    if (sql !== undefined) {
      const { rowCount } = await sql.query('SELECT 1 FROM cloakwright.revocations WHERE expires_at < now()')
      expect(rowCount).toBe(0)
    }
    await stop()
  })

  it('reports thousands, however many were added at the same time', async () => {
    const before = Array.from({ length: 2500 }, () => revocation())
    if (sql === undefined) await Promise.all(before.map((one) => store.add(one)))
    else
      await sql.query(
        `INSERT INTO cloakwright.revocations (issuer, kind, value, added_at, expires_at)
         SELECT $1, 'sid', value, date_trunc('second', now()), $3
         FROM unnest(string_to_array($2, ',')) AS value`,
        [issuer, before.map(({ by }) => ('sid' in by ? by.sid : '')).join(','), new Date(later)],
      )
    const { heard, stop } = await follow()
    const texts = new Set(heard.map((one) => JSON.stringify(one)))
    expect(before.filter((one) => !texts.has(JSON.stringify(one)))).toEqual([])
    await stop()
  })
})

describe.each(databases)('revocations on $name', ({ open }) => {
  let sql: SqlClient
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ sql, close } = await open())
    await migrate(sql, 'cloakwright', migrations)
  })
  beforeEach(async () => {
    await sql.query('DELETE FROM cloakwright.revocations')
  })
  afterAll(() => close())

  it('trusts the table, not a notification', async () => {
    const store = postgresRevocationStore(sql)
    const heard: Revocation[] = []
    const stop = await store.follow((one) => heard.push(one))
    for (const payload of ['', '999', '-1', '1,2', 'x'.repeat(7000), '{"issuer":"x","by":{"notBefore":9e9}}'])
      await sql.query("SELECT pg_notify('cloakwright_revocations', $1)", [payload])
    const added = revocation()
    await store.add(added)
    await vi.waitFor(() => expect(heard).toContainEqual(added))
    expect(heard).toEqual([added])
    await stop()
  })

  it('finds rows without a notification at its next read', async () => {
    const deaf: SqlClient = { ...sql, listen: async () => async () => {} }
    const store = postgresRevocationStore(deaf, { resync: 0.1 })
    const heard: Revocation[] = []
    const stop = await store.follow((one) => heard.push(one))
    const added = revocation()
    await store.add(added)
    await vi.waitFor(() => expect(heard).toContainEqual(added))
    await stop()
  })

  it('finds a row that is committed after newer ones', async () => {
    const deaf: SqlClient = { ...sql, listen: async () => async () => {} }
    const store = postgresRevocationStore(deaf, { resync: 0.1 })
    const heard: Revocation[] = []
    const stop = await store.follow((one) => heard.push(one))
    const newer = revocation()
    await store.add(newer)
    await vi.waitFor(() => expect(heard).toContainEqual(newer))
    await sql.query(
      `INSERT INTO cloakwright.revocations (id, issuer, kind, value, added_at, expires_at)
       OVERRIDING SYSTEM VALUE VALUES (0, $1, 'jti', 'late', now() - interval '30 s', $2)`,
      [issuer, new Date(later)],
    )
    await vi.waitFor(() => expect(heard).toContainEqual(revocation({ by: { jti: 'late' } })))
    await stop()
  })

  it('refuses an invalid interval', async () => {
    for (const resync of [0, -1, Number.NaN, 1e9])
      expect(await refusalOf(() => postgresRevocationStore(sql, { resync }))).toMatchObject({
        code: 'CW_CONFIG_INVALID',
      })
  })
})
