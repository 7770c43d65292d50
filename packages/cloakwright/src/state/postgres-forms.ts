import type { FormStore } from './ports.ts'
import { formsOfOwner } from './saved-forms.ts'
import type { SqlQueryable } from './sql.ts'

interface Row extends Record<string, unknown> {
  key: string
  owner: string
  key_id: string
  sealed: Uint8Array
  expires_at: Date
}

/** Expired forms that one new form deletes: the table stays small without a timer. */
const swept = 100

/** Keeps forms in PostgreSQL. */
export function postgresFormStore(sql: SqlQueryable): FormStore {
  return {
    async saveForm({ key, owner, keyId, sealed, expiresAt }, now) {
      // One statement, which sees the rows from before: the new one is the owner's first.
      await sql.query(
        `WITH surplus AS (
           DELETE FROM cloakwright.saved_forms WHERE key IN (
             SELECT key FROM cloakwright.saved_forms WHERE owner = $2
             ORDER BY position DESC OFFSET ${formsOfOwner - 1})
         ), swept AS (
           DELETE FROM cloakwright.saved_forms WHERE key IN (
             SELECT key FROM cloakwright.saved_forms WHERE expires_at <= $6 AND owner <> $2
             LIMIT ${swept} FOR UPDATE SKIP LOCKED)
         )
         INSERT INTO cloakwright.saved_forms (key, owner, key_id, sealed, expires_at)
         VALUES ($1, $2, $3, $4, $5)`,
        [key, owner, keyId, Buffer.from(sealed), new Date(expiresAt), new Date(now)],
      )
    },
    async readForm(key, now) {
      const { rows } = await sql.query<Row>(
        `SELECT key, owner, key_id, sealed, expires_at FROM cloakwright.saved_forms
         WHERE key = $1 AND expires_at > $2`,
        [key, new Date(now)],
      )
      const [row] = rows
      if (row === undefined) return undefined
      const { owner, key_id: keyId, sealed, expires_at: expiresAt } = row
      return { key, owner, keyId, sealed, expiresAt: expiresAt.getTime() }
    },
    async takeForm(key) {
      const { rowCount } = await sql.query('DELETE FROM cloakwright.saved_forms WHERE key = $1', [key])
      return rowCount === 1
    },
  }
}
