import { requireFunctions } from '../options.ts'
import { toStateError } from './failure.ts'
import type { PoolClientLike } from './pool-connection.ts'
import { createPoolListener } from './pool-listener.ts'
import type { SqlClient, SqlQueryable, SqlRow } from './sql.ts'

/** The part of a `pg` pool that is used; `new pg.Pool(…)` fits. */
export interface PoolLike {
  // oxlint-disable-next-line typescript/no-explicit-any -- a driver's row has no type before the caller names one
  query(text: string, params?: any[]): Promise<{ rows: any[]; rowCount: number | null }>
  connect(): Promise<PoolClientLike>
  on(event: 'error', listener: (error: Error) => void): unknown
}

/**
 * Creates a {@link SqlClient} from a `pg` pool. `listen` reserves one connection of the pool for all channels
 * and reconnects when it is lost. The caller closes the pool.
 *
 * @example
 * ```ts
 * import pg from 'pg'
 * import { fromPool, type SqlClient } from 'cloakwright/state'
 *
 * export const sql: SqlClient = fromPool(new pg.Pool({ connectionString: process.env['DATABASE_URL'] }))
 * ```
 */
export function fromPool(pool: PoolLike): SqlClient {
  requireFunctions('pool', pool, ['query', 'connect', 'on'], 'Pass fromPool() a pool of pg: new pg.Pool()')
  // A broken idle connection is reported here and would end the process if there were no listener; the pool replaces it.
  pool.on('error', ignore)
  return {
    query: queryOn(pool),
    async transaction<T>(work: (tx: SqlQueryable) => Promise<T>): Promise<T> {
      const client = await pool.connect().catch(rethrow)
      client.on('error', ignore)
      let broken: Error | undefined
      try {
        await client.query('BEGIN').catch(rethrow)
        const result = await work({ query: queryOn(client) })
        await client.query('COMMIT').catch(rethrow)
        return result
      } catch (error) {
        await client.query('ROLLBACK').catch((cause: Error) => {
          broken = cause
        })
        throw error
      } finally {
        client.removeListener('error', ignore)
        client.release(broken)
      }
    },
    listen: createPoolListener(() => pool.connect().catch(rethrow)),
  }
}

function queryOn(target: Pick<PoolLike, 'query'>): SqlQueryable['query'] {
  return async <Row extends SqlRow>(text: string, params?: readonly unknown[]) => {
    const result = await target.query(text, params === undefined ? undefined : [...params]).catch(rethrow)
    return { rows: result.rows as Row[], rowCount: result.rowCount ?? 0 }
  }
}

function ignore(): void {}

function rethrow(error: unknown): never {
  throw toStateError(error)
}
