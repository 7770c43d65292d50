import { checkClockTolerance, systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { checkIssuer, checkUrl, type Fetch, isLoopback } from '../metadata/index.ts'
import { number } from '../numbers.ts'
import { requireFunctions, requireOptions } from '../options.ts'
import type { PagesOptions } from '../pages/index.ts'
import type { SessionKeys } from '../sealing.ts'
import type { SessionStore } from '../state/index.ts'
import type { Revocations } from '../token/index.ts'
import { toCookieName } from './cookies.ts'

/** Where an error occurred. */
export interface SessionErrorDetails {
  /** The id of the request, as on the error page; `undefined` if no single request caused the error. */
  readonly requestId: string | undefined
}

/** The options of a {@link createSessions | session engine}. */
export interface SessionOptions {
  /** The realm's public URL, exactly as in `iss`: `https://HOST/realms/REALM`. */
  readonly issuer: string
  /** The realm's URL for the service itself, if it differs from `issuer`. */
  readonly internalUrl?: string | undefined
  readonly clientId: string
  /** The client's secret, or a function that reads it: called before each use and after a 401, so that a rotation needs no restart. */
  readonly clientSecret: string | (() => string | Promise<string>)
  /** How the client authenticates, as registered in the realm: `client_secret_basic` by default. */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post' | undefined
  /**
   * The origin that browsers use, the only host for login and callback: a navigation on any other host is redirected here
   * first. A reverse proxy should forward the requested host; `onError` is called once if it does not.
   */
  readonly publicUrl: string
  /**
   * The first key encrypts, all decrypt. To rotate without a logout: add the new key at the end on every replica, then
   * move it to the front, and drop the old one after `absoluteTimeout`. A function is called before each use.
   */
  readonly keys: SessionKeys
  readonly store: SessionStore
  /**
   * Ends the access tokens of a session at a logout, by the user or by the realm, wherever they are used. Pass it to
   * the verifier too. Without it, a token that was already handed out is valid until its `exp`.
   */
  readonly revocations?: Revocations | undefined
  /**
   * The name of the session cookie. By default it ends in a hash of issuer and client, so that services on one host do not
   * share it. On https it must start with `__Host-`.
   */
  readonly cookieName?: string | undefined
  /** The pages at sign-in and sign-out. If this is set, guards with these sessions refuse navigations with them, too. */
  readonly pages?: PagesOptions | undefined
  /** The path prefix of login, callback and logout; `/auth` by default. */
  readonly basePath?: string | undefined
  /** Scopes to request at login, `openid` by default; `openid` is required. */
  readonly scope?: string | undefined
  /** Seconds without a request after which a session ends: 1800 by default, as Keycloak's SSO session idle. */
  readonly idleTimeout?: number | undefined
  /** Seconds after login at which a session ends in any case: 36000 by default, as Keycloak's SSO session max. */
  readonly absoluteTimeout?: number | undefined
  /** Seconds before its end at which an access token is refreshed: 30 by default, at most half of its lifetime. */
  readonly refreshMargin?: number | undefined
  /** Timeout of one call to the provider in milliseconds: 10000 by default. */
  readonly timeout?: number | undefined
  /** Called with each error that is shown as an error page, and once if a proxy hides the host, for the log. The errors contain no token, secret or claim value. */
  readonly onError?: ((error: CloakwrightError, details: SessionErrorDetails) => void) | undefined
  /** Seconds that the realm's clock may differ by, 0–300; 5 by default. It applies to ID tokens and logout tokens. */
  readonly clockTolerance?: number | undefined
  readonly fetch?: Fetch | undefined
  /** Milliseconds since the epoch; the system’s time by default. */
  readonly now?: (() => number) | undefined
  /** Accepts plain http beyond loopback, for development; refused when `NODE_ENV=production`. */
  readonly dangerouslyAllowHttp?: boolean | undefined
}

/** The checked options with defaults; times in milliseconds. */
export interface SessionConfig {
  readonly issuer: string
  readonly internalUrl: string | undefined
  readonly clientId: string
  readonly clientAuthentication: 'client_secret_basic' | 'client_secret_post'
  /** Scheme, host and port: the origin of all URLs of this service. */
  readonly publicOrigin: string
  readonly publicHostname: string
  /** Whether cookies are `Secure` and have the prefix `__Host-`. */
  readonly secureCookies: boolean
  readonly cookieName: string
  readonly basePath: string
  readonly scope: string
  readonly idleTimeout: number
  readonly absoluteTimeout: number
  readonly refreshMargin: number
  readonly timeout: number
  readonly dangerouslyAllowHttp: boolean
  readonly now: () => number
  /** Seconds. */
  readonly clockTolerance: number
  readonly fetch: Fetch
  readonly readSecret: () => Promise<string>
}

/**
 * Checks the options of a session engine.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 * @throws {CW_CONFIG_INSECURE} Plain http beyond loopback.
 */
export function checkOptions(options: SessionOptions): SessionConfig {
  requireOptions(
    'createSessions',
    '{ issuer, clientId, clientSecret, publicUrl, keys, store }',
    options,
    kinds,
  )
  const dangerouslyAllowHttp = options.dangerouslyAllowHttp ?? false
  const publicUrl = checkPublicUrl(options.publicUrl, dangerouslyAllowHttp)
  const { basePath = '/auth', scope = 'openid', clientSecret } = options
  if (!/^(?:\/[A-Za-z0-9_-]+)+$/.test(basePath))
    throw invalid(
      'basePath',
      'not a path such as /auth',
      'Start it with a slash, without a slash at the end.',
    )
  if (!scope.split(' ').includes('openid'))
    throw invalid('scope', 'openid is missing', 'Add openid: a session needs an ID token.')
  if (options.clientId === undefined || options.clientId === '')
    throw missing('clientId', 'Set it to the client’s ID in the realm.')
  const readSecret = async (): Promise<string> => {
    const secret = typeof clientSecret === 'function' ? await clientSecret() : clientSecret
    if (typeof secret === 'string' && secret !== '') return secret
    throw missing('clientSecret', 'Copy it from the client’s credentials in Keycloak.')
  }
  if (typeof clientSecret !== 'function' && !clientSecret)
    throw missing('clientSecret', 'Copy it from the client’s credentials in Keycloak.')
  const seconds = (name: 'idleTimeout' | 'absoluteTimeout' | 'refreshMargin', fallback: number): number => {
    const value = options[name] ?? fallback
    if (!Number.isFinite(value) || value <= 0)
      throw invalid(name, 'not a positive number', `Set it in seconds; ${fallback} is the default.`)
    return value * 1000
  }
  requireFunctions(
    'store',
    options.store,
    ['read', 'create'],
    'Pass a store of cloakwright/state: postgresSessionStore(sql)',
  )
  const issuer = checkIssuer(options.issuer, dangerouslyAllowHttp)
  const secureCookies = publicUrl.protocol === 'https:'
  return {
    issuer,
    internalUrl: options.internalUrl,
    clientId: options.clientId,
    clientAuthentication: checkAuthentication(options.clientAuthentication),
    publicOrigin: publicUrl.origin,
    publicHostname: publicUrl.hostname,
    secureCookies,
    cookieName:
      checkCookieName(options.cookieName, secureCookies) ??
      toCookieName(secureCookies, issuer, options.clientId),
    basePath,
    scope,
    idleTimeout: seconds('idleTimeout', 1800),
    absoluteTimeout: seconds('absoluteTimeout', 36_000),
    refreshMargin: seconds('refreshMargin', 30),
    timeout: number('timeout', options.timeout, 10_000, 1, 120_000),
    dangerouslyAllowHttp,
    now: options.now ?? systemTime,
    clockTolerance: checkClockTolerance(options.clockTolerance),
    fetch: options.fetch ?? globalThis.fetch,
    readSecret,
  }
}

function checkCookieName(name: string | undefined, secure: boolean): string | undefined {
  if (name === undefined) return undefined
  if (!/^[\w-]{1,64}$/.test(name))
    throw invalid('cookieName', 'not 1 to 64 letters, digits, - or _', 'Omit it for the default.')
  if (secure !== name.startsWith('__Host-'))
    throw secure
      ? invalid(
          'cookieName',
          'does not start with __Host-',
          `Set it to __Host-${name}: no other host can set such a cookie.`,
        )
      : invalid(
          'cookieName',
          'starts with __Host-, which browsers refuse on http',
          'Leave the prefix out on http.',
        )
  return name
}

const kinds = {
  clientId: 'string',
  pages: 'object',
  basePath: 'string',
  cookieName: 'string',
  scope: 'string',
  revocations: 'object',
  onError: 'function',
  fetch: 'function',
  now: 'function',
} as const

function checkPublicUrl(value: string, dangerouslyAllowHttp: boolean): URL {
  if (value === undefined || value === '')
    throw missing('publicUrl', 'Set it to the origin that browsers use, such as https://app.example.com')
  const url = checkUrl('publicUrl', value)
  if (url.pathname !== '/')
    throw invalid('publicUrl', 'has a path', 'Use scheme, host and port only: https://app.example.com')
  const production = process.env['NODE_ENV'] === 'production'
  if (url.protocol === 'http:' && !isLoopback(url) && (production || !dangerouslyAllowHttp))
    throw new CloakwrightError('CW_CONFIG_INSECURE', 'publicUrl: plain http is allowed on loopback only', {
      hint: production
        ? 'Use https.'
        : 'Use https; for development only, set dangerouslyAllowHttp: true. Cookies can then be read on the network.',
    })
  return url
}

function checkAuthentication(
  method: SessionConfig['clientAuthentication'] = 'client_secret_basic',
): SessionConfig['clientAuthentication'] {
  if (method === 'client_secret_basic' || method === 'client_secret_post') return method
  throw invalid(
    'clientAuthentication',
    'not client_secret_basic or client_secret_post',
    'Set it to the method that the client is registered with, or omit it for client_secret_basic.',
  )
}

function missing(name: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_MISSING', `${name} is missing`, { hint })
}

function invalid(name: string, why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `${name}: ${why}`, { hint })
}
