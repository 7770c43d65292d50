import { requireFunctions } from '../options.ts'
import { toStateError } from './failure.ts'
import { checkChannel, type SqlClient, type SqlQueryable, type SqlRow } from './sql.ts'

interface PgliteResult {
  // oxlint-disable-next-line typescript/no-explicit-any -- a driver's row has no type before the caller names one
  rows: any[]
  rowCount?: number
  affectedRows?: number
}

/** The methods that PGlite and its transactions share. */
export interface PgliteQueryable {
  // oxlint-disable-next-line typescript/no-explicit-any -- as the driver declares it
  query(text: string, params?: any[]): Promise<PgliteResult>
  exec(text: string): Promise<PgliteResult[]>
}

/** The part of an embedded PGlite that is used; `await PGlite.create(…)` fits. */
export interface PgliteLike extends PgliteQueryable {
  transaction<T>(work: (tx: PgliteQueryable) => Promise<T>): Promise<T>
  listen(channel: string, onNotify: (payload: string) => void): Promise<() => Promise<void>>
}

/**
 * Creates a {@link SqlClient} from an embedded PGlite, which has one connection: all other queries wait until a transaction
 * ends. So inside a transaction, await database work only through its `tx`.
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
    'Pass fromPglite() a database from PGlite.create()',
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
        // An error that `work` itself throws belongs to the caller and is not converted.
        throw failure?.error === error ? error : toStateError(error)
      }
    },
    // Its connection is never lost while the process lives, so there is no reconnection to report.
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
    // Without parameters, `pg` accepts several statements; PGlite accepts them only in `exec`.
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
