import { parseUrl } from '../http/index.ts'

/** Long enough for real addresses, short enough for several logins' cookies in one request header. */
const longest = 1024

/**
 * A page of this service to come back to, as path and query; `/` for anything else. It is only ever used behind the
 * public origin, so that it can't leave it; what a browser, a proxy or the page's own code could take for another host
 * is refused all the same.
 */
export function toReturnTo(value: string | null | undefined, publicOrigin: string, basePath: string): string {
  if (value == null || value.length > longest) return '/'
  // One slash first; no backslash, which browsers take for one; no control character or space, which they drop.
  // oxlint-disable-next-line no-control-regex -- that is what is refused
  if (!/^\/(?![/\\])[^\\\u0000-\u0020\u007f-\u00a0]*$/.test(value)) return '/'
  // The same once decoded: %2f, %5c, %09 right after the first slash.
  if (/^\/%(?:25)*(?:2f|5c|0[0-9a-f]|1[0-9a-f]|20)/i.test(value)) return '/'
  const url = parseUrl(value, publicOrigin)
  // Dot segments are gone only now: /.//host has become //host.
  if (url === undefined || url.origin !== publicOrigin || url.pathname.startsWith('//')) return '/'
  // Back to login or logout would go round in circles.
  if (url.pathname === basePath || url.pathname.startsWith(`${basePath}/`)) return '/'
  return url.pathname + url.search + url.hash
}
