import {
  fromPool,
  migrate,
  migrations,
  postgresRevocationStore,
  type RevocationStore,
  redisRevocationStore,
} from 'cloakwright/state'
import pg from 'pg'
import { databases, openPostgres } from './databases.ts'
import { connectRedis, hasRedis, openRedis } from './redis.ts'

/** A server that keeps the revocations of several replicas. */
export interface RevocationServer {
  readonly port: number
  /** A replica's store, over a port that leads to the server. */
  connect(port: number): { readonly store: RevocationStore; end(): Promise<void> }
  /** Ends the replicas' connections like an administrator; resolves once they have ended. */
  terminateConnections(): Promise<void>
  close(): Promise<void>
}

/** PostgreSQL if DATABASE_URL is set, Redis if REDIS_URL is set. */
export const revocationServers: readonly {
  readonly name: string
  readonly open: () => Promise<RevocationServer>
}[] = [
  ...(databases.length > 1 ? [{ name: 'PostgreSQL', open: openInPostgres }] : []),
  ...(hasRedis ? [{ name: 'Redis', open: openInRedis }] : []),
]

async function openInPostgres(): Promise<RevocationServer> {
  const database = await openPostgres()
  await migrate(database.sql, 'cloakwright', migrations)
  return {
    port: Number(database.url.port),
    connect(port) {
      const pool = new pg.Pool({ connectionString: withPort(database.url, port) })
      return { store: postgresRevocationStore(fromPool(pool)), end: () => pool.end() }
    },
    async terminateConnections() {
      await database.sql.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      )
    },
    close: () => database.close(),
  }
}

async function openInRedis(): Promise<RevocationServer> {
  const { client, url, close } = await openRedis()
  return {
    port: Number(url.port),
    connect(port) {
      const replica = connectRedis(withPort(url, port))
      return { store: redisRevocationStore(replica), end: async () => replica.destroy() }
    },
    async terminateConnections() {
      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub'])
      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'])
    },
    close,
  }
}

function withPort(url: URL, port: number): string {
  return Object.assign(new URL(url), { port: String(port) }).href
}
