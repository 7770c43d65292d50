import type { Migration, SqlClient } from 'cloakwright/state'

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

export interface StoredDocument {
  readonly realmId: string
  readonly kind: string
  readonly id: string
  readonly body: unknown
}

/** Writes changes to the database: all that are waiting in one transaction, in the order of the calls to {@link commit}. */
export class Journal {
  readonly #sql: SqlClient | undefined
  #waiting = new Map<string, StoredDocument>()
  readonly #later = new Map<string, StoredDocument>()
  #removedRealms = new Set<string>()
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  readonly #timer: NodeJS.Timeout | undefined

  /** @param interval milliseconds after which what was recorded with `later` is written */
  constructor(sql: SqlClient | undefined, interval = 2000) {
    this.#sql = sql
    if (sql === undefined) return
    // A failed write stays waiting; the next answer that depends on it reports the failure.
    this.#timer = setInterval(() => {
      this.#writeLater().catch(() => undefined)
    }, interval)
    this.#timer.unref()
  }

  async load(): Promise<StoredDocument[]> {
    if (this.#sql === undefined) return []
    const { rows } = await this.#sql.query<{ realm_id: string; kind: string; id: string; body: string }>(
      'SELECT realm_id, kind, id, body::text AS body FROM devrealm.documents ORDER BY seq',
    )
    return rows.map((row) => ({
      realmId: row.realm_id,
      kind: row.kind,
      id: row.id,
      body: JSON.parse(row.body) as unknown,
    }))
  }

  record(change: StoredDocument, later: boolean): void {
    if (this.#sql === undefined) return
    const key = `${change.realmId}/${change.kind}/${change.id}`
    if (later && !this.#waiting.has(key)) {
      this.#later.set(key, change)
    } else {
      this.#later.delete(key)
      this.#waiting.set(key, change)
    }
  }

  recordRealmRemoval(realmId: string): void {
    if (this.#sql === undefined) return
    for (const changes of [this.#waiting, this.#later]) {
      for (const [key, change] of changes) if (change.realmId === realmId) changes.delete(key)
    }
    this.#removedRealms.add(realmId)
  }

  /** Resolves when everything recorded so far is in the database. */
  commit(): Promise<void> {
    if (this.#waiting.size === 0 && this.#removedRealms.size === 0) return this.#running
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        this.#running = this.#write()
        return this.#running
      })
    return this.#next
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#writeLater()
  }

  #writeLater(): Promise<void> {
    for (const [key, change] of this.#later) this.#waiting.set(key, change)
    this.#later.clear()
    return this.commit()
  }

  async #write(): Promise<void> {
    const changes = this.#waiting
    const removed = this.#removedRealms
    this.#waiting = new Map()
    this.#removedRealms = new Set()
    try {
      await this.#sql?.transaction(async (tx) => {
        if (removed.size > 0) {
          await tx.query('DELETE FROM devrealm.documents WHERE realm_id = ANY($1::text[])', [[...removed]])
        }
        const all = [...changes.values()]
        const deleted = all.filter((change) => change.body === undefined)
        const written = all.filter((change) => change.body !== undefined)
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
            [...columns(written), written.map((change) => JSON.stringify(change.body))],
          )
        }
      })
    } catch (error) {
      // Nothing is forgotten: what failed is tried again with the next commit, unless it was changed since.
      for (const realmId of removed) this.#removedRealms.add(realmId)
      for (const [key, change] of changes) if (!this.#waiting.has(key)) this.#waiting.set(key, change)
      throw error
    }
  }
}

function columns(documents: readonly StoredDocument[]): string[][] {
  return [documents.map((d) => d.realmId), documents.map((d) => d.kind), documents.map((d) => d.id)]
}
