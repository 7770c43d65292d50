import { parseUrl } from '../http/index.ts'
import type { Upstream } from './options.ts'

/**
 * A `Location` of the upstream as the browser reaches it: by a path of this service. A URL of another origin stays as it is,
 * and so does one of the upstream that this service does not forward to.
 *
 * @param path The path of the request at the upstream, to which a relative URL refers.
 */
export function toOwnLocation(
  location: string,
  path: string,
  { origin, path: base, prefix }: Upstream,
): string {
  const url = parseUrl(location, origin + path)
  if (url === undefined || url.origin !== origin) return location
  if (url.pathname !== base && !url.pathname.startsWith(`${base}/`)) return url.href
  // Two slashes at the start would name another host.
  const own = (prefix + url.pathname.slice(base.length)).replace(/^\/+/, '/')
  return (own === '' ? '/' : own) + url.search + url.hash
}
