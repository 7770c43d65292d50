import {
  memorySessionStore,
  migrate,
  migrations,
  postgresSessionStore,
  redisSessionStore,
  type SessionStore,
} from 'cloakwright/state'
import { databases } from '../../state/support/databases.ts'
import { hasRedis, openRedis } from '../../state/support/redis.ts'

/**
 * The stores that sessions are tested on: memory and PGlite always, PostgreSQL if DATABASE_URL is set, Redis if REDIS_URL is
 * set.
 */
export const stores: readonly {
  readonly name: string
  readonly open: () => Promise<{ readonly store: SessionStore; readonly close: () => Promise<void> }>
}[] = [
  { name: 'memory', open: async () => ({ store: memorySessionStore(), close: async () => {} }) },
  ...databases.map(({ name, open }) => ({
    name,
    open: async () => {
      const database = await open()
      await migrate(database.sql, 'cloakwright', migrations)
      return { store: postgresSessionStore(database.sql), close: () => database.close() }
    },
  })),
  ...(hasRedis ? [{ name: 'Redis', open: openInRedis }] : []),
]

async function openInRedis(): Promise<{ readonly store: SessionStore; readonly close: () => Promise<void> }> {
  const { client, close } = await openRedis()
  return { store: redisSessionStore(client), close }
}
