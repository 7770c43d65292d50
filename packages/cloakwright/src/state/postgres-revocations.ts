import { CloakwrightError } from '../errors.ts'
import type { RevocationStore, RevokedBy } from './ports.ts'
import { channel, followRevocations } from './postgres-revocation-follower.ts'
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
    follow: (onRevoked) => followRevocations(sql, resync, onRevoked),
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
