import { CloakwrightError } from 'cloakwright'
import { fromPool } from 'cloakwright/state'
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Database } from './database.ts'
import * as schema from './schema.ts'

/** What the server logs when an idle connection is lost; the pool replaces it by itself. */
export type OnConnectionLost = (error: Error) => void

/**
 * Opens a pool on PostgreSQL and makes sure that it answers.
 *
 * @param databaseUrl The connection string, asked for at each new connection, so that a rotated password is used.
 * @throws {CW_CONFIG_INVALID} Nothing answers there, or it refuses the user, the password or the database.
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
    // A server that has gone silent must not hold requests for ever.
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

/** The driver's error in words that name the variable; neither the password nor the whole URL appears. */
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
        'Correct user and password, percent-encoding special characters in them; pg_hba.conf must allow this host.',
      )
    case '3D000':
      return problem(
        `PostgreSQL at ${where} has no database named ${database}`,
        `Create it (createdb ${database}) or name another one.`,
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return problem(
        `the host ${url.hostname} is not known`,
        'Correct the host name, or the DNS that should know it.',
      )
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
    case 'ENOENT':
      return problem(
        `nothing answers at ${where} (${code})`,
        'Start PostgreSQL, correct host and port, or unset DATABASE_URL to use the embedded database.',
      )
    default: {
      const reason = typeof code === 'string' ? code : 'no response within 5 seconds'
      return problem(
        `PostgreSQL at ${where} can't be used (${reason})`,
        'Check host, port, sslmode and the log of PostgreSQL.',
      )
    }
  }
}
