import { createHash } from 'node:crypto'
import type { ReplayStore, SealedTokens, SessionRecord, SessionStore } from './ports.ts'
import { base, type RedisClientLike, requireRedisClient, runCommand, runScript } from './redis-client.ts'
import * as scripts from './redis-session-scripts.ts'
import { subscribe } from './redis-subscription.ts'
import { followChannel } from './session-feed.ts'

/** Milliseconds that an expired session is kept: the clocks of replicas and Redis may differ. */
const grace = 60_000

const fields = [
  'issuer',
  'client_id',
  'sid',
  'subject',
  'version',
  'key_id',
  'tokens',
  'access_expires_at',
  'created_at',
  'last_seen_at',
  'expires_at',
  'absolute_expires_at',
] as const

/**
 * Stores sessions in Redis or Valkey, through a connected client of the package `redis`. Sessions expire by themselves,
 * a minute after their end. Each follower opens one more connection.
 *
 * Redis must keep its data (`appendonly yes`, `appendfsync always`), or users must sign in again after its restart. It
 * must not evict keys (`maxmemory-policy noeviction`).
 *
 * @throws {CW_CONFIG_MISSING} @throws {CW_CONFIG_INVALID} Not a client of the package `redis`.
 * @example
 * ```ts
 * import { redisSessionStore, type SessionStore } from 'cloakwright/state'
 * import { createClient } from 'redis'
 *
 * export async function openSessions(url: string): Promise<SessionStore> {
 *   const client = createClient({ url })
 *   client.on('error', (error: Error) => console.error(error.message))
 *   await client.connect()
 *   return redisSessionStore(client)
 * }
 * ```
 */
export function redisSessionStore(client: RedisClientLike): SessionStore {
  requireRedisClient(client)
  const run = (script: string, ...args: readonly string[]): Promise<unknown> =>
    runScript(client, script, args)
  return {
    async create(record, replacedKey = '') {
      await run(
        scripts.createScript,
        record.key,
        replacedKey,
        toEnd(record.expiresAt),
        ...toArguments(toFields(record)),
      )
    },
    async read(key) {
      return toRecord(key, await runCommand(client, ['HMGET', `${base}session:${key}`, ...fields]))
    },
    async touch(key, lastSeenAt, expiresAt) {
      const values = toArguments({ last_seen_at: lastSeenAt, expires_at: expiresAt })
      await run(scripts.touchScript, key, toEnd(expiresAt), ...values)
    },
    async remove(key) {
      return toRecord(key, await run(scripts.removeScript, key, ...fields))
    },
    async removeWhere(issuer, by) {
      const list = 'sid' in by ? toList('sid', issuer, by.sid) : toList('subject', issuer, by.subject)
      return Number(await run(scripts.removeWhereScript, list, 'sid' in by ? '' : `${by.createdBefore}`))
    },
    async claimRefresh(key, version, holder, duration) {
      return isOne(await run(scripts.claimScript, key, `${version}`, holder, `${duration}`))
    },
    async finishRefresh(key, holder, tokens, expiresAt) {
      const values = toArguments({ ...toTokenFields(tokens), expires_at: expiresAt })
      return isOne(await run(scripts.finishScript, key, holder, toEnd(expiresAt), ...values))
    },
    async abandonRefresh(key, holder) {
      await run(scripts.abandonScript, key, holder)
    },
    async endRefresh(key, holder) {
      return isOne(await run(scripts.endScript, key, holder))
    },
    follow: (onChanged) =>
      followChannel(
        {
          listen: (onMessage, onReconnected) =>
            subscribe(client, scripts.sessionChannel, { onMessage, onReconnected }),
          send: (message) => runCommand(client, ['PUBLISH', scripts.sessionChannel, message]),
        },
        onChanged,
      ),
    ...redisReplayStore(client),
  }
}

/**
 * Remembers single-use keys in Redis or Valkey, for all replicas, through a connected client of the package `redis`.
 *
 * @throws {CW_CONFIG_MISSING} @throws {CW_CONFIG_INVALID} Not a client of the package `redis`.
 * @example
 * ```ts
 * import { redisReplayStore, type ReplayStore } from 'cloakwright/state'
 * import type { RedisClientType } from 'redis'
 *
 * export function openReplay(client: RedisClientType): ReplayStore {
 *   return redisReplayStore(client)
 * }
 * ```
 */
export function redisReplayStore(client: RedisClientLike): ReplayStore {
  requireRedisClient(client)
  return {
    async useOnce(key, expiresAt, now) {
      const duration = `${Math.max(1, Math.ceil(expiresAt - now))}`
      const reply = await runCommand(client, ['SET', `${base}once:${key}`, '1', 'NX', 'PX', duration])
      return reply !== null
    },
  }
}

/** When Redis deletes a session. */
function toEnd(expiresAt: number): string {
  return `${Math.ceil(expiresAt) + grace}`
}

/** Fields and values of a hash, as arguments. */
type Fields = Readonly<Record<string, string | number | undefined>>

function toArguments(fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [name, `${value}`]))
}

function toFields(record: SessionRecord): Fields {
  const { issuer, sid, subject } = record
  return {
    issuer,
    client_id: record.clientId,
    sid,
    subject,
    ...toTokenFields(record.tokens),
    created_at: record.createdAt,
    last_seen_at: record.lastSeenAt,
    expires_at: record.expiresAt,
    absolute_expires_at: record.absoluteExpiresAt,
    // The lists that contain it.
    subject_list: toList('subject', issuer, subject),
    sid_list: sid === undefined ? undefined : toList('sid', issuer, sid),
  }
}

function toTokenFields({ version, keyId, sealed, accessExpiresAt }: SealedTokens): Fields {
  const { buffer, byteOffset, byteLength } = sealed
  return {
    version,
    key_id: keyId,
    tokens: Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
    access_expires_at: accessExpiresAt,
  }
}

function toList(kind: 'sid' | 'subject', issuer: string, value: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([issuer, value]))
    .digest('base64url')
  return `${kind}:${hash}`
}

/** A client may be set to return numbers as strings, and strings as bytes. */
function isOne(reply: unknown): boolean {
  return Number(reply) === 1
}

function toRecord(key: string, reply: unknown): SessionRecord | undefined {
  const values = reply as readonly unknown[]
  if (values[0] === null) return undefined
  const sid = values[fields.indexOf('sid')]
  const row = Object.fromEntries(fields.map((field, index) => [field, String(values[index])])) as Record<
    (typeof fields)[number],
    string
  >
  return {
    key,
    issuer: row.issuer,
    clientId: row.client_id,
    sid: sid === null ? undefined : row.sid,
    subject: row.subject,
    tokens: {
      version: Number(row.version),
      keyId: row.key_id,
      sealed: Buffer.from(row.tokens, 'base64'),
      accessExpiresAt: Number(row.access_expires_at),
    },
    createdAt: Number(row.created_at),
    lastSeenAt: Number(row.last_seen_at),
    expiresAt: Number(row.expires_at),
    absoluteExpiresAt: Number(row.absolute_expires_at),
  }
}
