import {
  auditGrants,
  auditMigrations,
  createAuditTrail,
  postgresSink,
  verifyTrail,
} from '@cloakwright/admin/audit'
import { migrate, type SqlClient, type SqlQueryable } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databases, type TestDatabase } from '../../../../cloakwright/test/state/support/databases.ts'
import { caught } from '../../support/caught.ts'
import { changes, linesOf } from '../support.ts'

/** The client of a role that may only append: each of its transactions is that role's. */
function asRole(sql: SqlClient, role: string): SqlClient {
  const transaction: SqlClient['transaction'] = (work) =>
    sql.transaction(async (tx) => {
      await tx.query(`SET LOCAL ROLE ${role}`)
      return await work(tx)
    })
  const query: SqlQueryable['query'] = (text, params) => transaction((tx) => tx.query(text, params))
  return { ...sql, transaction, query }
}

describe.each(databases)('a trail in $name', ({ name, open }) => {
  const role = `audit_writer_${process.pid}`
  let database: TestDatabase
  let sql: SqlClient
  beforeAll(async () => {
    database = await open()
    await migrate(database.sql, 'cloakwright_audit', auditMigrations)
    await database.sql.query(`CREATE ROLE ${role}`)
    await database.sql.query(auditGrants(role))
    sql = asRole(database.sql, role)
  })
  afterAll(async () => {
    await database.sql.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    await database.close()
  })

  it('is written, read and verified by a role that may only append', async () => {
    const trail = createAuditTrail({ sink: postgresSink(sql), who: 'bob', why: "it's \u{1f600} \u0000 odd" })
    await trail.check()
    await trail.record(changes(2))
    await trail.record(changes(1500, 3))
    const report = await verifyTrail(postgresSink(sql))
    expect(report).toEqual({ entries: 1502, head: await trail.head(), problems: [] })
  })

  it('shows its entries as a table', async () => {
    const { rows } = await sql.query(
      'SELECT sequence::int, who, action, kind, name FROM cloakwright_audit.changes WHERE sequence = 2',
    )
    expect(rows).toEqual([{ sequence: 2, who: 'bob', action: 'create', kind: 'user', name: 'user-2' }])
  })

  it('is read from an entry on', async () => {
    const lines = (await linesOf(postgresSink(sql), 2)).map((line) => JSON.parse(line) as object)
    expect(lines).toHaveLength(1502)
    expect(lines[0]).toMatchObject({ sequence: 3 })
    expect(lines.at(-1)).toMatchObject({ seal: { first: 1003, last: 1502 } })
  })

  it('stays one chain while many append', async () => {
    const trails = [1, 2, 3, 4].map(() => createAuditTrail({ sink: postgresSink(sql) }))
    await Promise.all(
      trails.map(async (trail) => {
        for (let each = 0; each < 10; each += 1) await trail.record(changes(2))
      }),
    )
    expect((await verifyTrail(postgresSink(sql))).problems).toEqual([])
  })

  it.each([
    "UPDATE cloakwright_audit.entries SET entry = '{}'",
    'DELETE FROM cloakwright_audit.entries',
    'TRUNCATE cloakwright_audit.entries',
    "UPDATE cloakwright_audit.seals SET hash = 'x'",
    'DELETE FROM cloakwright_audit.seals',
    'TRUNCATE cloakwright_audit.seals CASCADE',
    'DROP TABLE cloakwright_audit.entries',
    'ALTER TABLE cloakwright_audit.entries DISABLE TRIGGER ALL',
    'CREATE TABLE cloakwright_audit.other (id integer)',
  ])('refuses the role: %s', async (statement) => {
    await expect(sql.query(statement)).rejects.toMatchObject({ code: '42501' })
  })

  it.each([
    'UPDATE cloakwright_audit.entries SET sequence = 0',
    'DELETE FROM cloakwright_audit.seals',
    'TRUNCATE cloakwright_audit.entries',
  ])('refuses its owner too: %s', async (statement) => {
    await expect(database.sql.query(statement)).rejects.toMatchObject({ code: '42501' })
  })

  it.each([
    ['a batch that continues none', "(1000000, 1000000, NULL, 'h', '{x}')"],
    ['a batch that continues an unknown one', "(1000000, 1000000, 'unknown', 'h', '{x}')"],
    [
      'a batch that continues one which another continues',
      "(1000000, 1000000, (SELECT previous FROM cloakwright_audit.seals ORDER BY last DESC LIMIT 1), 'h', '{x}')",
    ],
  ])('does not branch: %s', async (_, values) => {
    const insert = `INSERT INTO cloakwright_audit.seals (first, last, previous, hash, row_hashes) VALUES ${values}`
    await expect(sql.query(insert)).rejects.toMatchObject({ code: expect.stringMatching(/^23/) })
  })

  it('shows what its owner changed behind the triggers', async () => {
    await database.sql.query(`ALTER TABLE cloakwright_audit.entries DISABLE TRIGGER append_only;
      UPDATE cloakwright_audit.entries SET entry = replace(entry::text, 'user-7', 'nobody')::json WHERE sequence = 7;
      DELETE FROM cloakwright_audit.entries WHERE sequence = 9;
      ALTER TABLE cloakwright_audit.entries ENABLE TRIGGER append_only`)
    expect((await verifyTrail(postgresSink(sql))).problems).toEqual([
      { problem: 'changed', from: 7, to: 7, at: 'entries, sequence 7' },
      { problem: 'removed', from: 9, to: 9, at: 'seals, last 1002' },
    ])
  })

  // PGlite has one connection, and no one to wait for.
  it.skipIf(name === 'PGlite')('has a time limit', { timeout: 30_000 }, async () => {
    const trail = createAuditTrail({ sink: postgresSink(sql) })
    await database.sql.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock($1::bigint)', [0x436c6f416b])
      const [checked, kept] = await Promise.all([caught(trail.check()), caught(trail.record(changes(1)))])
      expect([checked.code, kept.code]).toEqual(['CW_AUDIT_UNAVAILABLE', 'CW_AUDIT_UNAVAILABLE'])
      expect(checked.message).toContain('lock timeout')
    })
    await trail.record(changes(1))
  })

  it('is not there for a role without the grants, before anything is changed', async () => {
    await database.sql.query(`REVOKE INSERT ON cloakwright_audit.entries FROM ${role}`)
    const trail = createAuditTrail({ sink: postgresSink(sql) })
    const error = await caught(trail.check())
    expect(error.code).toBe('CW_AUDIT_UNAVAILABLE')
    const failed = await caught(trail.record(changes(1)))
    expect(failed.message).toContain('Changed, but not recorded')
    await database.sql.query(auditGrants(role))
    await trail.check()
  })
})
