import { systemTime } from '../clock.ts'
import { createNewsReader } from './news-reader.ts'
import type { Revocation, RevocationStore } from './ports.ts'
import { base, type RedisClientLike, requireRedisClient, runCommand, runScript } from './redis-client.ts'
import { subscribe } from './redis-subscription.ts'

const channel = 'cloakwright:revocations'
const stream = `${base}revocations`
/** Entries per read: between two reads the process does other work. */
const pageSize = 1000
/** Milliseconds between two reads that look for revocations without a message. */
const resync = 15_000

/**
 * The stream keeps the order in which revocations were added, and a sorted set the time when each expires: the two expire
 * with the last one. The message only wakes the followers. Arguments: the revocation and when it expires.
 */
const addScript = `
  local stream = KEYS[1] .. 'revocations'
  local ends = stream .. ':ends'
  local time = redis.call('TIME')
  local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  local over = redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, 100)
  if #over > 0 then
    redis.call('XDEL', stream, unpack(over))
    redis.call('ZREM', ends, unpack(over))
  end
  redis.call('ZADD', ends, ARGV[2], redis.call('XADD', stream, '*', 'revocation', ARGV[1]))
  local last = redis.call('ZREVRANGE', ends, 0, 0, 'WITHSCORES')[2]
  redis.call('PEXPIREAT', stream, last)
  redis.call('PEXPIREAT', ends, last)
  redis.call('PUBLISH', '${channel}', '')`

/**
 * Stores revocations in Redis or Valkey, through a connected client of the package `redis`. Each replica is told by a
 * message, and reads what it missed after a lost connection. Expired ones are deleted when later ones are added. Each
 * follower opens one more connection.
 *
 * Redis must keep its data (`appendonly yes`, `appendfsync always`) and must not evict keys (`maxmemory-policy
 * noeviction`): a lost revocation makes a revoked token valid again for replicas that start later.
 *
 * @throws {CW_CONFIG_MISSING} @throws {CW_CONFIG_INVALID} Not a client of the package `redis`.
 * @example
 * ```ts
 * import { redisRevocationStore, type RevocationStore } from 'cloakwright/state'
 * import type { RedisClientType } from 'redis'
 *
 * export function openRevocations(client: RedisClientType): RevocationStore {
 *   return redisRevocationStore(client)
 * }
 * ```
 */
export function redisRevocationStore(client: RedisClientLike): RevocationStore {
  requireRedisClient(client)
  return {
    async add(revocation) {
      const args = [JSON.stringify(revocation), `${Math.ceil(revocation.expiresAt)}`]
      await runScript(client, addScript, args)
    },
    follow: (onRevoked) => followRevocations(client, onRevoked),
  }
}

async function followRevocations(
  client: RedisClientLike,
  onRevoked: (revocation: Revocation) => void,
): Promise<() => Promise<void>> {
  /** The newest entry that was read; `0` for all. */
  let newest = '0'
  let reconnected = false
  let stopped = false
  const report = ({ expiresAt, ...revocation }: Revocation): void => {
    if (!stopped && expiresAt > systemTime()) onRevoked({ ...revocation, expiresAt })
  }
  const reader = createNewsReader(async () => {
    // All again: a server that lost its last writes in a failover may number new ones lower than the newest.
    if (reconnected) newest = '0'
    reconnected = false
    for (;;) {
      const page = await readPage(client, newest)
      for (const { revocation } of page) report(revocation)
      newest = page.at(-1)?.id ?? newest
      if (page.length < pageSize) return
    }
  }, resync)
  // Subscribes first, so that a revocation that is added during the first read sends a message.
  const unsubscribe = await subscribe(client, channel, {
    onMessage: () => reader.wake(),
    onReconnected() {
      reconnected = true
      reader.wake()
    },
  })
  const stop = async (): Promise<void> => {
    stopped = true
    reader.stop()
    await unsubscribe()
  }
  try {
    await reader.start()
  } catch (error) {
    await stop()
    throw error
  }
  return stop
}

interface Entry {
  readonly id: string
  readonly revocation: Revocation
}

/** The entries after one, in order. */
async function readPage(client: RedisClientLike, after: string): Promise<readonly Entry[]> {
  const reply = await runCommand(client, ['XRANGE', stream, `(${after}`, '+', 'COUNT', `${pageSize}`])
  return (reply as readonly (readonly [unknown, readonly unknown[]])[]).map(([id, values]) => ({
    id: String(id),
    revocation: JSON.parse(String(values[1])) as Revocation,
  }))
}
