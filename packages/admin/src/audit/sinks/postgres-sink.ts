import { CloakwrightError } from 'cloakwright'
import type { SqlClient, SqlQueryable } from 'cloakwright/state'
import type { Seal, TrailHead } from '../chain/index.ts'
import type { AuditSink, TrailLine, TrailSource } from './sink.ts'

/** One lock for a trail: of all processes that append to it, one at a time. */
const lock = 0x436c6f416b // "CloAk"

/** Rows of one request when a trail is read. */
const pageSize = 1000

interface SealRow extends Record<string, unknown> {
  readonly first: string
  readonly last: string
  readonly previous: string | null
  readonly hash: string
  readonly row_hashes: string[]
}

/**
 * Keeps an audit trail in the tables of `auditMigrations`, appended to by any number of processes: each batch is one
 * transaction under an advisory lock, for which it waits 10 s. The role needs INSERT and SELECT only, as `auditGrants` gives them.
 *
 * @example
 * ```ts
 * import { type AuditTrail, createAuditTrail, postgresSink } from '@cloakwright/admin/audit'
 * import type { SqlClient } from 'cloakwright/state'
 *
 * export function trailIn(sql: SqlClient): AuditTrail {
 *   return createAuditTrail({ sink: postgresSink(sql) })
 * }
 * ```
 */
export function postgresSink(sql: SqlClient): AuditSink & TrailSource {
  return {
    async check() {
      await sql.transaction(async (tx) => {
        await lockTrail(tx)
        await readHead(tx)
        // What an INSERT needs, asked without one: it would take a place in the trail.
        const { rows } = await tx.query<{ may: boolean }>(
          `SELECT has_table_privilege('cloakwright_audit.entries', 'INSERT')
            AND has_table_privilege('cloakwright_audit.seals', 'INSERT')
            AND current_setting('transaction_read_only') = 'off' AS may`,
        )
        if (rows[0]?.may !== true) {
          throw new CloakwrightError(
            'CW_CONFIG_INVALID',
            'the database role cannot append: it lacks INSERT, or the database is read-only',
          )
        }
      })
    },
    append: (seal) =>
      sql.transaction(async (tx) => {
        await lockTrail(tx)
        const batch = seal(await readHead(tx))
        const { first, last, rows, previous, hash } = batch.seal
        await tx.query(
          `INSERT INTO cloakwright_audit.entries (sequence, entry)
            SELECT $1::bigint + position - 1, entry
            FROM json_array_elements($2::json) WITH ORDINALITY AS given (entry, position)`,
          [first, `[${batch.rows.join(',')}]`],
        )
        await tx.query(
          `INSERT INTO cloakwright_audit.seals (first, last, previous, hash, row_hashes)
            VALUES ($1, $2, $3, $4, ARRAY(SELECT json_array_elements_text($5::json)))`,
          [first, last, previous, hash, JSON.stringify(rows)],
        )
        return batch
      }),
    head: () => readHead(sql),
    lines: (after) => linesOf(sql, after),
  }
}

/** One that hangs with the lock must not make everybody hang: after this the trail counts as unavailable. */
async function lockTrail(tx: SqlQueryable): Promise<void> {
  await tx.query(`SELECT set_config('lock_timeout', '10s', true)`)
  await tx.query('SELECT pg_advisory_xact_lock($1::bigint)', [lock])
}

async function readHead(sql: SqlQueryable): Promise<TrailHead | undefined> {
  const { rows } = await sql.query<{ last: string; hash: string }>(
    'SELECT last::text, hash FROM cloakwright_audit.seals ORDER BY seals.last DESC LIMIT 1',
  )
  return rows[0] && { sequence: Number(rows[0].last), hash: rows[0].hash }
}

/** The seals, each behind the entries up to its last, and what has none at the end. */
async function* linesOf(sql: SqlQueryable, after = 0): AsyncGenerator<TrailLine, void, undefined> {
  let read = 0
  let from = 0
  for (;;) {
    const { rows: seals } = await sql.query<SealRow>(
      `SELECT first::text, last::text, previous, hash, row_hashes FROM cloakwright_audit.seals
        WHERE seals.last > $1::bigint ORDER BY seals.last LIMIT 100`,
      [Math.max(after, from)],
    )
    for (const row of seals) {
      const seal: Seal = {
        first: Number(row.first),
        last: Number(row.last),
        rows: row.row_hashes,
        previous: row.previous,
        hash: row.hash,
      }
      if (read === 0 && after > 0) read = seal.first - 1
      yield* entriesOf(sql, read, seal.last)
      yield { text: JSON.stringify({ seal }), at: `seals, last ${seal.last}` }
      read = from = seal.last
    }
    if (seals.length < 100) break
  }
  yield* entriesOf(sql, Math.max(read, after), undefined)
}

async function* entriesOf(
  sql: SqlQueryable,
  after: number,
  last: number | undefined,
): AsyncGenerator<TrailLine, void, undefined> {
  for (let from = after; ; ) {
    const { rows } = await sql.query<{ sequence: string; entry: string }>(
      `SELECT sequence::text, entry::text FROM cloakwright_audit.entries
        WHERE entries.sequence > $1::bigint AND ($2::bigint IS NULL OR entries.sequence <= $2::bigint)
        ORDER BY entries.sequence LIMIT ${pageSize}`,
      [from, last ?? null],
    )
    for (const { sequence, entry } of rows) yield { text: entry, at: `entries, sequence ${sequence}` }
    if (rows.length < pageSize) return
    from = Number(rows.at(-1)?.sequence)
  }
}
