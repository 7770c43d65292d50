import { CloakwrightError } from '../errors.ts'
import type { RevocationStore, RevokedBy } from './ports.ts'
import { channel, followRevocations } from './postgres-revocation-follower.ts'
import { requireSqlClient, type SqlClient } from './sql.ts'

/** Options for following revocations. */
export interface RevocationStoreOptions {
  /**
   * Seconds between two reads that look for revocations without a notification; 15 by default. They matter when a broken
   * connection looks alive, and behind a proxy that pools transactions, which does not forward notifications: there,
   * use 1 or less.
   */
  readonly resync?: number | undefined
}

// The notification only carries the row's number. Any database role may notify and listen on any channel, so its
// content is not trusted and must not contain a subject; it also has a limit of 8000 bytes.
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
 * Stores revocations in PostgreSQL, in the schema `cloakwright`, which {@link migrate} creates from {@link migrations}.
 * LISTEN/NOTIFY tells each replica. Expired rows are deleted when later ones are added.
 *
 * @throws {CW_CONFIG_INVALID} `resync` is not a number of seconds from 0.1 to 3600.
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
    hint: 'Omit it for 15 seconds.',
  })
}

function toColumns(by: RevokedBy): [kind: string, value: string | null, time: number | null] {
  if ('sid' in by) return ['sid', by.sid, by.issuedUntil ?? null]
  if ('subject' in by) return ['subject', by.subject, by.issuedUntil]
  if ('jti' in by) return ['jti', by.jti, null]
  return ['not-before', null, by.notBefore]
}
