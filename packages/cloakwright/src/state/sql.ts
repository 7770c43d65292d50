import { requireFunctions } from '../options.ts'

/** A row from the driver: column names to values. */
export type SqlRow = Record<string, unknown>

/** Runs one statement with `$1`-style parameters. */
export interface SqlQueryable {
  query<Row extends SqlRow = SqlRow>(
    text: string,
    params?: readonly unknown[],
  ): Promise<{ readonly rows: Row[]; readonly rowCount: number }>
}

/**
 * What Cloakwright needs from PostgreSQL, whatever the driver: created from a `pg` pool by {@link fromPool}
 * or from an embedded PGlite by {@link fromPglite}.
 */
export interface SqlClient extends SqlQueryable {
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it rejects.
   * Use only the given `tx` inside: on PGlite any other query waits for the transaction to end.
   */
  transaction<T>(work: (tx: SqlQueryable) => Promise<T>): Promise<T>
  /**
   * Calls `onNotify` for each NOTIFY on the channel until the returned function is called. Notifications sent while the
   * connection is lost never arrive; `onReconnected` is called each time that listening works again after a loss.
   */
  listen(
    channel: string,
    onNotify: (payload: string) => void,
    onReconnected?: () => void,
  ): Promise<() => Promise<void>>
}

/** @throws {CW_CONFIG_MISSING} @throws {CW_CONFIG_INVALID} For example a plain pool, which has no `transaction`. */
export function requireSqlClient(sql: unknown, functions: readonly (keyof SqlClient)[]): void {
  requireFunctions('sql', sql, functions, 'Pass a client of cloakwright/state: fromPool(new pg.Pool())')
}

/** Allows only channel names that need no quoting, since drivers quote them differently. */
export function checkChannel(channel: string): void {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(channel))
    throw new TypeError('A channel name may have lower-case letters, digits and underscores only')
}

/** One step of a schema's history; its `id` is recorded when it is applied and never changes. */
export interface Migration {
  readonly id: string
  readonly sql: string
}
