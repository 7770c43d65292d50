/** A PostgreSQL of its own. */
export interface PostgresqlServer {
  readonly url: string
  createDatabase(name: string): Promise<string>
  start(): Promise<void>
  shutDown(): Promise<void>
  stop(): Promise<void>
}

export function postgresqlFolder(): string | undefined
export function startPostgresql(): Promise<PostgresqlServer>
