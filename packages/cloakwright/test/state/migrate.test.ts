import { type Migration, migrate, migrations, postgresSessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { databases, type TestDatabase } from './support/databases.ts'
import { newRecord } from './support/records.ts'

const one: Migration = {
  id: '0001_one',
  sql: 'CREATE TABLE shop.one (id integer); CREATE TABLE shop.uno (id integer);',
}
const two: Migration = { id: '0002_two', sql: 'INSERT INTO shop.one VALUES (1)' }

describe.each(databases)('migrate on $name', ({ open }) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
  })
  afterAll(() => database.close())

  it('runs missing migrations in order, and returns their ids', async () => {
    expect(await migrate(database.sql, 'shop', [one])).toEqual(['0001_one'])
    expect(await migrate(database.sql, 'shop', [one, two])).toEqual(['0002_two'])
    expect((await database.sql.query('SELECT id FROM shop.one')).rowCount).toBe(1)
  })

  it('runs nothing a second time', async () => {
    expect(await migrate(database.sql, 'shop', [one, two])).toEqual([])
  })

  it('runs each once if replicas start together', async () => {
    const sql = 'CREATE TABLE together.t (id integer)'
    const ran = await Promise.all(
      [1, 2, 3, 4].map(() => migrate(database.sql, 'together', [{ id: '1', sql }])),
    )
    expect(ran.flat()).toEqual(['1'])
  })

  it('refuses a database that is newer than the program', async () => {
    await expect(migrate(database.sql, 'shop', [one])).rejects.toMatchObject({
      code: 'CW_STATE_MIGRATION',
      message: 'Schema shop: the database has the migration 0002_two, which is unknown to this version',
    })
  })

  it('refuses a list in another order', async () => {
    const between: Migration = { id: '0001b', sql: 'SELECT 1' }
    await expect(migrate(database.sql, 'shop', [one, between, two])).rejects.toMatchObject({
      code: 'CW_STATE_MIGRATION',
      message: expect.stringContaining('0002_two is at position 2 in the database, but not in this version'),
    })
  })

  it('changes nothing if one fails, and names it', async () => {
    const good: Migration = { id: 'good', sql: 'CREATE TABLE broken.t (id integer)' }
    const bad: Migration = { id: 'bad', sql: 'SELECT 1; SELECT nonsense' }
    await expect(migrate(database.sql, 'broken', [good, bad])).rejects.toMatchObject({
      code: 'CW_STATE_MIGRATION',
      message: expect.stringMatching(/^Schema broken, migration bad: .*"nonsense"/),
    })
    const { rows } = await database.sql.query("SELECT to_regnamespace('broken') IS NULL AS absent")
    expect(rows).toEqual([{ absent: true }])
  })

  it('accepts only simple schema names', async () => {
    await expect(migrate(database.sql, 'shop; DROP TABLE x', [])).rejects.toThrow(TypeError)
  })

  it('creates the tables of the schema cloakwright', async () => {
    expect(await migrate(database.sql, 'cloakwright', migrations)).toEqual(migrations.map(({ id }) => id))
    expect((await database.sql.query('SELECT * FROM cloakwright.sessions')).rowCount).toBe(0)
  })
})

describe.each(databases)('an upgrade on $name', ({ open }) => {
  it('keeps the sessions of the version without devices and data, which goes on to write', async () => {
    const { sql, close } = await open()
    const store = postgresSessionStore(sql)
    const start = Date.now()
    const record = newRecord({ createdAt: start, lastSeenAt: start, subject: 'alice' })
    const { key, issuer, clientId, tokens } = record
    const times = [start + 60_000, start, start, record.expiresAt, record.absoluteExpiresAt]
    const insert = async (id: string): Promise<void> => {
      await sql.query(
        `INSERT INTO cloakwright.sessions (key, issuer, client_id, sid, subject, version, key_id, tokens,
           access_expires_at, created_at, last_seen_at, expires_at, absolute_expires_at)
         VALUES ($1, $2, $3, $4, 'alice', 1, 'k1', $5, $6, $7, $8, $9, $10)`,
        [id, issuer, clientId, record.sid, tokens.sealed, ...times.map((time) => new Date(time))],
      )
    }
    await migrate(sql, 'cloakwright', migrations.slice(0, 3))
    await insert(key)
    expect(await migrate(sql, 'cloakwright', migrations.slice(0, 4))).toEqual([
      '0004_session_devices_and_data',
    ])
    await insert('of the version before')
    const found = await store.read(key)
    expect({ ...found, tokens: { ...found?.tokens, sealed: [...(found?.tokens.sealed ?? [])] } }).toEqual({
      ...record,
      tokens: { ...tokens, sealed: [...tokens.sealed] },
      device: undefined,
      data: undefined,
    })
    const listed = await store.list({ issuer, clientId, subject: 'alice' }, start, 10)
    expect(listed.map((one) => one.key).toSorted()).toEqual([key, 'of the version before'].toSorted())
    const data = { version: 1, keyId: 'k2', sealed: new Uint8Array([1]) }
    expect(await store.writeData(key, data)).toBe(true)
    await store.claimRefresh(key, 1, 'holder', 60_000)
    expect(await store.finishRefresh(key, 'holder', { ...tokens, version: 2 }, record.expiresAt)).toBe(true)
    expect((await store.read(key))?.data?.version).toBe(1)
    await close()
  })
})
