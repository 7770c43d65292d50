import type {
  ListedSession,
  RemovedSession,
  ReplayStore,
  SealedData,
  SealedValue,
  SessionRecord,
  SessionStore,
} from './ports.ts'
import { postgresFormStore } from './postgres-forms.ts'
import { followSessions } from './postgres-session-feed.ts'
import { requireSqlClient, type SqlClient, type SqlQueryable } from './sql.ts'

interface Row extends Record<string, unknown> {
  key: string
  issuer: string
  client_id: string
  sid: string | null
  subject: string
  version: number
  key_id: string
  tokens: Uint8Array
  device_key_id: string | null
  device: Uint8Array | null
  data_version: number
  data_key_id: string | null
  data: Uint8Array | null
  access_expires_at: Date
  created_at: Date
  last_seen_at: Date
  expires_at: Date
  absolute_expires_at: Date
}

const columns = `key, issuer, client_id, sid, subject, version, key_id, tokens, access_expires_at, created_at,
  last_seen_at, expires_at, absolute_expires_at, device_key_id, device, data_version, data_key_id, data`
const listedColumns = 'key, sid, device_key_id, device, created_at, last_seen_at, expires_at'
const removedColumns = 'key, issuer, client_id, sid, subject, data_version, data_key_id, data'

/** Expired rows that one login or one used key deletes: the table stays small without a timer. */
const swept = 100

/**
 * Stores sessions in PostgreSQL, in the schema `cloakwright`, which {@link migrate} creates from {@link migrations}.
 *
 * @example
 * ```ts
 * import { migrate, migrations, postgresSessionStore, type SessionStore, type SqlClient } from 'cloakwright/state'
 *
 * export async function openSessions(sql: SqlClient): Promise<SessionStore> {
 *   await migrate(sql, 'cloakwright', migrations)
 *   return postgresSessionStore(sql)
 * }
 * ```
 */
export function postgresSessionStore(sql: SqlClient): SessionStore {
  requireSqlClient(sql, ['query', 'transaction', 'listen'])
  return {
    async create(record, replacedKey) {
      await sql.transaction((tx) => createSession(tx, record, replacedKey))
    },
    async read(key) {
      const { rows } = await sql.query<Row>(`SELECT ${columns} FROM cloakwright.sessions WHERE key = $1`, [
        key,
      ])
      return rows[0] && toRecord(rows[0])
    },
    async touch(key, lastSeenAt, expiresAt) {
      await sql.query('UPDATE cloakwright.sessions SET last_seen_at = $2, expires_at = $3 WHERE key = $1', [
        key,
        new Date(lastSeenAt),
        new Date(expiresAt),
      ])
    },
    async remove(key) {
      const { rows } = await sql.query<Row>(
        `DELETE FROM cloakwright.sessions WHERE key = $1 RETURNING ${columns}`,
        [key],
      )
      return rows[0] && toRecord(rows[0])
    },
    async removeWhere({ issuer, clientId }, by) {
      const [condition, values] =
        'sid' in by
          ? ['sid = $3', [by.sid]]
          : ['subject = $3 AND created_at < $4', [by.subject, new Date(by.createdBefore)]]
      const { rows } = await sql.query<Row>(
        `DELETE FROM cloakwright.sessions WHERE issuer = $1 AND client_id = $2 AND ${condition}
         RETURNING ${removedColumns}`,
        [issuer, clientId, ...values],
      )
      return rows.map(toRemoved)
    },
    async list({ issuer, clientId, subject }, now, limit) {
      const { rows } = await sql.query<Row>(
        `SELECT ${listedColumns} FROM cloakwright.sessions
         WHERE subject = $1 AND issuer = $2 AND client_id = $3 AND expires_at > $4 ORDER BY expires_at DESC LIMIT $5`,
        [subject, issuer, clientId, new Date(now), limit],
      )
      return rows.map(toListed)
    },
    async writeData(key, { version, keyId, sealed }) {
      const { rowCount } = await sql.query(
        `UPDATE cloakwright.sessions SET data_version = $2, data_key_id = $3, data = $4
         WHERE key = $1 AND data_version = $2 - 1`,
        [key, version, keyId, Buffer.from(sealed)],
      )
      return rowCount === 1
    },
    follow: (onChanged) => followSessions(sql, onChanged),
    ...refreshClaims(sql),
    ...postgresFormStore(sql),
    ...postgresReplayStore(sql),
  }
}

/**
 * Remembers single-use keys in PostgreSQL, for all replicas; in the schema `cloakwright`, which
 * {@link migrate} creates from {@link migrations}.
 *
 * @example
 * ```ts
 * import { migrate, migrations, postgresReplayStore, type ReplayStore, type SqlClient } from 'cloakwright/state'
 *
 * export async function openReplay(sql: SqlClient): Promise<ReplayStore> {
 *   await migrate(sql, 'cloakwright', migrations)
 *   return postgresReplayStore(sql)
 * }
 * ```
 */
export function postgresReplayStore(sql: SqlClient): ReplayStore {
  requireSqlClient(sql, ['query'])
  return {
    async useOnce(key, expiresAt, now) {
      // One round trip: with DPoP, every request waits for it.
      const { rowCount } = await sql.query(
        `WITH swept AS (${sweep('used_once', '$3')})
         INSERT INTO cloakwright.used_once (key, expires_at) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`,
        [key, new Date(expiresAt), new Date(now)],
      )
      return rowCount === 1
    },
  }
}

/** The lease to refresh a session's tokens, held by one replica at a time. */
type RefreshClaims = Pick<SessionStore, 'claimRefresh' | 'finishRefresh' | 'abandonRefresh' | 'endRefresh'>

/** Each is one statement: it locks the row, then decides on the row's state at that time. */
function refreshClaims(sql: SqlQueryable): RefreshClaims {
  return {
    async claimRefresh(key, version, holder, duration) {
      const { rowCount } = await sql.query(
        `UPDATE cloakwright.sessions
         SET refresh_holder = $3, refresh_until = clock_timestamp() + $4 * interval '1 millisecond'
         WHERE key = $1 AND version = $2 AND (refresh_until IS NULL OR refresh_until <= clock_timestamp())`,
        [key, version, holder, duration],
      )
      return rowCount === 1
    },
    async finishRefresh(key, holder, { version, keyId, sealed, accessExpiresAt }, expiresAt) {
      const { rowCount } = await sql.query(
        `UPDATE cloakwright.sessions
         SET version = $3, key_id = $4, tokens = $5, access_expires_at = $6, expires_at = GREATEST(expires_at, $7),
           refresh_holder = NULL, refresh_until = NULL
         WHERE key = $1 AND refresh_holder = $2`,
        [key, holder, version, keyId, Buffer.from(sealed), new Date(accessExpiresAt), new Date(expiresAt)],
      )
      return rowCount === 1
    },
    async abandonRefresh(key, holder) {
      await sql.query(
        `UPDATE cloakwright.sessions SET refresh_holder = NULL, refresh_until = NULL
         WHERE key = $1 AND refresh_holder = $2`,
        [key, holder],
      )
    },
    async endRefresh(key, holder) {
      const { rowCount } = await sql.query(
        'DELETE FROM cloakwright.sessions WHERE key = $1 AND refresh_holder = $2',
        [key, holder],
      )
      return rowCount === 1
    },
  }
}

/** Adds a session in place of the one that it replaces, and deletes expired ones. */
async function createSession(
  tx: SqlQueryable,
  record: SessionRecord,
  replacedKey: string | undefined,
): Promise<void> {
  if (replacedKey !== undefined)
    await tx.query('DELETE FROM cloakwright.sessions WHERE key = $1', [replacedKey])
  await tx.query(
    `INSERT INTO cloakwright.sessions (${columns})
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
    toValues(record),
  )
  await tx.query(sweep('sessions', '$1'), [new Date(record.createdAt)])
}

function sweep(table: 'sessions' | 'used_once', now: '$1' | '$3'): string {
  return `DELETE FROM cloakwright.${table} WHERE key IN (
    SELECT key FROM cloakwright.${table} WHERE expires_at < ${now} LIMIT ${swept} FOR UPDATE SKIP LOCKED)`
}

/** A record's values in column order. */
function toValues(record: SessionRecord): readonly unknown[] {
  const { tokens, device, data } = record
  return [
    record.key,
    record.issuer,
    record.clientId,
    record.sid ?? null,
    record.subject,
    tokens.version,
    tokens.keyId,
    Buffer.from(tokens.sealed),
    new Date(tokens.accessExpiresAt),
    new Date(record.createdAt),
    new Date(record.lastSeenAt),
    new Date(record.expiresAt),
    new Date(record.absoluteExpiresAt),
    device?.keyId ?? null,
    device === undefined ? null : Buffer.from(device.sealed),
    data?.version ?? 0,
    data?.keyId ?? null,
    data === undefined ? null : Buffer.from(data.sealed),
  ]
}

function toListed(row: Row): ListedSession {
  return {
    key: row.key,
    sid: row.sid ?? undefined,
    device: toDevice(row),
    createdAt: row.created_at.getTime(),
    lastSeenAt: row.last_seen_at.getTime(),
    expiresAt: row.expires_at.getTime(),
  }
}

function toRemoved(row: Row): RemovedSession {
  const { key, issuer, client_id: clientId, sid, subject } = row
  return { key, issuer, clientId, sid: sid ?? undefined, subject, data: toData(row) }
}

function toDevice({ device_key_id: keyId, device }: Row): SealedValue | undefined {
  return keyId === null || device === null ? undefined : { keyId, sealed: device }
}

function toData({ data_version: version, data_key_id: keyId, data }: Row): SealedData | undefined {
  return keyId === null || data === null ? undefined : { version, keyId, sealed: data }
}

function toRecord(row: Row): SessionRecord {
  return {
    key: row.key,
    issuer: row.issuer,
    clientId: row.client_id,
    sid: row.sid ?? undefined,
    subject: row.subject,
    tokens: {
      version: row.version,
      keyId: row.key_id,
      sealed: row.tokens,
      accessExpiresAt: row.access_expires_at.getTime(),
    },
    device: toDevice(row),
    data: toData(row),
    createdAt: row.created_at.getTime(),
    lastSeenAt: row.last_seen_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    absoluteExpiresAt: row.absolute_expires_at.getTime(),
  }
}
