import { randomUUID } from 'node:crypto'
import { CloakwrightError } from '../errors.ts'
import { isNavigation } from '../http/index.ts'
import { createPages } from '../pages/index.ts'
import { createKeyring } from '../sealing.ts'
import { type BackChannelLogout, createBackChannelLogout } from './back-channel-logout.ts'
import { answerCallback, isSignedIn } from './callback.ts'
import type { SessionContext } from './context.ts'
import { createCookies } from './cookies.ts'
import { findSession } from './find-session.ts'
import { startLogin } from './login.ts'
import { answerLogout } from './logout.ts'
import { checkOptions, type SessionOptions } from './options.ts'
import { errorPage, logoutPage } from './pages.ts'
import { createProvider } from './provider.ts'
import { createPublicHost, ledHere } from './public-host.ts'
import { methodNotAllowed, redirect } from './redirect.ts'
import { createRefresher } from './refresh.ts'
import { toLoginPath, toReturnTo } from './return-to.ts'
import { createSessionCache } from './session-cache.ts'
import type { SessionEngine, SessionRequest } from './types.ts'
import { createWatchers } from './watchers.ts'

/**
 * Creates browser login with a realm: OpenID Connect's authorization code flow with PKCE (RFC 7636), sessions on the
 * server, an opaque cookie in the browser.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 * @throws {CW_CONFIG_INSECURE} Plain http beyond loopback.
 *
 * @example
 * ```ts
 * import { createSessions, type SessionEngine } from 'cloakwright/session'
 * import { memorySessionStore } from 'cloakwright/state'
 *
 * export const sessions: SessionEngine = createSessions({
 *   issuer: 'https://id.example.com/realms/shop',
 *   clientId: 'shop',
 *   clientSecret: process.env['KEYCLOAK_CLIENT_SECRET'] ?? '',
 *   publicUrl: 'https://shop.example.com',
 *   keys: [{ id: 'k1', key: Buffer.from(process.env['SESSION_KEY'] ?? '', 'base64') }],
 *   store: memorySessionStore(),
 * })
 * ```
 */
export function createSessions(options: SessionOptions): SessionEngine {
  const config = checkOptions(options)
  const cookies = createCookies(config)
  const pages = createPages(options.pages)
  const report = (error: CloakwrightError, requestId?: string): void =>
    options.onError?.(error, { requestId })
  const watchers = createWatchers()
  const context: SessionContext = {
    config,
    cookies,
    keyring: createKeyring(options.keys),
    provider: createProvider(config),
    store: options.store,
    revocations: options.revocations,
    cache: createSessionCache(options.store, (key) => watchers.tell(key === undefined ? 'all' : { key })),
    watchers,
    publicHost: createPublicHost(config, cookies, report),
    pages,
    report,
  }
  const backChannelLogout = createBackChannelLogout(context)
  const keepFresh = createRefresher(context)
  return {
    basePath: config.basePath,
    cookieName: config.cookieName,
    pages: options.pages === undefined ? undefined : pages,
    handle: (request, details) =>
      answerRoute(context, request, details?.requestId ?? randomUUID(), backChannelLogout),
    authenticate: (request, use = {}) => findSession(context, keepFresh, request, use),
    watch: (session, onNews) => context.watchers.add(session, onNews),
    challenge: (request) => challenge(context, request),
    loginPath: (request) => toLoginPath(config, request),
    refreshSession: (request) => findSession(context, keepFresh, request, { freshAfter: 0 }),
    close: () => context.cache.close(),
  }
}

async function answerRoute(
  context: SessionContext,
  request: Request,
  requestId: string,
  backChannelLogout: BackChannelLogout,
): Promise<Response | undefined> {
  const { basePath, publicOrigin } = context.config
  const url = new URL(request.url)
  const { method } = request
  switch (url.pathname) {
    case `${basePath}/login`: {
      if (method !== 'GET') return methodNotAllowed('GET')
      const returnTo = toReturnTo(url.searchParams.get('returnTo'), publicOrigin, basePath)
      const again = `${basePath}/login?returnTo=${encodeURIComponent(returnTo)}`
      return await orErrorPage(context, request, requestId, again, login(context, request, returnTo, url))
    }
    case `${basePath}/callback`:
      if (method !== 'GET') return methodNotAllowed('GET')
      return await orErrorPage(
        context,
        request,
        requestId,
        `${basePath}/login`,
        answerCallback(context, request, requestId, url.searchParams),
      )
    case `${basePath}/logout`:
      if (method === 'GET') return logoutPage(context, request)
      if (method !== 'POST') return methodNotAllowed('GET, POST')
      return await orErrorPage(
        context,
        request,
        requestId,
        `${basePath}/logout`,
        answerLogout(context, request),
      )
    case `${basePath}/backchannel-logout`:
      return method === 'POST' ? await backChannelLogout(request) : methodNotAllowed('POST')
    default:
      return undefined
  }
}

async function login(
  context: SessionContext,
  request: SessionRequest,
  returnTo: string,
  url: URL,
): Promise<Response> {
  const led = context.publicHost.lead(request, url, returnTo)
  if (led !== undefined) return led
  // After a redirect from another host name, the user may be signed in on this one.
  if (url.searchParams.has(ledHere) && (await isSignedIn(context, request)))
    return redirect(context.config.publicOrigin + returnTo, [], 302)
  return await startLogin(context, request, returnTo)
}

/** Browsers get an error page with a link back. */
async function orErrorPage(
  context: SessionContext,
  request: SessionRequest,
  requestId: string,
  back: string,
  answer: Promise<Response>,
): Promise<Response> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof CloakwrightError)) throw error
    context.report(error, requestId)
    return errorPage(context, request, error, { requestId, back: context.config.publicOrigin + back })
  }
}

async function challenge(context: SessionContext, request: SessionRequest): Promise<Response | undefined> {
  if (!isNavigation(request)) return undefined
  const { publicOrigin, basePath } = context.config
  const url = new URL(request.url)
  const here = toReturnTo(url.pathname + url.search, publicOrigin, basePath)
  const requestId = request.id?.() ?? randomUUID()
  return await orErrorPage(context, request, requestId, here, login(context, request, here, url))
}
