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
/** Milliseconds before the first retry after a failed read; doubled each time, up to `resync`. */
const firstRetry = 100

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
  const follower = new Follower(sql, resync, onRevoked)
  return await follower.start()
}

/** Reads notified rows by number, or all new rows if that may not be enough: one read at a time. */
class Follower {
  readonly #sql: SqlClient
  /** Milliseconds. */
  readonly #resync: number
  readonly #onRevoked: (revocation: Revocation) => void
  readonly #readNews: () => Promise<void>
  /** Numbers of notified rows that were not read yet. */
  readonly #told = new Set<string>()
  /** Whether there may be rows without a notification. */
  #behind = true
  #working = true
  #stopped = false
  #failures = 0
  #retry: NodeJS.Timeout | undefined

  constructor(sql: SqlClient, resync: number, onRevoked: (revocation: Revocation) => void) {
    this.#sql = sql
    this.#resync = resync
    this.#onRevoked = onRevoked
    this.#readNews = createNewsReader(sql, (rows) => this.#report(rows))
  }

  async start(): Promise<() => Promise<void>> {
    const lookForNews = (): void => this.#lookForNews()
    // Listens first, so that rows added during the first read are notified.
    const stopListening = await this.#sql.listen(channel, (payload) => this.#onNotify(payload), lookForNews)
    try {
      await this.#read()
    } catch (error) {
      this.#stopped = true
      await stopListening().catch(() => {})
      throw error
    }
    this.#working = false
    const net = setInterval(lookForNews, this.#resync)
    net.unref()
    return async () => {
      this.#stopped = true
      clearInterval(net)
      clearTimeout(this.#retry)
      await stopListening()
    }
  }

  #onNotify(payload: string): void {
    if (!/^\d{1,18}$/.test(payload)) return
    if (this.#told.size < maxTold) this.#told.add(payload)
    else this.#behind = true
    void this.#catchUp()
  }

  #lookForNews(): void {
    this.#behind = true
    void this.#catchUp()
  }

  async #catchUp(): Promise<void> {
    if (this.#working || this.#stopped) return
    this.#working = true
    clearTimeout(this.#retry)
    try {
      await this.#read()
      this.#failures = 0
    } catch {
      // Known revocations stay active. The next read of new rows includes those that the failed read was for.
      this.#behind = true
      this.#retryLater()
    } finally {
      this.#working = false
    }
  }

  #retryLater(): void {
    const delay = Math.min(firstRetry * 2 ** this.#failures++, this.#resync)
    this.#retry = setTimeout(() => void this.#catchUp(), delay)
    this.#retry.unref()
  }

  async #read(): Promise<void> {
    while (!this.#stopped && (this.#told.size > 0 || this.#behind)) {
      if (this.#told.size > 0) await this.#readTold()
      else {
        this.#behind = false
        await this.#readNews()
      }
    }
  }

  async #readTold(): Promise<void> {
    const ids = [...this.#told].join(',')
    this.#told.clear()
    this.#report((await this.#sql.query<Row>(toldStatement, [ids])).rows)
  }

  #report(rows: readonly Row[]): void {
    for (const row of rows) if (!this.#stopped) this.#onRevoked(toRevocation(row))
  }
}

/**
 * Reads the rows added since the last read; the first time, all active rows. Numbers and times are assigned before
 * rows become visible, and in another order. So each read starts some time before the newest row of the last one.
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

function toRevocation({ issuer, kind, value, time, expires_at }: Row): Revocation {
  return { issuer, by: toRevokedBy(kind, value ?? '', time ?? undefined), expiresAt: expires_at.getTime() }
}

function toRevokedBy(kind: string, value: string, time: number | undefined): RevokedBy {
  if (kind === 'sid') return { sid: value, issuedUntil: time }
  if (kind === 'subject') return { subject: value, issuedUntil: time ?? 0 }
  if (kind === 'jti') return { jti: value }
  return { notBefore: time ?? 0 }
}
