import { createHash } from 'node:crypto'
import type {
  ListedSession,
  RemovedSession,
  ReplayStore,
  SealedData,
  SealedTokens,
  SealedValue,
  SessionRecord,
  SessionStore,
} from './ports.ts'
import { base, type RedisClientLike, requireRedisClient, runCommand, runScript } from './redis-client.ts'
import { redisFormStore } from './redis-forms.ts'
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
  'device_key_id',
  'device',
  'data_version',
  'data_key_id',
  'data',
] as const
type Field = (typeof fields)[number]
/** The values of a hash; a missing one is `null`. */
type Row = Readonly<Record<Field, string | null>>

const listedFields = [
  'sid',
  'device_key_id',
  'device',
  'created_at',
  'last_seen_at',
  'expires_at',
] as const satisfies readonly Field[]
const removedFields = [
  'issuer',
  'client_id',
  'sid',
  'subject',
  'data_version',
  'data_key_id',
  'data',
] as const satisfies readonly Field[]

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
    async removeWhere({ issuer, clientId }, by) {
      const list = 'sid' in by ? toList('sid', issuer, by.sid) : toList('subject', issuer, by.subject)
      const before = 'sid' in by ? '' : `${by.createdBefore}`
      const removed = await run(scripts.removeWhereScript, list, clientId, before, ...removedFields)
      return (removed as readonly Found[]).map(([key, values]) =>
        toRemoved(key, toRow(removedFields, values)),
      )
    },
    async list({ issuer, clientId, subject }, now, limit) {
      const list = toList('subject', issuer, subject)
      const listed = await run(scripts.listScript, list, clientId, `${now}`, `${limit}`, ...listedFields)
      return (listed as readonly Found[]).map(([key, values]) => toListed(key, toRow(listedFields, values)))
    },
    async writeData(key, data) {
      return isOne(
        await run(scripts.writeDataScript, key, `${data.version - 1}`, ...toArguments(toDataFields(data))),
      )
    },
    async claimRefresh(key, version, holder, duration) {
      return isOne(await run(scripts.claimScript, key, `${version}`, holder, `${duration}`))
    },
    async finishRefresh(key, holder, tokens, expiresAt) {
      const values = toArguments(toTokenFields(tokens))
      return isOne(await run(scripts.finishScript, key, holder, toEnd(expiresAt), `${expiresAt}`, ...values))
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
    ...redisFormStore(client),
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
    device_key_id: record.device?.keyId,
    device: record.device && toBase64(record.device.sealed),
    ...toDataFields(record.data),
    // The lists that contain it.
    subject_list: toList('subject', issuer, subject),
    sid_list: sid === undefined ? undefined : toList('sid', issuer, sid),
  }
}

function toTokenFields({ version, keyId, sealed, accessExpiresAt }: SealedTokens): Fields {
  return { version, key_id: keyId, tokens: toBase64(sealed), access_expires_at: accessExpiresAt }
}

function toDataFields(data: SealedData | undefined): Fields {
  return data === undefined
    ? {}
    : { data_version: data.version, data_key_id: data.keyId, data: toBase64(data.sealed) }
}

function toBase64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
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

/** A session in the reply of a script: its key, and the values of the fields. */
type Found = readonly [key: unknown, values: unknown]

function toRow<Name extends Field>(names: readonly Name[], reply: unknown): Pick<Row, Name> {
  const values = reply as readonly (string | number | Buffer | null | undefined)[]
  const text = (value: (typeof values)[number]): string | null =>
    value === null || value === undefined ? null : String(value)
  return Object.fromEntries(names.map((name, index) => [name, text(values[index])])) as Pick<Row, Name>
}

function toRecord(key: string, reply: unknown): SessionRecord | undefined {
  const row = toRow(fields, reply)
  if (row.issuer === null) return undefined
  return {
    ...toRemoved(key, row),
    ...toListed(key, row),
    tokens: {
      version: Number(row.version),
      keyId: String(row.key_id),
      sealed: Buffer.from(String(row.tokens), 'base64'),
      accessExpiresAt: Number(row.access_expires_at),
    },
    absoluteExpiresAt: Number(row.absolute_expires_at),
  }
}

function toListed(key: unknown, row: Pick<Row, (typeof listedFields)[number]>): ListedSession {
  return {
    key: String(key),
    sid: row.sid ?? undefined,
    device: toSealed(row.device_key_id, row.device),
    createdAt: Number(row.created_at),
    lastSeenAt: Number(row.last_seen_at),
    expiresAt: Number(row.expires_at),
  }
}

function toRemoved(key: unknown, row: Pick<Row, (typeof removedFields)[number]>): RemovedSession {
  const data = toSealed(row.data_key_id, row.data)
  return {
    key: String(key),
    issuer: String(row.issuer),
    clientId: String(row.client_id),
    sid: row.sid ?? undefined,
    subject: String(row.subject),
    data: data && { ...data, version: Number(row.data_version) },
  }
}

function toSealed(keyId: string | null, sealed: string | null): SealedValue | undefined {
  return keyId === null || sealed === null ? undefined : { keyId, sealed: Buffer.from(sealed, 'base64') }
}
