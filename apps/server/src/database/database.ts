import type { SqlClient } from 'cloakwright/state'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type * as schema from './schema.ts'

/** Drizzle on either driver: the queries are the same. */
export type AppDatabase = PgDatabase<PgQueryResultHKT, typeof schema>

/** PostgreSQL, real or embedded, as the rest of the server uses it. */
export interface Database {
  /** For the application's repositories. */
  readonly orm: AppDatabase
  /** For the libraries, which use no ORM. */
  readonly sql: SqlClient
  /**
   * Resolves when the database responds, and has disk space to write, as far as that can be checked.
   *
   * @throws {CW_STATE_UNAVAILABLE} or {CW_DISK_FULL}
   */
  check(): Promise<void>
  close(): Promise<void>
}
