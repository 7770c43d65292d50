import type { Migration, SqlClient, SqlQueryable } from 'cloakwright/state'
import type { Changes, StoredDocument } from './changes.ts'

/** The schema `devrealm`: one table of JSON documents. `json`, not `jsonb`, because it keeps the order of members. */
export const migrations: readonly Migration[] = [
  {
    id: '0001-documents',
    sql: `
      CREATE SCHEMA IF NOT EXISTS devrealm;
      CREATE TABLE devrealm.documents (
        realm_id text NOT NULL,
        kind text NOT NULL,
        id text NOT NULL,
        seq bigint GENERATED ALWAYS AS IDENTITY,
        body json NOT NULL,
        PRIMARY KEY (realm_id, kind, id)
      );
    `,
  },
]

/** All documents, in the order of their creation. */
export async function readDocuments(sql: SqlQueryable): Promise<StoredDocument[]> {
  const { rows } = await sql.query<{ realm_id: string; kind: string; id: string; body: string }>(
    'SELECT realm_id, kind, id, body::text AS body FROM devrealm.documents ORDER BY seq',
  )
  return rows.map((row) => ({
    realmId: row.realm_id,
    kind: row.kind,
    id: row.id,
    body: JSON.parse(row.body) as unknown,
  }))
}

/** Writes the changes in one transaction. */
export async function writeDocuments(sql: SqlClient, changes: Changes): Promise<void> {
  const all = [...changes.documents.values()]
  const deleted = all.filter((document) => document.body === undefined)
  const written = all.filter((document) => document.body !== undefined)
  const bodies = written.map((document) => JSON.stringify(document.body))
  await sql.transaction(async (tx) => {
    if (changes.removedRealms.size > 0) {
      await tx.query('DELETE FROM devrealm.documents WHERE realm_id = ANY($1::text[])', [
        [...changes.removedRealms],
      ])
    }
    if (deleted.length > 0) {
      await tx.query(
        `DELETE FROM devrealm.documents d USING unnest($1::text[], $2::text[], $3::text[]) AS gone (realm_id, kind, id)
         WHERE d.realm_id = gone.realm_id AND d.kind = gone.kind AND d.id = gone.id`,
        columns(deleted),
      )
    }
    if (written.length > 0) {
      await tx.query(
        `INSERT INTO devrealm.documents (realm_id, kind, id, body)
         SELECT realm_id, kind, id, body::json FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS new (realm_id, kind, id, body)
         ON CONFLICT (realm_id, kind, id) DO UPDATE SET body = excluded.body`,
        [...columns(written), bodies],
      )
    }
  })
}

/** Writes a row and deletes it again: fails if nothing can be written. */
export async function probeWriting(sql: SqlClient): Promise<void> {
  await sql.transaction(async (tx) => {
    const row = ['', 'probe', '']
    await tx.query(
      `INSERT INTO devrealm.documents (realm_id, kind, id, body) VALUES ($1, $2, $3, 'null') ON CONFLICT DO NOTHING`,
      row,
    )
    await tx.query('DELETE FROM devrealm.documents WHERE realm_id = $1 AND kind = $2 AND id = $3', row)
  })
}

function columns(documents: readonly StoredDocument[]): string[][] {
  return [documents.map((d) => d.realmId), documents.map((d) => d.kind), documents.map((d) => d.id)]
}
