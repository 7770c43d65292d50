import { createNewsReader } from './news-reader.ts'
import type { Revocation, RevokedBy } from './ports.ts'
import type { SqlClient } from './sql.ts'

interface Row extends Record<string, unknown> {
  id: string
  issuer: string
  kind: string
  value: string | null
  time: number | null
  added_at: Date
  expires_at: Date
}

/** The channel that notifies the number of a revocation. */
export const channel = 'cloakwright_revocations'
/** Rows per query: between two queries the process does other work. */
const pageSize = 1000
/** Up to this many notified rows are read by number; if there are more, all new rows are read. */
const maxTold = 1000
/** Milliseconds by which a row may appear later than its time: a late commit, or servers with different clocks. */
const overlap = 60_000

const select = `
  SELECT r.id::text AS id, r.issuer, r.kind, r.value, r.time, r.added_at, r.expires_at
  FROM cloakwright.revocations r WHERE r.expires_at > now()`
const toldStatement = `${select} AND r.id = ANY (string_to_array($1, ',')::bigint[])`
const pageStatement = `${select} AND (r.added_at, r.id) > ($1::timestamptz, $2::bigint)
  ORDER BY r.added_at, r.id LIMIT ${pageSize}`

/**
 * Calls back with each active revocation, existing ones first; resolves once those were read,
 * to a function that stops it.
 */
export async function followRevocations(
  sql: SqlClient,
  resync: number,
  onRevoked: (revocation: Revocation) => void,
): Promise<() => Promise<void>> {
  /** Numbers of notified rows that were not read yet. */
  const told = new Set<string>()
  let stopped = false
  const report = (rows: readonly Row[]): void => {
    for (const row of rows) if (!stopped) onRevoked(toRevocation(row))
  }
  const readNewRows = createRowReader(sql, report)
  const reader = createNewsReader(async (complete) => {
    if (told.size > 0) {
      const ids = [...told].join(',')
      told.clear()
      report((await sql.query<Row>(toldStatement, [ids])).rows)
    }
    if (complete) await readNewRows()
  }, resync)
  const onNotify = (payload: string): void => {
    if (!/^\d{1,18}$/.test(payload)) return
    const full = told.size >= maxTold
    if (!full) told.add(payload)
    reader.wake(full)
  }
  // Listens first, so that rows added during the first read are notified.
  const stopListening = await sql.listen(channel, onNotify, () => reader.wake(true))
  const stop = async (): Promise<void> => {
    stopped = true
    reader.stop()
    await stopListening()
  }
  try {
    await reader.start()
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
  return stop
}

/**
 * Reads the rows added since the last read; the first time, all active rows. Numbers and times are assigned before
 * rows become visible, and in another order. So each read starts some time before the newest row of the last one.
 */
function createRowReader(sql: SqlClient, report: (rows: readonly Row[]) => void): () => Promise<void> {
  let newest = 0
  return async () => {
    let after: readonly [Date, string] = [new Date(newest - overlap), '0']
    for (;;) {
      const { rows } = await sql.query<Row>(pageStatement, after)
      report(rows)
      const last = rows.at(-1)
      if (last === undefined) return
      newest = Math.max(newest, last.added_at.getTime())
      if (rows.length < pageSize) return
      after = [last.added_at, last.id]
    }
  }
}

function toRevocation({ issuer, kind, value, time, expires_at }: Row): Revocation {
  return { issuer, by: toRevokedBy(kind, value ?? '', time ?? undefined), expiresAt: expires_at.getTime() }
}

function toRevokedBy(kind: string, value: string, time: number | undefined): RevokedBy {
  if (kind === 'sid') return { sid: value, issuedUntil: time }
  if (kind === 'subject') return { subject: value, issuedUntil: time ?? 0 }
  if (kind === 'jti') return { jti: value }
  return { notBefore: time ?? 0 }
}
