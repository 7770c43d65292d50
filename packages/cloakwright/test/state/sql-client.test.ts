import { inspect } from 'node:util'
import { openTemporaryDatabase } from '@cloakwright/devrealm/home'
import { CloakwrightError } from 'cloakwright'
import { fromPool, SqlError } from 'cloakwright/state'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createPoolListener } from '../../src/state/pool-listener.ts'
import { databases, openPostgres, type TestDatabase } from './support/databases.ts'
import { startProxy } from './support/proxy.ts'

const secret = 'canary-3f9d'

describe.each(databases)('SqlClient on $name', ({ open }) => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await open()
    await database.sql.query(`
      CREATE TABLE thing (id integer PRIMARY KEY, name text NOT NULL);
      INSERT INTO thing VALUES (1, 'one');
    `)
  })
  afterAll(() => database.close())

  it('counts the rows that a statement returned or changed', async () => {
    expect(await database.sql.query('SELECT name FROM thing WHERE id = $1', [1])).toEqual({
      rows: [{ name: 'one' }],
      rowCount: 1,
    })
    expect(await database.sql.query('UPDATE thing SET name = name WHERE id = $1', [99])).toEqual({
      rows: [],
      rowCount: 0,
    })
    expect((await database.sql.query('SELECT name FROM thing')).rowCount).toBe(1)
  })

  it('commits the changes of a transaction', async () => {
    const seen = await database.sql.transaction(async (tx) => {
      await tx.query('INSERT INTO thing VALUES ($1, $2)', [2, 'two'])
      return (await tx.query('SELECT id FROM thing WHERE id = 2')).rowCount
    })
    expect(seen).toBe(1)
    expect((await database.sql.query('SELECT id FROM thing WHERE id = 2')).rowCount).toBe(1)
  })

  it('rolls back when the work rejects, and rejects with the same error', async () => {
    const failure = new Error('request timeout: the connection is closed')
    const work = database.sql.transaction(async (tx) => {
      await tx.query('INSERT INTO thing VALUES ($1, $2)', [3, 'three'])
      throw failure
    })
    await expect(work).rejects.toBe(failure)
    expect((await database.sql.query('SELECT id FROM thing WHERE id = 3')).rowCount).toBe(0)
  })

  it.each([
    ['unique violation', 'INSERT INTO thing VALUES ($1, $2)', [1, secret], '23505'],
    ['value of another type', 'SELECT $1::uuid', [secret], '22P02'],
    ['number out of range', 'SELECT $1::text::integer', ['99999999999999'], '22003'],
  ])('reports a %s without the parameters', async (_, text, params, code) => {
    const error: unknown = await database.sql.query(text, params).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(SqlError)
    expect((error as SqlError).code).toBe(code)
    const everything = inspect(error, { depth: 9 })
    expect(everything).not.toContain(secret)
    expect(everything).not.toContain('99999999999999')
  })

  it('names the constraint, so that a repository can handle it', async () => {
    await expect(database.sql.query('INSERT INTO thing VALUES (1, $1)', ['x'])).rejects.toMatchObject({
      code: '23505',
      constraint: 'thing_pkey',
      table: 'thing',
    })
  })

  it('distinguishes a full disk from a database that is down, and works again after it', async () => {
    const raise = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"
    await expect(database.sql.query(raise)).rejects.toMatchObject({
      code: 'CW_DISK_FULL',
      status: 503,
      retryAfter: 5,
      message: 'The disk of the database is full: could not extend file',
      hint: expect.stringContaining('Free space'),
    })
    expect((await database.sql.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  it('delivers notifications until it is stopped', async () => {
    const first: string[] = []
    const second: string[] = []
    const stopFirst = await database.sql.listen('news', (payload) => first.push(payload))
    const stopSecond = await database.sql.listen('news', (payload) => second.push(payload))
    await database.sql.transaction(async (tx) => {
      await tx.query("SELECT pg_notify('news', $1)", ['a'])
    })
    await vi.waitFor(() => expect([first, second]).toEqual([['a'], ['a']]))
    await stopFirst()
    await database.sql.query("SELECT pg_notify('news', $1)", ['b'])
    await vi.waitFor(() => expect(second).toEqual(['a', 'b']))
    expect(first).toEqual(['a'])
    await stopSecond()
  })

  it('refuses a channel whose name would need quoting', async () => {
    await expect(database.sql.listen('News; DROP TABLE thing', () => {})).rejects.toThrow(TypeError)
  })
})

describe('a database that is down', () => {
  it('is CW_STATE_UNAVAILABLE on PGlite', async () => {
    const database = await openTemporaryDatabase()
    await database.close()
    const { sql } = database
    await expect(sql.query('SELECT $1::text', [secret])).rejects.toMatchObject({
      code: 'CW_STATE_UNAVAILABLE',
      status: 503,
      retryAfter: 5,
    })
    await expect(sql.transaction(async () => {})).rejects.toBeInstanceOf(CloakwrightError)
  })

  it('is CW_STATE_UNAVAILABLE if nothing listens', async () => {
    const pool = new pg.Pool({ connectionString: `postgres://u:${secret}@127.0.0.1:1/x` })
    const sql = fromPool(pool)
    const unavailable = { code: 'CW_STATE_UNAVAILABLE', status: 503 }
    await expect(sql.query('SELECT 1')).rejects.toMatchObject(unavailable)
    await expect(sql.transaction(async () => {})).rejects.toMatchObject(unavailable)
    await expect(sql.listen('news', () => {})).rejects.toMatchObject(unavailable)
    await pool.end()
    await expect(sql.query('SELECT 1')).rejects.toMatchObject(unavailable)
  })
})

describe.runIf(databases.length > 1)('a lost connection to PostgreSQL', () => {
  it('does not end the process, and listening continues', async () => {
    const database = (await databases[1]?.open()) as TestDatabase
    const heard: string[] = []
    const stop = await database.sql.listen('news', (payload) => heard.push(payload))
    const lost = database.sql.transaction(async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      await database.sql.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      )
      await tx.query('SELECT $1::int', [rows[0]?.pid])
    })
    await expect(lost).rejects.toMatchObject({ code: 'CW_STATE_UNAVAILABLE' })
    await vi.waitFor(
      async () => {
        await database.sql.query("SELECT pg_notify('news', 'again')")
        expect(heard).toContain('again')
      },
      { timeout: 5_000 },
    )
    await stop()
    await database.close()
  })

  it('notifies each listener when it works again, and no other', async () => {
    const database = await openPostgres()
    const told: string[] = []
    const stops = [
      await database.sql.listen(
        'news',
        () => {},
        () => told.push('one'),
      ),
      await database.sql.listen(
        'other',
        () => {},
        () => told.push('two'),
      ),
    ]
    const stopped = await database.sql.listen(
      'news',
      () => {},
      () => told.push('stopped'),
    )
    await stopped()
    expect(told).toEqual([])
    await database.sql.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE '%LISTEN%' AND pid <> pg_backend_pid()",
    )
    await vi.waitFor(() => expect(told).toEqual(['one', 'two']), { timeout: 5_000 })
    for (const stop of stops) await stop()
    await database.close()
  })

  it('is noticed if it broke silently', async () => {
    const database = await openPostgres()
    const proxy = await startProxy(Number(database.url.port))
    const url = new URL(database.url)
    url.port = String(proxy.port)
    const pool = new pg.Pool({ connectionString: url.href })
    const listen = createPoolListener(() => pool.connect(), 50)
    const heard: string[] = []
    const stop = await listen(
      'news',
      (payload) => heard.push(payload),
      () => heard.push('reconnected'),
    )
    proxy.freeze()
    await database.sql.query("SELECT pg_notify('news', 'lost')")
    // On a busy machine, even the new connection may seem broken.
    await vi.waitFor(() => expect(heard).toContain('reconnected'), { timeout: 5_000 })
    const isHeard = async (): Promise<void> => {
      await database.sql.query("SELECT pg_notify('news', 'again')")
      expect(heard).toContain('again')
    }
    await vi.waitFor(isHeard, { timeout: 5_000 })
    expect(heard).not.toContain('lost')
    await stop()
    await pool.end()
    await proxy.close()
    await database.close()
  })
})
