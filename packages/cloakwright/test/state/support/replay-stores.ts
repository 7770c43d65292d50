import {
  migrate,
  migrations,
  postgresReplayStore,
  type ReplayStore,
  redisReplayStore,
} from 'cloakwright/state'
import { databases } from './databases.ts'
import { hasRedis, openRedis } from './redis.ts'

/** Single-use keys that two replicas share. */
export interface SharedReplay {
  readonly here: ReplayStore
  readonly there: ReplayStore
  /** The keys that are stored now. */
  keys(): Promise<readonly string[]>
  close(): Promise<void>
}

/** The shared stores under test: PGlite always, PostgreSQL if DATABASE_URL is set, Redis if REDIS_URL is set. */
export const replayStores: readonly { readonly name: string; readonly open: () => Promise<SharedReplay> }[] =
  [
    ...databases.map(({ name, open }) => ({
      name,
      open: async () => {
        const database = await open()
        await migrate(database.sql, 'cloakwright', migrations)
        return {
          here: postgresReplayStore(database.sql),
          there: postgresReplayStore(database.sql),
          keys: async () => {
            const { rows } = await database.sql.query('SELECT key FROM cloakwright.used_once')
            return rows.map((row) => String(row['key']))
          },
          close: () => database.close(),
        }
      },
    })),
    ...(hasRedis ? [{ name: 'Redis', open: openReplayInRedis }] : []),
  ]

async function openReplayInRedis(): Promise<SharedReplay> {
  const { client, close } = await openRedis()
  const prefix = '{cloakwright}:once:'
  return {
    here: redisReplayStore(client),
    there: redisReplayStore(client),
    keys: async () => (await client.keys(`${prefix}*`)).map((key) => key.slice(prefix.length)),
    close,
  }
}
