import { CloakwrightError } from '../errors.ts'
import { SqlError } from './failure.ts'
import { type Migration, requireSqlClient, type SqlClient, type SqlQueryable } from './sql.ts'

/** One lock for all schemas, so that replicas which start together run one after the other. */
const lock = 0x436c6f616b // "Cloak"

/**
 * Brings a schema up to date: in one transaction, under one advisory lock, it creates the schema with its table of
 * applied migrations and runs those that are missing, in order. Resolves to the ids that it ran; a second run runs none,
 * and needs no right to create anything.
 *
 * @throws {CW_STATE_MIGRATION} The database has a migration that this version does not know, or one fails. Nothing was changed.
 * @throws {CW_STATE_UNAVAILABLE} The database can't be reached.
 *
 * @example
 * ```ts
 * import { migrate, migrations, type SqlClient } from 'cloakwright/state'
 *
 * export async function prepare(sql: SqlClient): Promise<void> {
 *   await migrate(sql, 'cloakwright', migrations)
 * }
 * ```
 */
export async function migrate(
  sql: SqlClient,
  schema: string,
  migrations: readonly Migration[],
): Promise<string[]> {
  requireSqlClient(sql, ['transaction'])
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new TypeError('A schema is named by lower-case letters, digits and underscores')
  return await sql.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1::bigint)', [lock])
    const applied = await readApplied(tx, schema)
    checkHistory(schema, applied, migrations)
    const missing = migrations.slice(applied.length)
    for (const migration of missing) {
      await tx.query(migration.sql).catch((error: unknown) => {
        throw failed(schema, migration.id, error)
      })
      await tx.query(`INSERT INTO ${schema}.migrations (id) VALUES ($1)`, [migration.id])
    }
    return missing.map(({ id }) => id)
  })
}

async function readApplied(tx: SqlQueryable, schema: string): Promise<string[]> {
  // IF NOT EXISTS would ask for the right to create even where nothing is to be created.
  const { rows } = await tx.query<{ schema: boolean; table: boolean }>(
    'SELECT to_regnamespace($1) IS NOT NULL AS schema, to_regclass($2) IS NOT NULL AS table',
    [schema, `${schema}.migrations`],
  )
  if (rows[0]?.schema !== true) await tx.query(`CREATE SCHEMA ${schema}`)
  if (rows[0]?.table !== true)
    await tx.query(
      `CREATE TABLE ${schema}.migrations (
        position integer GENERATED ALWAYS AS IDENTITY,
        id text PRIMARY KEY,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`,
    )
  const applied = await tx.query<{ id: string }>(`SELECT id FROM ${schema}.migrations ORDER BY position`)
  return applied.rows.map(({ id }) => id)
}

function checkHistory(schema: string, applied: readonly string[], migrations: readonly Migration[]): void {
  const position = applied.findIndex((id, index) => migrations[index]?.id !== id)
  const id = applied[position]
  if (id === undefined) return
  const known = migrations.some((migration) => migration.id === id)
  throw new CloakwrightError(
    'CW_STATE_MIGRATION',
    known
      ? `Schema ${schema}: the applied migration ${id} is number ${position + 1} in the database and another in this version`
      : `Schema ${schema}: the database has the migration ${id}, which this version does not know`,
    {
      hint: known
        ? 'Migrations are only ever added at the end: put the list back into its order.'
        : 'The database is newer than this program: start the newer version, or restore the backup made before its upgrade.',
    },
  )
}

function failed(schema: string, id: string, error: unknown): unknown {
  if (!(error instanceof SqlError)) return error
  return new CloakwrightError('CW_STATE_MIGRATION', `Schema ${schema}, migration ${id}: ${error.message}`, {
    cause: error,
    hint: 'Nothing was changed. Mend the cause, then start again.',
  })
}
