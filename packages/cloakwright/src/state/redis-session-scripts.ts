/** The channel that carries the keys of changed sessions. */
export const sessionChannel = 'cloakwright:sessions'

/**
 * A session is a hash `session:<key>`. Sorted sets, one for each session of the realm and one for each subject, list its
 * key with the time when it expires. Every script starts with these functions.
 */
const functions = `
  local base = KEYS[1]
  local function now()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
  end
  local function hash(key) return base .. 'session:' .. key end
  local function changed(key) redis.call('PUBLISH', '${sessionChannel}', key) end
  local function keepUntil(key, ends)
    redis.call('PEXPIREAT', hash(key), ends)
    for _, name in ipairs(redis.call('HMGET', hash(key), 'sid_list', 'subject_list')) do
      if name then
        local list = base .. name
        redis.call('ZADD', list, ends, key)
        redis.call('ZREMRANGEBYSCORE', list, '-inf', string.format('(%.0f', now()))
        redis.call('PEXPIREAT', list, redis.call('ZREVRANGE', list, 0, 0, 'WITHSCORES')[2] or 0)
      end
    end
  end
  local function drop(key)
    for _, name in ipairs(redis.call('HMGET', hash(key), 'sid_list', 'subject_list')) do
      if name then redis.call('ZREM', base .. name, key) end
    end
    if redis.call('DEL', hash(key)) == 0 then return false end
    changed(key)
    return true
  end
  local function holds(key, holder) return redis.call('HGET', hash(key), 'refresh_holder') == holder end
  local function release(key) redis.call('HDEL', hash(key), 'refresh_holder', 'refresh_until') end
`

/** The key, the replaced key or '', when it expires, then fields and values. */
export const createScript: string = `${functions}
  if ARGV[2] ~= '' then drop(ARGV[2]) end
  redis.call('HSET', hash(ARGV[1]), unpack(ARGV, 4))
  keepUntil(ARGV[1], ARGV[3])`

/** The key, when it expires, then fields and values. */
export const touchScript: string = `${functions}
  if redis.call('EXISTS', hash(ARGV[1])) == 0 then return end
  redis.call('HSET', hash(ARGV[1]), unpack(ARGV, 3))
  keepUntil(ARGV[1], ARGV[2])`

/** The key, then the fields to return. */
export const removeScript: string = `${functions}
  local row = redis.call('HMGET', hash(ARGV[1]), unpack(ARGV, 2))
  drop(ARGV[1])
  return row`

/** The list, the client, the time before which the sessions were created or '', then the fields to return of each one. */
export const removeWhereScript: string = `${functions}
  local removed = {}
  for _, key in ipairs(redis.call('ZRANGE', base .. ARGV[1], 0, -1)) do
    local row = redis.call('HMGET', hash(key), 'client_id', 'created_at')
    if row[1] == ARGV[2] and (ARGV[3] == '' or tonumber(row[2]) < tonumber(ARGV[3])) then
      table.insert(removed, {key, redis.call('HMGET', hash(key), unpack(ARGV, 4))})
      drop(key)
    end
  end
  return removed`

/**
 * The list, the client, the time after which the sessions expire, the maximum number, then the fields to return. The list is
 * in the order of expiry.
 */
export const listScript: string = `${functions}
  local listed = {}
  for _, key in ipairs(redis.call('ZREVRANGE', base .. ARGV[1], 0, -1)) do
    if #listed == tonumber(ARGV[4]) then break end
    local row = redis.call('HMGET', hash(key), 'client_id', 'expires_at')
    if row[1] == ARGV[2] and tonumber(row[2]) > tonumber(ARGV[3]) then
      table.insert(listed, {key, redis.call('HMGET', hash(key), unpack(ARGV, 5))})
    end
  end
  return listed`

/** The key, the version before, then fields and values. */
export const writeDataScript: string = `${functions}
  local row = redis.call('HMGET', hash(ARGV[1]), 'issuer', 'data_version')
  if not row[1] or (row[2] or '0') ~= ARGV[2] then return 0 end
  redis.call('HSET', hash(ARGV[1]), unpack(ARGV, 3))
  changed(ARGV[1])
  return 1`

/** The key, the version, the holder and the milliseconds of the lease. */
export const claimScript: string = `${functions}
  local row = redis.call('HMGET', hash(ARGV[1]), 'version', 'refresh_until')
  if row[1] ~= ARGV[2] or (row[2] and tonumber(row[2]) > now()) then return 0 end
  redis.call('HSET', hash(ARGV[1]), 'refresh_holder', ARGV[3],
    'refresh_until', string.format('%.0f', now() + ARGV[4]))
  return 1`

/** The key, the holder, when the session's hash and the session expire, then fields and values. */
export const finishScript: string = `${functions}
  if not holds(ARGV[1], ARGV[2]) then return 0 end
  redis.call('HSET', hash(ARGV[1]), unpack(ARGV, 5))
  release(ARGV[1])
  if tonumber(redis.call('HGET', hash(ARGV[1]), 'expires_at')) < tonumber(ARGV[4]) then
    redis.call('HSET', hash(ARGV[1]), 'expires_at', ARGV[4])
    keepUntil(ARGV[1], ARGV[3])
  end
  changed(ARGV[1])
  return 1`

/** The key and the holder. */
export const abandonScript: string = `${functions}
  if holds(ARGV[1], ARGV[2]) then release(ARGV[1]) end`

/** The key and the holder. */
export const endScript: string = `${functions}
  if holds(ARGV[1], ARGV[2]) and drop(ARGV[1]) then return 1 end
  return 0`
