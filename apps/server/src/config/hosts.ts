import { isIP } from 'node:net'

/** A whole number within the bounds, written in digits only and without leading zeros. */
export function wholeNumber(minimum: number, maximum: number): (value: string) => number | undefined {
  return (value) => {
    const number = /^(?:0|[1-9]\d{0,8})$/.test(value) ? Number(value) : undefined
    return number !== undefined && number >= minimum && number <= maximum ? number : undefined
  }
}

const port = wholeNumber(1, 65_535)

/** An http(s) URL without credentials, query or fragment; trailing slashes are removed. */
export function baseUrl(value: string): string | undefined {
  return httpUrl(value, isAuthority)
}

/** A {@link baseUrl} that no browser uses: its host may end with the dot of a fully qualified name. */
export function internalUrl(value: string): string | undefined {
  return httpUrl(value, isInternalAuthority)
}

function httpUrl(value: string, isHost: (authority: string) => boolean): string | undefined {
  const written = /^https?:\/\/([^/?#\\@\s]+)(\/[^?#\\\s]*)?$/i.exec(value)
  const url = parseUrl(value)
  if (written === null || url === undefined) return undefined
  const [, authority = '', path = '/'] = written
  // A URL parser removes dot segments and accepts many spellings of a host: a value that it changes is probably a mistake.
  if (url.pathname !== path || !isHost(authority)) return undefined
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** A {@link baseUrl} that is an origin, with nothing after the port. */
export function origin(value: string): string | undefined {
  const url = baseUrl(value)
  return url !== undefined && new URL(url).pathname === '/' ? url : undefined
}

/** Comma-separated IP addresses or host names to listen on, each once. */
export function hosts(value: string): string[] | undefined {
  const list = split(value)
  const valid = list.every((host) => isIP(host) !== 0 || isHostName(host))
  return valid && new Set(list).size === list.length ? list : undefined
}

/** Comma-separated IP addresses or networks (`10.0.0.0/8`). */
export function networks(value: string): string[] | undefined {
  const list = split(value)
  return list.every(isNetwork) ? list : undefined
}

/** Refuses /0, which matches everyone, and zones (`%eth0`), which a proxy's IP address does not have. */
function isNetwork(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/')
  const family = isIP(address)
  if (family === 0 || address.includes('%') || rest.length > 0) return false
  return bits === undefined || wholeNumber(1, family === 4 ? 32 : 128)(bits) !== undefined
}

/** `host` or `host:port` of a URL that a browser or a client can reach. */
export function isAuthority(authority: string): boolean {
  const [, host = '', number] = /^(\[[^\]]*\]|[^:]+)(?::(.*))?$/.exec(authority) ?? []
  if (number !== undefined && port(number) === undefined) return false
  if (host.startsWith('[')) return isIP(host.slice(1, -1)) === 6 && !/^\[[0:]+\]$/.test(host)
  return host !== '0.0.0.0' && (isIP(host) === 4 || isHostName(host))
}

/** An {@link isAuthority} with a name that may be fully qualified: in clusters, the dot at its end saves DNS queries. */
export function isInternalAuthority(authority: string): boolean {
  return isAuthority(authority.replace(/(?<=\p{L})\.(?=:|$)/u, ''))
}

/** A host name that is not parsed as an IP address (`0x7f.1`). */
function isHostName(host: string): boolean {
  const labels = host.split('.')
  const named = labels.every((label) => /^[\p{L}\p{N}_](?:[\p{L}\p{N}_-]*[\p{L}\p{N}_])?$/u.test(label))
  const url = named ? parseUrl(`http://${host}`) : undefined
  return url !== undefined && isIP(url.hostname) === 0
}

/** The entries of a list; an empty entry is invalid. */
export function split(value: string): string[] {
  return value.split(',').map((entry) => entry.trim())
}

/**
 * The URL, or `undefined` where the string is not one. Not by `URL.canParse`: once optimized, that of Node 20 refuses URLs
 * with Latin-1 characters that are not ASCII.
 */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
