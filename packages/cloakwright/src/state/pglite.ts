import { requireFunctions } from '../options.ts'
import { toStateError } from './failure.ts'
import { checkChannel, type SqlClient, type SqlQueryable, type SqlRow } from './sql.ts'

interface PgliteResult {
  // oxlint-disable-next-line typescript/no-explicit-any -- a driver's row has no type before the caller names one
  rows: any[]
  rowCount?: number
  affectedRows?: number
}

/** What queries of PGlite and of its transactions have in common. */
export interface PgliteQueryable {
  // oxlint-disable-next-line typescript/no-explicit-any -- as the driver declares it
  query(text: string, params?: any[]): Promise<PgliteResult>
  exec(text: string): Promise<PgliteResult[]>
}

/** The part of an embedded PGlite that is used; `await PGlite.create(…)` is one. */
export interface PgliteLike extends PgliteQueryable {
  transaction<T>(work: (tx: PgliteQueryable) => Promise<T>): Promise<T>
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>
}

/**
 * Makes a {@link SqlClient} from an embedded PGlite, which has one connection: everything waits for a transaction to
 * end, so nothing that needs the database may be awaited inside of one, except through its `tx`.
 *
 * @example
 * ```ts
 * import { PGlite } from '@electric-sql/pglite'
 * import { fromPglite, type SqlClient } from 'cloakwright/state'
 *
 * export const sql: SqlClient = fromPglite(await PGlite.create())
 * ```
 */
export function fromPglite(pglite: PgliteLike): SqlClient {
  requireFunctions(
    'pglite',
    pglite,
    ['query', 'transaction', 'listen'],
    'Give fromPglite() a database of PGlite.create()',
  )
  return {
    query: queryOn(pglite),
    async transaction<T>(work: (tx: SqlQueryable) => Promise<T>): Promise<T> {
      let failure: { readonly error: unknown } | undefined
      try {
        return await pglite.transaction(async (tx) => {
          try {
            return await work({ query: queryOn(tx) })
          } catch (error) {
            failure = { error }
            throw error
          }
        })
      } catch (error) {
        // What `work` itself rejects with is the caller's, and leaves as it is.
        throw failure?.error === error ? error : toStateError(error)
      }
    },
    // Its one connection is never lost while the process lives, so there is no reconnection to tell of.
    async listen(channel, onNotify) {
      checkChannel(channel)
      const stop = await pglite.listen(channel, onNotify).catch(rethrow)
      return async () => {
        await stop().catch(rethrow)
      }
    },
  }
}

function queryOn(target: PgliteQueryable): SqlQueryable['query'] {
  return async <Row extends SqlRow>(text: string, params?: readonly unknown[]) => {
    // Without parameters `pg` accepts several statements; PGlite does only by `exec`.
    const result =
      params === undefined
        ? (await target.exec(text).catch(rethrow)).at(-1)
        : await target.query(text, [...params]).catch(rethrow)
    const rows = (result?.rows ?? []) as Row[]
    return { rows, rowCount: result?.rowCount ?? (rows.length || (result?.affectedRows ?? 0)) }
  }
}

function rethrow(error: unknown): never {
  throw toStateError(error)
}
