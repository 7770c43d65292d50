import type { Request as ExpressRequest, Response as ExpressResponse, NextFunction } from 'express'
import { CloakwrightError } from '../errors.ts'
import {
  frameworkOfNode,
  fromIncoming,
  type Guard,
  type GuardedRequest,
  type Middleware,
  sendAnswer,
  sendResponse,
  serveRoutes,
} from '../guard/index.ts'
import { isNavigation } from '../http/index.ts'
import type { SessionEngine } from '../session/index.ts'
import type { KeycloakOptions } from './keycloak-options.ts'
import { notPart } from './unsupported.ts'

/** Serves the routes of the sessions and the logout; other requests pass synchronously. */
export function serveLogin(
  guard: Guard,
  sessions: SessionEngine | undefined,
  logoutPath: string,
  onRefused: NonNullable<KeycloakOptions['onRefused']>,
): Middleware {
  const { routes } = guard
  const prefix = routes?.prefix ?? '\0'
  const handle = (request: ExpressRequest, response: ExpressResponse, next: NextFunction): void => {
    const { method, originalUrl, path } = request
    const toGuarded = (): GuardedRequest => fromIncoming(request, request, frameworkOfNode)
    const refuse = (error: unknown): void => {
      const { log, answer } = guard.refuse(error, toGuarded())
      onRefused(log, request)
      sendAnswer(answer, response)
    }
    if (routes !== undefined && originalUrl.startsWith(prefix))
      void serveRoutes(routes, toGuarded(), response, next, (entry) => onRefused(entry, request))
    else if (method === 'POST' && adminCalls.has(path)) refuse(adminCallRefused(path))
    else if (sessions !== undefined && path === logoutPath && logoutMethods.has(method))
      signOut(sessions, toGuarded())
        .then((answer) => sendResponse(answer, response), refuse)
        // oxlint-disable-next-line promise/no-callback-in-promise -- the framework's way to receive an error
        .catch(next)
    else next()
  }
  // Express passes its own request and response, which the type does not mention.
  return handle as Middleware
}

const logoutMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST'])

/**
 * Signs out for a link of the old adapter. A click on a page of this service ends the session at once. Any other page could
 * have sent the browser here, by a link or an image: then the engine's page asks first. A POST needs the engine's proof of
 * its origin.
 *
 * @throws {CW_CONFIG_INVALID} With the old adapter's `redirect_url`.
 */
async function signOut(sessions: SessionEngine, request: GuardedRequest): Promise<Response> {
  const url = new URL(request.url)
  if (url.searchParams.has('redirect_url'))
    throw new CloakwrightError('CW_CONFIG_INVALID', 'keycloak-connect: the logout has a redirect_url', {
      status: 400,
      hint: 'Remove it from the link, and set postLogoutUrl of createSessions().',
    })
  const headers = new Headers()
  for (const name of forwarded) {
    const value = request.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  const isClick = request.method === 'GET' && isOwnClick(request)
  if (isClick) headers.set('content-type', 'application/x-www-form-urlencoded')
  const target = new URL(`${sessions.basePath}/logout`, url)
  const method = isClick ? 'POST' : request.method
  const engineRequest = new Request(target, { method, headers })
  const answer = await sessions.handle(engineRequest, { requestId: request.id() })
  return answer as Response
}

/** The headers that the engine's logout reads. */
const forwarded = [
  'accept',
  'accept-language',
  'content-type',
  'cookie',
  'origin',
  'sec-fetch-mode',
  'sec-fetch-site',
  'x-csrf',
]

/**
 * Whether the user clicked a link on a page of this service. Browsers set these headers, and no page can (Fetch Metadata
 * Request Headers). An image or frame has another destination, a script without a click has no user, and a redirect that
 * another site began is `cross-site`. Prefetching a link is no click.
 */
function isOwnClick({ headers }: GuardedRequest): boolean {
  return (
    headers.get('sec-fetch-site') === 'same-origin' &&
    headers.get('sec-fetch-mode') === 'navigate' &&
    headers.get('sec-fetch-dest') === 'document' &&
    headers.get('sec-fetch-user') === '?1' &&
    headers.get('sec-purpose') === null &&
    headers.get('purpose') === null
  )
}

/** What a page with `checkSso()` does for a browser that is not signed in here. */
export interface SsoCheck {
  /** Where to ask the realm; `undefined` once it has responded, and for requests that are no navigation. */
  readonly location: string | undefined
  readonly cookie: string | undefined
}

/**
 * Asks the realm once whether the browser is signed in there. A cookie marks that it was asked: when the browser is back
 * without a session, the page is shown without a user.
 */
export function checkRealm(sessions: SessionEngine, request: GuardedRequest): SsoCheck {
  if (!isNavigation(request)) return { location: undefined, cookie: undefined }
  const name = `${sessions.cookieName}_sso`
  const secure = name.startsWith('__Host-') ? '; Secure' : ''
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure}`
  const wasAsked = new RegExp(`(?:^|;)\\s*${name}=1\\s*(?:;|$)`).test(request.headers.get('cookie') ?? '')
  if (wasAsked) return { location: undefined, cookie: `${name}=; Max-Age=0; ${attributes}` }
  const login = sessions.loginPath(request)
  const location = `${login}${login.includes('?') ? '&' : '?'}prompt=none`
  return { location, cookie: `${name}=1; Max-Age=60; ${attributes}` }
}

/**
 * Keycloak calls these of the old adapter when an administrator signs a user out or revokes tokens, if the client still has
 * an Admin URL.
 */
const adminCalls: ReadonlySet<string> = new Set(['/k_logout', '/k_push_not_before'])

function adminCallRefused(path: string): CloakwrightError {
  const { message, hint = '' } = notPart(
    `POST ${path}`,
    'Remove the Admin URL of the client in Keycloak, and set its Backchannel logout URL to PUBLIC_URL/auth/backchannel-logout',
  )
  return new CloakwrightError('CW_CONFIG_INVALID', message, { status: 404, hint })
}
