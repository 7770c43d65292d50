export { SqlError, toStateError } from './failure.ts'
export { memoryReplayStore, memorySessionStore } from './memory.ts'
export { memoryRevocationStore } from './memory-revocations.ts'
export { migrate } from './migrate.ts'
export { migrations } from './migrations.ts'
export { fromPglite, type PgliteLike, type PgliteQueryable } from './pglite.ts'
export { fromPool, type PoolLike } from './pool.ts'
export type { NotificationMessage, PoolClientLike } from './pool-listener.ts'
export type {
  ReplayStore,
  Revocation,
  RevocationStore,
  RevokedBy,
  SealedTokens,
  SessionRecord,
  SessionStore,
} from './ports.ts'
export { postgresReplayStore, postgresSessionStore } from './postgres.ts'
export { postgresRevocationStore, type RevocationStoreOptions } from './postgres-revocations.ts'
export type { Migration, SqlClient, SqlQueryable, SqlRow } from './sql.ts'
