import { notForwarded } from './errors.ts'
import type { Upstream } from './options.ts'

/**
 * The path and query for the upstream. Paths that two servers may read differently are refused: else the path that a guard
 * of this service has checked could be another one for the upstream (`/api/public/..%2fadmin`, `/api//admin`). The query is
 * passed byte for byte.
 *
 * @throws {CW_FORWARD_REFUSED}
 */
export function toUpstreamPath(target: string, { prefix, path: base }: Upstream): string {
  const question = target.indexOf('?')
  const path = question === -1 ? target : target.slice(0, question)
  const query = question === -1 ? '' : target.slice(question)
  // Absolute form (RFC 9112 §3.2.2) and `*` name no path of this service.
  if (!path.startsWith('/')) throw notForwarded('its target is not a path', 'Send a path: GET /api/orders')
  const why = ambiguityOf(path)
  if (why !== undefined)
    throw notForwarded(
      `its path has ${why}`,
      'Send the path in the form that RFC 3986 §6.2.2 calls normalized.',
    )
  if (query.includes('#')) throw notForwarded('its target has a fragment', 'Send the path and query only.')
  if (path !== prefix && !path.startsWith(`${prefix}/`))
    throw notForwarded(`its path is not below ${prefix}`, `Send it to ${prefix}/…`, 404)
  const rest = base + path.slice(prefix.length)
  return (rest === '' ? '/' : rest) + query
}

/** Characters that some servers treat as a separator, or cut off. */
const ambiguous: readonly (readonly [RegExp, string])[] = [
  [/\/\//, 'an empty segment'],
  [/[\\;#]|%(?:2f|5c|3b|23)/i, 'a backslash, semicolon or fragment, or an encoded slash'],
  [/[^\x21-\x7e]|%(?:[01][\da-f]|7f)/i, 'a control character or a character beyond ASCII'],
  [/%(?![\da-f]{2})/i, 'an incomplete percent encoding'],
  [/%25[\da-f]{2}/i, 'a double percent encoding'],
  [
    /%(?:2[de]|3\d|[46][1-9a-f]|[57][\da]|5f|7e)/i,
    'an encoded letter, digit or other character that needs none',
  ],
  [/\/\.{1,2}(?:\/|$)/, 'a dot segment'],
]

function ambiguityOf(path: string): string | undefined {
  // Nearly every path.
  if (plain.test(path)) return undefined
  const found = ambiguous.find(([pattern]) => pattern.test(path))
  if (found !== undefined) return found[1]
  try {
    decodeURIComponent(path)
    return undefined
  } catch {
    return 'a percent encoding that is not UTF-8'
  }
}

const plain = /^(?:\/[\w~-]+)*\/?$/
