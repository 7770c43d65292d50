import type { FormStore } from './ports.ts'
import { base, type RedisClientLike, runCommand, runScript } from './redis-client.ts'
import { formsOfOwner } from './saved-forms.ts'

/** Milliseconds that an expired form is kept: the clocks of replicas and Redis may differ. */
const grace = 60_000

/**
 * A form is the hash `form:<key>`; the sorted set `forms:<owner>` has the owner's keys with the time when they expire. All
 * expire by themselves. The key, the owner, when it expires, then fields and values.
 */
const saveScript = `
  local form, list = KEYS[1] .. 'form:' .. ARGV[1], KEYS[1] .. 'forms:' .. ARGV[2]
  redis.call('HSET', form, unpack(ARGV, 4))
  redis.call('ZADD', list, ARGV[3], ARGV[1])
  for _, key in ipairs(redis.call('ZREVRANGE', list, ${formsOfOwner}, -1)) do
    redis.call('DEL', KEYS[1] .. 'form:' .. key)
    redis.call('ZREM', list, key)
  end
  redis.call('PEXPIREAT', form, ARGV[3])
  redis.call('PEXPIREAT', list, ARGV[3])`

/** The key. */
const takeScript = `
  local form = KEYS[1] .. 'form:' .. ARGV[1]
  local owner = redis.call('HGET', form, 'owner')
  if owner then redis.call('ZREM', KEYS[1] .. 'forms:' .. owner, ARGV[1]) end
  return redis.call('DEL', form)`

const fields = ['owner', 'key_id', 'sealed', 'expires_at'] as const

/** Keeps forms in Redis or Valkey. */
export function redisFormStore(client: RedisClientLike): FormStore {
  return {
    async saveForm({ key, owner, keyId, sealed, expiresAt }) {
      const { buffer, byteOffset, byteLength } = sealed
      const text = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
      const values = [owner, keyId, text, String(expiresAt)]
      const end = String(Math.ceil(expiresAt) + grace)
      const pairs = fields.flatMap((field, index) => [field, String(values[index])])
      await runScript(client, saveScript, [key, owner, end, ...pairs])
    },
    async readForm(key, now) {
      const reply = await runCommand(client, ['HMGET', `${base}form:${key}`, ...fields])
      // A client may be set to return strings as bytes.
      const values = reply as readonly (string | Buffer | null)[]
      const [owner, keyId, sealed, expires] = values.map((value) => value?.toString())
      const expiresAt = Number(expires)
      if (owner === undefined || keyId === undefined || sealed === undefined || !(expiresAt > now))
        return undefined
      return { key, owner, keyId, sealed: Buffer.from(sealed, 'base64'), expiresAt }
    },
    async takeForm(key) {
      return Number(await runScript(client, takeScript, [key])) === 1
    },
  }
}
