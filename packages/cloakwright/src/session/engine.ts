import { withAtOnce } from '../at-once.ts'
import type { CloakwrightError } from '../errors.ts'
import { createOrDefer } from '../next-build.ts'
import { createPages } from '../pages/index.ts'
import { createKeyring } from '../sealing.ts'
import type { SessionStore } from '../state/index.ts'
import { createBackChannelLogout } from './back-channel-logout.ts'
import type { SessionParts } from './browser-session.ts'
import { checkOptions } from './config.ts'
import type { SessionContext } from './context.ts'
import { createCookies, defaultBasePath } from './cookies.ts'
import { findByKey, findSession } from './find-session.ts'
import { createHooks } from './hooks.ts'
import { challenge } from './login/index.ts'
import { toStepUp } from './login-parameters.ts'
import type { SessionOptions } from './options.ts'
import { createProvider } from './provider.ts'
import { createPublicHost } from './public-host.ts'
import { createRefresher } from './refresh.ts'
import { toLoginPath } from './return-to.ts'
import { createRoutes } from './routes.ts'
import { createSessionCache, type SessionCache } from './session-cache.ts'
import { createSessionKeys } from './session-key.ts'
import type { Session, SessionEngine, SessionRequest, SessionUse } from './types.ts'
import { userSessions } from './user-sessions.ts'
import { createWatchers, type Ended, type Watchers } from './watchers.ts'

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
export function createSessions<Data = unknown>(options: SessionOptions<Data>): SessionEngine<Data> {
  return createOrDefer(
    () => createEngine(options as SessionOptions) as SessionEngine<Data>,
    (error) => unusable(options as SessionOptions, error) as SessionEngine<Data>,
  )
}

/** During a build without the service's environment. */
function unusable(
  { basePath = defaultBasePath, cookieName = '' }: SessionOptions,
  error: CloakwrightError,
): SessionEngine {
  const fail = (): Promise<never> => Promise.reject(error)
  return {
    basePath,
    cookieName,
    pages: undefined,
    handle: fail,
    authenticate: fail,
    watch: () => () => {},
    challenge: fail,
    loginPath: () => `${basePath}/login`,
    refreshSession: fail,
    list: fail,
    end: fail,
    endOthers: fail,
    close: async () => {},
  }
}

type AuthenticateAtOnce = (
  request: SessionRequest,
  use?: SessionUse,
) => Session | undefined | Promise<Session | undefined>

/** What several engines on one store share: it costs one connection and one limit of memory, however many there are. */
export interface SessionState {
  readonly cache: SessionCache
  readonly watchers: Watchers
}

/** Opens the state of a store in this process. */
export function openState(store: SessionStore): SessionState {
  const watchers = createWatchers()
  const cache = createSessionCache(store, (key) => watchers.tell(key === undefined ? 'all' : { key }))
  const tell = (ended: Ended): void => {
    cache.forget(ended)
    watchers.tell(ended)
  }
  return { cache, watchers: { ...watchers, tell } }
}

/** @param shared The state that belongs to the caller; by default the engine opens its own, and closes it. */
export function createEngine(options: SessionOptions, shared?: SessionState): SessionEngine {
  const config = checkOptions(options)
  const cookies = createCookies(config)
  const report = (error: CloakwrightError, requestId?: string): void =>
    options.onError?.(error, { requestId })
  const pages = createPages(options.pages)
  const { cache, watchers } = shared ?? openState(options.store)
  const keyring = createKeyring(options.keys)
  const context: SessionContext = {
    config,
    cookies,
    keyring,
    hooks: createHooks(options as SessionOptions, config, keyring, report),
    provider: createProvider(config),
    store: options.store,
    revocations: options.revocations,
    cache,
    keyOf: createSessionKeys(cookies),
    watchers,
    publicHost: createPublicHost(config, cookies, report),
    pages,
    report,
  }
  const parts: SessionParts = {
    context,
    keepFresh: createRefresher(context),
    findByKey: (key, use) => findByKey(parts, key, use),
  }
  const find: AuthenticateAtOnce = (request, use = {}) => findSession(parts, request, use)
  return {
    basePath: config.basePath,
    cookieName: config.cookieName,
    pages: options.pages === undefined ? undefined : pages,
    handle: createRoutes(context, createBackChannelLogout(context)),
    authenticate: withAtOnce(async (request, use = {}) => await find(request, use), find),
    watch: (session, onNews) => watchers.add(session, onNews),
    challenge: (request, needs = {}) => challenge(context, request, needs),
    loginPath: (request, stepUp) => toLoginPath(config, request, stepUp && toStepUp(stepUp)),
    refreshSession: async (request) => await find(request, { freshAfter: 0 }),
    ...userSessions,
    close: async () => (shared === undefined ? await cache.close() : undefined),
  }
}
