import { isNavigation, parseUrl } from '../http/index.ts'
import type { SessionConfig } from './options.ts'
import type { SessionRequest } from './types.ts'

/** Long enough for real URLs, short enough for several logins' cookies in one request header. */
const longest = 1024

/**
 * A page of this service to return to, as path and query; `/` for anything else. It is only used behind the public
 * origin, so it cannot leave it. Anything that a browser, a proxy or the page's own code could take for another host
 * is refused anyway.
 */
export function toReturnTo(value: string | null | undefined, publicOrigin: string, basePath: string): string {
  if (value == null || value.length > longest) return '/'
  // One slash first; no backslash, which browsers treat as a slash; no control character or space, which they drop.
  // oxlint-disable-next-line no-control-regex -- these characters are refused
  if (!/^\/(?![/\\])[^\\\u0000-\u0020\u007f-\u00a0]*$/.test(value)) return '/'
  // The same after decoding: %2f, %5c, %09 right after the first slash.
  if (/^\/%(?:25)*(?:2f|5c|0[0-9a-f]|1[0-9a-f]|20)/i.test(value)) return '/'
  const url = parseUrl(value, publicOrigin)
  // Dot segments are only resolved now: /.//host has become //host.
  if (url === undefined || url.origin !== publicOrigin || url.pathname.startsWith('//')) return '/'
  // A return to login or logout would be a loop.
  if (url.pathname === basePath || url.pathname.startsWith(`${basePath}/`)) return '/'
  return url.pathname + url.search + url.hash
}

/**
 * The path of a login that brings the user back to the page of this request: its own if it is a navigation, else the page
 * that sent it. Without a `Referer` of this service, the login ends at `/`.
 */
export function toLoginPath(
  { basePath, publicOrigin }: Pick<SessionConfig, 'basePath' | 'publicOrigin'>,
  request: SessionRequest,
): string {
  const page = parseUrl(isNavigation(request) ? request.url : (request.headers.get('referer') ?? ''))
  const isHere = page !== undefined && (isNavigation(request) || page.origin === publicOrigin)
  const returnTo = isHere ? toReturnTo(page.pathname + page.search, publicOrigin, basePath) : '/'
  return `${basePath}/login${returnTo === '/' ? '' : `?returnTo=${encodeURIComponent(returnTo)}`}`
}
