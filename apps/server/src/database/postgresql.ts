import { CloakwrightError } from 'cloakwright'
import { fromPool } from 'cloakwright/state'
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Database } from './database.ts'
import * as schema from './schema.ts'

/** Called when an idle connection is lost, for the log; the pool replaces the connection itself. */
export type OnConnectionLost = (error: Error) => void

/**
 * Opens a pool of connections to PostgreSQL and checks that it responds.
 *
 * @param databaseUrl The connection string, read at each new connection, so that a rotated password is used.
 * @throws {CW_CONFIG_INVALID} Nothing responds there, or it refuses the user, the password or the database.
 */
export async function openPostgresql(databaseUrl: () => string, onLost: OnConnectionLost): Promise<Database> {
  class Client extends pg.Client {
    constructor(options?: pg.ClientConfig) {
      super({ ...options, connectionString: databaseUrl() })
    }
  }
  const pool = new pg.Pool({
    Client,
    max: 10,
    connectionTimeoutMillis: 5000,
    // A server that has gone silent must not block requests forever.
    query_timeout: 15_000,
    keepAlive: true,
    application_name: 'cloakwright-server',
  })
  pool.on('error', onLost)
  try {
    await pool.query('select 1')
  } catch (error) {
    await pool.end()
    throw connectionProblem(error, new URL(databaseUrl()))
  }
  const sql = fromPool(pool)
  return {
    orm: drizzle({ client: pool, schema }) as unknown as Database['orm'],
    sql,
    check: async () => void (await sql.query('select 1', [])),
    close: () => pool.end(),
  }
}

/** Describes the driver's error by the variable; it contains neither the password nor the whole URL. */
function connectionProblem(error: unknown, url: URL): CloakwrightError {
  const code = (error as { code?: unknown }).code
  const where = `${url.hostname || 'the local socket'}${url.port ? `:${url.port}` : ':5432'}`
  const user = decodeURIComponent(url.username) || 'the default user'
  const database = decodeURIComponent(url.pathname.slice(1))
  const problem = (why: string, hint: string): CloakwrightError =>
    new CloakwrightError('CW_CONFIG_INVALID', `DATABASE_URL: ${why}`, { hint, cause: error })
  switch (code) {
    case '28P01':
    case '28000':
      return problem(
        `PostgreSQL at ${where} refuses the user ${user} or its password`,
        'Correct user and password, and percent-encode special characters in them. pg_hba.conf must allow this host.',
      )
    case '3D000':
      return problem(
        `PostgreSQL at ${where} has no database named ${database}`,
        `Create it (createdb ${database}), or use another one.`,
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return problem(`there is no host ${url.hostname}`, 'Correct the host name or the DNS entry.')
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
    case 'ENOENT':
      return problem(
        `nothing responds at ${where} (${code})`,
        'Start PostgreSQL, correct host and port, or unset DATABASE_URL to use the embedded database.',
      )
    default: {
      const reason = typeof code === 'string' ? code : 'no response within 5 seconds'
      return problem(
        `cannot use PostgreSQL at ${where} (${reason})`,
        'Check host, port, sslmode and the log of PostgreSQL.',
      )
    }
  }
}
