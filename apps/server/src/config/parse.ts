import { isIP } from 'node:net'

/** A whole number within the bounds, written in digits only. */
export function wholeNumber(minimum: number, maximum: number): (value: string) => number | undefined {
  return (value) => {
    const number = /^\d{1,9}$/.test(value) ? Number(value) : undefined
    return number !== undefined && number >= minimum && number <= maximum ? number : undefined
  }
}

/** An http(s) URL without credentials, query or fragment, its trailing slashes removed. */
export function baseUrl(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined
  if (url.username !== '' || url.password !== '' || /[?#]/.test(value)) return undefined
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** A {@link baseUrl} that is an origin: nothing after the port. */
export function origin(value: string): string | undefined {
  const url = baseUrl(value)
  return url !== undefined && new URL(url).pathname === '/' ? url : undefined
}

/** Whether the URL's host is this machine: localhost, 127.0.0.0/8 or ::1. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return /^(?:.+\.)?localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/.test(hostname)
}

/** A realm or client name that stands in a URL's path without changing it. */
export function name(value: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  return value.length <= 255 && !/[/\\?#%;\u0000-\u001f\u007f]/.test(value) && !/^\.+$/.test(value)
    ? value
    : undefined
}

/** Comma-separated addresses to listen on. */
export function hosts(value: string): string[] | undefined {
  const list = split(value)
  return list.length > 0 && list.every((host) => isIP(host) !== 0 || /^[A-Za-z0-9.-]+$/.test(host))
    ? list
    : undefined
}

/** Comma-separated addresses or networks (`10.0.0.0/8`). */
export function networks(value: string): string[] | undefined {
  const list = split(value)
  const valid = list.every((entry) => {
    const [address = '', bits, ...rest] = entry.split('/')
    const family = isIP(address)
    if (family === 0 || rest.length > 0) return false
    return bits === undefined || wholeNumber(0, family === 4 ? 32 : 128)(bits) !== undefined
  })
  return list.length > 0 && valid ? list : undefined
}

/** Why the text is no connection string for PostgreSQL; `undefined` when it is one. Never repeats it. */
export function databaseUrlProblem(value: string): string | undefined {
  if (!URL.canParse(value)) return 'is not a URL'
  const url = new URL(value)
  if (!/^postgres(?:ql)?:$/.test(url.protocol)) return 'does not begin with postgresql://'
  if (url.pathname.replace('/', '') === '') return 'names no database'
  return undefined
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

function split(value: string): string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}
