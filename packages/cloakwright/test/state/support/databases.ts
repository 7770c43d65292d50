import { openTemporaryDatabase } from '@cloakwright/devrealm/home'
import { fromPool, type SqlClient } from 'cloakwright/state'
import pg from 'pg'

/** A database for the test alone. */
export interface TestDatabase {
  readonly sql: SqlClient
  close(): Promise<void>
}

/** The drivers under test: PGlite always, PostgreSQL if DATABASE_URL is set. */
export const databases: readonly { readonly name: string; readonly open: () => Promise<TestDatabase> }[] = [
  { name: 'PGlite', open: openTemporaryDatabase },
  ...(process.env['DATABASE_URL'] === undefined ? [] : [{ name: 'PostgreSQL', open: openPostgres }]),
]

if (process.env['DATABASE_URL'] === undefined)
  console.warn('DATABASE_URL is unset: tests of the state run on PGlite only')

/** A database on a PostgreSQL server, which other processes reach by its URL. */
export interface PostgresDatabase extends TestDatabase {
  readonly url: URL
  readonly pool: pg.Pool
}

/** A separate database on the server of DATABASE_URL, dropped at close. */
export async function openPostgres(): Promise<PostgresDatabase> {
  const connectionString = process.env['DATABASE_URL']
  const administration = new pg.Client({ connectionString })
  await administration.connect()
  const database = `cloakwright_test_${process.pid}_${Date.now()}`
  await administration.query(`CREATE DATABASE ${database}`)
  const url = new URL(connectionString ?? '')
  url.pathname = `/${database}`
  const pool = new pg.Pool({ connectionString: url.href })
  return {
    url,
    pool,
    sql: fromPool(pool),
    async close() {
      await pool.end()
      await administration.query(`DROP DATABASE ${database} WITH (FORCE)`)
      await administration.end()
    },
  }
}
