import { createClient } from 'redis'

/** Whether tests run on Redis too. */
export const hasRedis: boolean = process.env['REDIS_URL'] !== undefined

if (!hasRedis) console.warn('REDIS_URL is unset: tests of the stores in Redis are skipped')

export type RedisClient = ReturnType<typeof connectRedis>

/** A database of the server for the test alone. */
export interface TestRedis {
  readonly url: URL
  readonly client: RedisClient
  close(): Promise<void>
}

/** A client that connects now, and again 50 ms after a loss. */
export function connectRedis(url: string) {
  const client = createClient({ url, socket: { reconnectStrategy: 50 } })
  client.on('error', () => {})
  client.connect().catch(() => {})
  return client
}

/** An empty database on the server of REDIS_URL; emptied again at close. */
export async function openRedis(): Promise<TestRedis> {
  const url = new URL(process.env['REDIS_URL'] ?? '')
  const reservations = connectRedis(url.href)
  const database = await reserveDatabase(reservations)
  url.pathname = `/${database}`
  const client = connectRedis(url.href)
  await client.flushDb()
  return {
    url,
    client,
    async close() {
      await client.flushDb()
      client.destroy()
      await reservations.del(nameOf(database))
      reservations.destroy()
    },
  }
}

/** Other test files run at the same time. */
async function reserveDatabase(client: RedisClient): Promise<number> {
  for (let database = 1; database < 16; database++) {
    const reply = await client.set(nameOf(database), '1', {
      condition: 'NX',
      expiration: { type: 'EX', value: 600 },
    })
    if (reply !== null) return database
  }
  throw new Error('All databases of REDIS_URL are in use')
}

function nameOf(database: number): string {
  return `test-database:${database}`
}
