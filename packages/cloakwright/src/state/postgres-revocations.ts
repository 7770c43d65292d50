import { CloakwrightError } from '../errors.ts'
import type { Revocation, RevocationStore, RevokedBy } from './ports.ts'
import { requireSqlClient, type SqlClient } from './sql.ts'

/** How revocations are followed. */
export interface RevocationStoreOptions {
  /**
   * Seconds between two looks for revocations that no notification told of; 15 by default. They matter where a dead
   * connection looks alive, and behind a proxy that pools transactions, which lets no notification through: there,
   * let it be 1 or less.
   */
  readonly resync?: number | undefined
}

interface Row extends Record<string, unknown> {
  id: string
  issuer: string
  kind: string
  value: string | null
  time: number | null
  added_at: Date
  expires_at: Date
}

const channel = 'cloakwright_revocations'
/** Rows of one answer: between two of them the process does its other work. */
const pageSize = 1000
/** Notified rows that are waited for one by one; with more, all news are read. */
const maxTold = 1000
/** Milliseconds by which a row may be seen later than its time says: it commits late, or clocks of servers differ. */
const overlap = 60_000
/** Milliseconds before the first new attempt after a failed read; each next takes twice as long, up to `resync`. */
const firstRetry = 100

// The notification is only a wake-up with the row's number. Any role of the database may notify and listen on any
// channel, so that it must neither be believed nor tell a subject; and it holds less than 8000 bytes.
const addStatement = `
  WITH swept AS (
    DELETE FROM cloakwright.revocations WHERE id IN (
      SELECT id FROM cloakwright.revocations WHERE expires_at <= now() LIMIT 100 FOR UPDATE SKIP LOCKED)
  ), added AS (
    INSERT INTO cloakwright.revocations (issuer, kind, value, time, expires_at)
    VALUES ($1, $2, $3, $4, $5) RETURNING id
  )
  SELECT pg_notify('${channel}', id::text) FROM added`

const select = `
  SELECT r.id::text AS id, r.issuer, r.kind, r.value, r.time, r.added_at, r.expires_at
  FROM cloakwright.revocations r WHERE r.expires_at > now()`
const toldStatement = `${select} AND r.id = ANY (string_to_array($1, ',')::bigint[])`
const pageStatement = `${select} AND (r.added_at, r.id) > ($1::timestamptz, $2::bigint)
  ORDER BY r.added_at, r.id LIMIT ${pageSize}`

/**
 * Keeps revocations in PostgreSQL, in the schema `cloakwright`, which {@link migrate} makes with {@link migrations};
 * replicas hear of each by LISTEN/NOTIFY. Rows that have expired go with a later one.
 *
 * @throws {CW_CONFIG_INVALID} `resync` is no number of seconds, from 0.1 to 3600.
 * @example
 * ```ts
 * import { migrate, migrations, postgresRevocationStore, type RevocationStore, type SqlClient } from 'cloakwright/state'
 *
 * export async function openRevocations(sql: SqlClient): Promise<RevocationStore> {
 *   await migrate(sql, 'cloakwright', migrations)
 *   return postgresRevocationStore(sql)
 * }
 * ```
 */
export function postgresRevocationStore(
  sql: SqlClient,
  options: RevocationStoreOptions = {},
): RevocationStore {
  requireSqlClient(sql, ['query', 'listen'])
  const resync = checkResync(options.resync)
  return {
    async add({ issuer, by, expiresAt }) {
      await sql.query(addStatement, [issuer, ...toColumns(by), new Date(expiresAt)])
    },
    follow: (onRevoked) => follow(sql, resync, onRevoked),
  }
}

async function follow(
  sql: SqlClient,
  resync: number,
  onRevoked: (revocation: Revocation) => void,
): Promise<() => Promise<void>> {
  const told = new Set<string>()
  let behind = true
  let working = true
  let stopped = false
  let failures = 0
  let retry: NodeJS.Timeout | undefined

  const report = (rows: readonly Row[]): void => {
    for (const row of rows) if (!stopped) onRevoked(toRevocation(row))
  }
  const readNews = createNewsReader(sql, report)

  const read = async (): Promise<void> => {
    while (!stopped && (told.size > 0 || behind)) {
      if (told.size > 0) {
        const ids = [...told].join(',')
        told.clear()
        report((await sql.query<Row>(toldStatement, [ids])).rows)
      } else {
        behind = false
        await readNews()
      }
    }
  }

  const catchUp = async (): Promise<void> => {
    if (working || stopped) return
    working = true
    clearTimeout(retry)
    try {
      await read()
      failures = 0
    } catch {
      // What is known goes on to hold. The news include what the failed read was told of.
      behind = true
      retry = setTimeout(() => void catchUp(), Math.min(firstRetry * 2 ** failures++, resync))
      retry.unref()
    } finally {
      working = false
    }
  }

  const lookForNews = (): void => {
    behind = true
    void catchUp()
  }

  const onNotify = (payload: string): void => {
    if (!/^\d{1,18}$/.test(payload)) return
    if (told.size < maxTold) told.add(payload)
    else behind = true
    void catchUp()
  }

  // Listening first: what is added during the first read is told.
  const stopListening = await sql.listen(channel, onNotify, lookForNews)
  try {
    await read()
  } catch (error) {
    stopped = true
    await stopListening().catch(() => {})
    throw error
  }
  working = false
  const net = setInterval(lookForNews, resync)
  net.unref()
  return async () => {
    stopped = true
    clearInterval(net)
    clearTimeout(retry)
    await stopListening()
  }
}

/**
 * Reads what was added since the last time, and everything in force the first time. Numbers and times are given before
 * rows can be seen, in another order: so each read begins some time before the newest row of the last one.
 */
function createNewsReader(sql: SqlClient, report: (rows: readonly Row[]) => void): () => Promise<void> {
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

function checkResync(value = 15): number {
  if (typeof value === 'number' && value >= 0.1 && value <= 3600) return value * 1000
  throw new CloakwrightError('CW_CONFIG_INVALID', 'resync: not a number from 0.1 to 3600', {
    hint: 'Leave it out for 15 seconds.',
  })
}

function toColumns(by: RevokedBy): [kind: string, value: string | null, time: number | null] {
  if ('sid' in by) return ['sid', by.sid, null]
  if ('subject' in by) return ['subject', by.subject, by.issuedUntil]
  if ('jti' in by) return ['jti', by.jti, null]
  return ['not-before', null, by.notBefore]
}

function toRevocation({ issuer, kind, value, time, expires_at }: Row): Revocation {
  return { issuer, by: toRevokedBy(kind, value ?? '', time ?? 0), expiresAt: expires_at.getTime() }
}

function toRevokedBy(kind: string, value: string, time: number): RevokedBy {
  if (kind === 'sid') return { sid: value }
  if (kind === 'subject') return { subject: value, issuedUntil: time }
  if (kind === 'jti') return { jti: value }
  return { notBefore: time }
}
