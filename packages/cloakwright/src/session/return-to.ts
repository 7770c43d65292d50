import { isNavigation, parseUrl } from '../http/index.ts'
import type { LoginParameters } from './login-parameters.ts'
import type { SessionRequest } from './types.ts'

/** Maximum length of a page to return to: with it, the URLs of the realm's login page stay below Keycloak's limit of 4,096 bytes. */
export const longestReturnTo = 1024

/** This service's URLs, as far as they decide where a login may return to. */
interface ReturnAddress {
  readonly basePath: string
  readonly publicOrigin: string
}

/**
 * A page of this service to return to, as path and query; `/` for anything else. It is only used behind the public
 * origin, so it cannot leave it. Anything that a browser, a proxy or the page's own code could take for another host
 * is refused anyway, also after decoding. A page that is too long loses its query.
 *
 * @param onTooLong Called with the number of characters if the page is too long, so the user may miss its query.
 */
export function toReturnTo(
  value: string | null | undefined,
  { basePath, publicOrigin }: ReturnAddress,
  onTooLong: (length: number) => void = () => {},
): string {
  if (value == null) return '/'
  if (isFormPath(value, basePath)) return value
  if (isTooLong(value)) onTooLong(value.length)
  const kept = isTooLong(value) ? (value.split(/[?#]/)[0] as string) : value
  // No backslash, which browsers treat as a slash; no control character or space, which they drop.
  // oxlint-disable-next-line no-control-regex -- these characters are refused
  if (isTooLong(kept) || /[\\\u0000-\u0020\u007f-\u00a0]/.test(kept) || !isPath(kept)) return '/'
  const url = parseUrl(kept, publicOrigin)
  if (url === undefined || url.origin !== publicOrigin) return '/'
  for (const path of decodings(url.pathname)) {
    // Dot segments are only resolved now: /.//host has become //host.
    const form = isPath(path) ? parseUrl(path, publicOrigin) : undefined
    if (form === undefined || form.origin !== publicOrigin || !isPath(form.pathname)) return '/'
    // A return to login or logout would be a loop.
    if (form.pathname === basePath || form.pathname.startsWith(`${basePath}/`)) return '/'
  }
  // With characters beyond ASCII encoded, it may only now be too long.
  const { pathname } = url
  const whole = pathname + url.search + url.hash
  if (!isTooLong(whole)) return whole
  onTooLong(whole.length)
  return isTooLong(pathname) ? '/' : pathname
}

function isTooLong(value: string): boolean {
  return value.length > longestReturnTo
}

/**
 * The path of a login that brings the user back to the page of this request: its own if it is a navigation, else the page
 * that sent it. Without a `Referer` of this service, the login ends at `/`.
 */
export function toLoginPath(
  here: ReturnAddress,
  request: SessionRequest,
  parameters: LoginParameters = {},
): string {
  const isPage = isNavigation(request)
  const page = parseUrl(isPage ? request.url : (request.headers.get('referer') ?? ''))
  const isHere = page !== undefined && (isPage || page.origin === here.publicOrigin)
  return toLoginUrl(here, isHere ? toReturnTo(page.pathname + page.search, here) : '/', parameters)
}

/** The path of a login that ends at a checked page. */
export function toLoginUrl(
  { basePath }: Pick<ReturnAddress, 'basePath'>,
  returnTo: string,
  parameters: LoginParameters = {},
): string {
  const search = Object.entries({ ...(returnTo === '/' ? {} : { returnTo }), ...parameters })
  const query = search.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  return `${basePath}/login${query === '' ? '' : `?${query}`}`
}

/** The page that sends a saved form: the only one below the routes of the sessions to which a login may return. */
export function toFormPath({ basePath }: Pick<ReturnAddress, 'basePath'>, id: string): string {
  return `${basePath}/form?id=${id}`
}

function isFormPath(value: string, basePath: string): boolean {
  const page = toFormPath({ basePath }, '')
  return value.startsWith(page) && /^[\w-]{43}$/.test(value.slice(page.length))
}

/** Whether no program could take the path for `//host`: one slash first, then no slash, backslash, space or control character. */
function isPath(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these characters are refused
  return /^\/(?![/\\\s\u00a0])[^\u0000-\u001f\u007f-\u009f]*$/.test(path)
}

/** A path, and what programs see that decode it once or more often. Only ASCII: nothing else is special in a path. */
function* decodings(path: string): Generator<string> {
  for (let form = path, last = ''; form !== last; ) {
    yield form
    last = form
    form = form.replace(/%([0-7][0-9a-f])/gi, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    )
  }
}
