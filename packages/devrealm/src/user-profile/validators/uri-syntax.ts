import { isIPv6 } from 'node:net'

/** The used parts of a URI. `port` is the string after the host, numeric or not. */
export interface UriParts {
  readonly scheme: string | undefined
  readonly port: string | undefined
  readonly fragment: string | undefined
}

/** Reads a URI as Java's `java.net.URI` does (RFC 2396, with letters beyond ASCII); problems have Java's messages. */
export function parseUri(text: string): UriParts | { readonly problem: string } {
  try {
    return new UriReader(text).read()
  } catch (error) {
    if (error instanceof UriError) return { problem: `${error.message}: ${text}` }
    throw error
  }
}

class UriError extends Error {
  constructor(reason: string, at: number) {
    super(`${reason} at index ${at}`)
  }
}

const unreserved = String.raw`a-zA-Z0-9_\-!.~'()*`
const userInfo = `${unreserved};:&=+$,`
const allowed = {
  path: new RegExp(String.raw`[${unreserved}:@&=+$,;\/]`),
  uric: new RegExp(String.raw`[${unreserved};\/?:@&=+$,\[\]]`),
  server: new RegExp(String.raw`[${userInfo}@\[\]]`),
  registry: new RegExp(`[${unreserved}$,;:@&=+]`),
}

class UriReader {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  read(): UriParts {
    const text = this.#text
    const [scheme] = /^[^/?#:]*(?=:)/.exec(text) ?? []
    let at = 0
    if (scheme !== undefined) {
      if (scheme === '') throw new UriError('Expected scheme name', 0)
      const odd = /^[^a-zA-Z]|(?<=.)[^a-zA-Z0-9+.-]/s.exec(scheme)
      if (odd !== null) throw new UriError('Illegal character in scheme name', odd.index)
      at = scheme.length + 1
    }
    const hash = text.indexOf('#')
    const end = hash < 0 ? text.length : hash
    const port =
      scheme === undefined || text[at] === '/' ? this.#hierarchical(at, end) : this.#opaque(at, end)
    if (hash >= 0) this.#check(hash + 1, text.length, allowed.uric, 'fragment')
    return { scheme, port, fragment: hash < 0 ? undefined : decoded(text.slice(hash + 1)) }
  }

  #opaque(at: number, end: number): undefined {
    if (end <= at) throw new UriError('Expected scheme-specific part', at)
    this.#check(at, end, allowed.uric, 'opaque part')
  }

  #hierarchical(from: number, end: number): string | undefined {
    let at = from
    let port: string | undefined
    if (this.#text.startsWith('//', at)) {
      at += 2
      const stop = at + this.#text.slice(at, end).search(/[/?]|$/)
      if (stop > at) port = this.#authority(at, stop)
      else if (stop >= this.#text.length) throw new UriError('Expected authority', at)
      at = stop
    }
    const query = this.#text.slice(at, end).indexOf('?')
    const stop = query < 0 ? end : at + query
    this.#check(at, stop, allowed.path, 'path')
    if (query >= 0) this.#check(stop + 1, end, allowed.uric, 'query')
    return port
  }

  /** A host with a port, or a registry-based name. */
  #authority(at: number, end: number): string | undefined {
    const text = this.#text.slice(at, end)
    const hasBracket = text.indexOf(']') > 0
    const isServer = this.#scan(at, end, allowed.server, hasBracket) === end
    if (this.#scan(at, end, allowed.registry, false) === end)
      return /:(.*)$/s.exec(text.replace(/^.*@/s, ''))?.[1]
    if (!isServer) throw new UriError('Illegal character in authority', at)
    const host = at + text.lastIndexOf('@') + 1
    if (this.#text[host] !== '[') throw new UriError('Illegal character in hostname', host)
    const close = this.#text.slice(0, end).indexOf(']', host)
    if (close < 0) throw new UriError('Expected closing bracket for IPv6 address', end)
    requireIpv6(this.#text.slice(host + 1, close), host + 1)
    const rest = this.#text.slice(close + 1, end)
    if (rest !== '' && !/^:\d*$/.test(rest)) throw new UriError('Expected port number', close + 1)
    return rest === '' ? undefined : rest.slice(1)
  }

  #check(at: number, end: number, letters: RegExp, what: string): void {
    const stop = this.#scan(at, end, letters, false)
    if (stop < end) throw new UriError(`Illegal character in ${what}`, stop)
  }

  /** The index of the first character that is neither in `letters`, an escape nor a non-ASCII letter. */
  #scan(from: number, end: number, letters: RegExp, percent: boolean): number {
    let at = from
    while (at < end) {
      const letter = this.#text[at] ?? ''
      if (letter === '%' && !percent) {
        if (!/^%[0-9a-fA-F]{2}$/.test(this.#text.slice(at, Math.min(at + 3, end)))) {
          throw new UriError('Malformed escape pair', at)
        }
        at += 3
      } else if (letters.test(letter) || letter === '%' || /[^\0-\x80\p{Z}\p{Cc}]/u.test(letter)) {
        at += 1
      } else {
        return at
      }
    }
    return at
  }
}

function requireIpv6(address: string, at: number): void {
  const [plain = '', ...scope] = address.split('%')
  if (isIPv6(plain) && scope.length < 2 && /^[\w.]*$/.test(scope[0] ?? '')) return
  const odd = /[^0-9a-fA-F:.]/.exec(plain)
  throw odd === null
    ? new UriError('Malformed IPv6 address', at)
    : new UriError('Expected hex digits or IPv4 address', at + odd.index)
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}
