import { isInternalAuthority, parseUrl, split } from './hosts.ts'

/** A realm or client name that stands in a URL's path without changing it. */
export function name(value: string): string | undefined {
  return value.length <= 255 && !/[/\\?#%;*\p{Cc}\p{Cf}]/u.test(value) && !/^\.+$/.test(value)
    ? value
    : undefined
}

/** Modes of TLS that the driver knows; it takes any other word for the strictest without a word. */
const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

/** Why the text is no connection string for PostgreSQL; `undefined` when it is one. Never repeats it. */
export function databaseUrlProblem(value: string): string | undefined {
  const url = parseUrl(value)
  if (url === undefined) return 'is not a URL'
  if (!/^postgres(?:ql)?:\/\//i.test(value)) return 'does not begin with postgresql://'
  if (value.includes('#')) return 'has a #, which ends a URL: in a password, write %23'
  if (![url.username, url.password, url.pathname].every(isEscaped))
    return 'has a % that begins no escape: in a password, write %25'
  if (!/^\/[^/]+$/.test(url.pathname)) return 'names no database, or more than one'
  const isSocket = /^%2f/i.test(url.hostname) || url.searchParams.has('host')
  if (!isSocket && !isInternalAuthority(url.host)) return 'names no host, or one that can’t be'
  const mode = url.searchParams.get('sslmode')
  if (mode !== null && !sslModes.includes(mode))
    return `has an unknown sslmode; known are ${sslModes.join(', ')}`
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

/** A folder's path: no shell expands it here, and the kernel's own file systems keep no files. */
export function folder(value: string): string | undefined {
  return /^~|^[a-z][a-z0-9+.-]+:\/\/|^\/(?:proc|sys)(?:\/|$)/i.test(value) ? undefined : value
}

/** One of the words. */
export function oneOf<const Word extends string>(
  ...words: readonly Word[]
): (value: string) => Word | undefined {
  return (value) => words.find((word) => word === value)
}

/** Comma-separated words, each of them one of these and once. */
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

/** `id:base64` comma-separated; answers the problem as text, which never holds key material. */
export function sessionKeys(value: string): ConfiguredKey[] | string {
  const keys: ConfiguredKey[] = []
  for (const [index, entry] of split(value).entries()) {
    const [, id, encoded] = /^([\w-]{1,32}):([A-Za-z0-9+/_-]+={0,2})$/.exec(entry) ?? []
    if (id === undefined || encoded === undefined)
      return `has an entry (number ${index + 1}) that is not id:base64`
    const key = Buffer.from(encoded, 'base64')
    if (key.length !== 32) return `has a key of ${key.length} bytes (${id}); 32 are needed`
    if (keys.some((other) => other.id === id)) return `has two keys with the id ${id}`
    keys.push({ id, key })
  }
  return keys.length === 0 ? 'holds no key' : keys
}
