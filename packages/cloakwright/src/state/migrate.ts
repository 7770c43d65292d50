import { CloakwrightError } from '../errors.ts'
import { SqlError } from './failure.ts'
import { type Migration, requireSqlClient, type SqlClient, type SqlQueryable } from './sql.ts'

/** One lock for all schemas, so that replicas that start at the same time run one after the other. */
const lock = 0x436c6f616b // "Cloak"

/**
 * Migrates a schema: in one transaction, under one advisory lock, it creates the schema and its table of applied
 * migrations, then runs the missing migrations in order. Resolves to the ids that it ran. A second run runs none and
 * needs no right to create anything.
 *
 * @throws {CW_STATE_MIGRATION} The database has a migration that is unknown to this version, or one failed. Nothing was
 * changed.
 * @throws {CW_STATE_UNAVAILABLE} The database cannot be reached.
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
    throw new TypeError('A schema name may have lower-case letters, digits and underscores only')
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
  // IF NOT EXISTS would need the right to create even if nothing is created.
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
      ? `Schema ${schema}: migration ${id} is at position ${position + 1} in the database, but not in this version`
      : `Schema ${schema}: the database has the migration ${id}, which is unknown to this version`,
    {
      hint: known
        ? 'Restore the order of the list. New migrations go at its end.'
        : 'Start the newer version of this program, or restore the backup from before the upgrade.',
    },
  )
}

function failed(schema: string, id: string, error: unknown): unknown {
  if (!(error instanceof SqlError)) return error
  return new CloakwrightError('CW_STATE_MIGRATION', `Schema ${schema}, migration ${id}: ${error.message}`, {
    cause: error,
    hint: 'Fix the cause, then start again. Nothing was changed.',
  })
}
