export { SqlError, toStateError } from './failure.ts'
export { memoryReplayStore, memorySessionStore } from './memory.ts'
export { memoryRevocationStore } from './memory-revocations.ts'
export { migrate } from './migrate.ts'
export { migrations } from './migrations.ts'
export { fromPglite, type PgliteLike } from './pglite.ts'
export { fromPool } from './pool.ts'
export type {
  FormStore,
  ListedSession,
  RemovedSession,
  ReplayStore,
  Revocation,
  RevocationStore,
  RevokedBy,
  SavedForm,
  SealedData,
  SealedTokens,
  SealedValue,
  SessionFeed,
  SessionOwner,
  SessionRecord,
  SessionStore,
} from './ports.ts'
export { postgresReplayStore, postgresSessionStore } from './postgres.ts'
export { postgresRevocationStore, type RevocationStoreOptions } from './postgres-revocations.ts'
export { redisReplayStore, redisSessionStore } from './redis.ts'
export type { RedisClientLike, RedisConnectionLike } from './redis-client.ts'
export { redisRevocationStore } from './redis-revocations.ts'
export type { Migration, SqlClient, SqlQueryable } from './sql.ts'
