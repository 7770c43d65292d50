import { isInternalAuthority, parseUrl, split } from './hosts.ts'

/** A realm or client name that can be part of a URL's path unchanged. */
export function name(value: string): string | undefined {
  return value.length <= 255 && !/[/\\?#%;*\p{Cc}\p{Cf}]/u.test(value) && !/^\.+$/.test(value)
    ? value
    : undefined
}

/** TLS modes that the driver knows; it silently treats any other value as the strictest. */
const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

/** Why the string is not a connection string for PostgreSQL; `undefined` if it is one. Never repeats it. */
export function databaseUrlProblem(value: string): string | undefined {
  const url = parseUrl(value)
  if (url === undefined) return 'is not a URL'
  if (!/^postgres(?:ql)?:\/\//i.test(value)) return 'does not start with postgresql://'
  if (value.includes('#')) return 'has a #, which ends the path of a URL: in a password, write %23'
  if (![url.username, url.password, url.pathname].every(isEscaped))
    return 'has a % without two hexadecimal digits: in a password, write %25'
  if (!/^\/[^/]+$/.test(url.pathname)) return 'must have exactly one database name'
  const isSocket = /^%2f/i.test(url.hostname) || url.searchParams.has('host')
  if (!isSocket && !isInternalAuthority(url.host)) return 'has no host, or an invalid one'
  const mode = url.searchParams.get('sslmode')
  if (mode !== null && !sslModes.includes(mode))
    return `has an unknown sslmode; use one of ${sslModes.join(', ')}`
  return undefined
}

function isEscaped(text: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(text) && isUtf8(text)
}

function isUtf8(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** A folder's path. Refuses `~`, which no shell expands here, and the kernel's own file systems, which cannot store files. */
export function folder(value: string): string | undefined {
  return /^~|^[a-z][a-z0-9+.-]+:\/\/|^\/(?:proc|sys)(?:\/|$)/i.test(value) ? undefined : value
}

/** One of the words. */
export function oneOf<const Word extends string>(
  ...words: readonly Word[]
): (value: string) => Word | undefined {
  return (value) => words.find((word) => word === value)
}

/** Comma-separated words, each from this list and only once. */
export function someOf<const Word extends string>(
  ...words: readonly Word[]
): (value: string) => Word[] | undefined {
  return (value) => {
    const list = split(value).map(oneOf(...words))
    const known = list.filter((word) => word !== undefined)
    return known.length === list.length && new Set(known).size === known.length ? known : undefined
  }
}

/** One key that encrypts session tokens. */
export interface ConfiguredKey {
  readonly id: string
  /** 32 bytes (AES-256). */
  readonly key: Uint8Array
}

/** Parses `id:base64`, comma-separated; returns the problem as a string, which never contains key material. */
export function sessionKeys(value: string): ConfiguredKey[] | string {
  const keys: ConfiguredKey[] = []
  for (const [index, entry] of split(value).entries()) {
    const [, id, encoded] = /^([\w-]{1,32}):([A-Za-z0-9+/_-]+={0,2})$/.exec(entry) ?? []
    if (id === undefined || encoded === undefined)
      return `has an entry (number ${index + 1}) that is not id:base64`
    const key = Buffer.from(encoded, 'base64')
    if (key.length !== 32) return `has a key (${id}) of ${key.length} bytes instead of 32`
    if (keys.some((other) => other.id === id)) return `has two keys with the id ${id}`
    keys.push({ id, key })
  }
  return keys.length === 0 ? 'has no key' : keys
}
