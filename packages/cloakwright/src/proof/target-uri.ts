import { parseUrl } from '../http/index.ts'

/** Printable ASCII without characters that are not allowed in a URI or that URL parsers silently change: backslash, tab, newline. */
const uriText = /^[\x21\x23-\x3b\x3d\x3f-\x5b\x5d-\x7e]+$/

/** Scheme, authority without credentials, path. */
const httpUri = /^https?:\/\/[^/?#@]+(?:[/?#]|$)/i

/**
 * An http(s) URI without query and fragment, normalized by RFC 3986 §6.2.2 and §6.2.3:
 * scheme and host in lower case, no default port, no dot segments, no escaped unreserved characters, other escapes in
 * upper case, IPv6 addresses compressed.
 *
 * @returns `undefined` if it is not such a URI.
 */
export function toTargetUri(text: string): string | undefined {
  if (!uriText.test(text) || !httpUri.test(text)) return undefined
  const end = text.search(/[?#]/)
  const unescaped = (end === -1 ? text : text.slice(0, end)).replaceAll(/%[\da-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : escape.toUpperCase()
  })
  const url = parseUrl(unescaped)
  return url === undefined ? undefined : `${url.protocol}//${url.host}${url.pathname}`
}
