import { checkClockTolerance, systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { parseUrl } from '../http/index.ts'
import { checkIssuer, checkUrl, isLoopback } from '../metadata/index.ts'
import { number } from '../numbers.ts'
import { requireFunctions, requireOptions } from '../options.ts'
import { checkCredential, type RealmClientConfig } from '../provider/index.ts'
import type { SessionStore } from '../state/index.ts'
import { defaultBasePath, toCookieName } from './cookies.ts'
import type { SessionOptions } from './options.ts'

/** The checked options with defaults; times in milliseconds. */
export interface SessionConfig extends RealmClientConfig {
  /** Scheme, host and port: the origin of all URLs of this service. */
  readonly publicOrigin: string
  readonly publicHostname: string
  /** Whether cookies are `Secure` and have the prefix `__Host-`. */
  readonly secureCookies: boolean
  readonly cookieName: string
  readonly basePath: string
  /** The URL of the routes, `https://shop.example.com/auth`: logins and sessions of one service are worthless at any other. */
  readonly baseUrl: string
  /** The absolute URL where a browser lands after it signed out. */
  readonly postLogoutUrl: string
  /** The content types of forms that are saved; `undefined` if none are. */
  readonly saveForms: ReadonlySet<string> | undefined
  readonly pushedAuthorization: boolean
  readonly scope: string
  /** The parameters of requests that name the resource (RFC 8707 §2). */
  readonly resource: { readonly resource?: string }
  readonly idleTimeout: number
  readonly absoluteTimeout: number
  readonly refreshMargin: number
  readonly clientAddress: SessionOptions['clientAddress']
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
  const { scope = 'openid' } = options
  const basePath = checkBasePath(options.basePath)
  if (!scope.split(' ').includes('openid'))
    throw invalid('scope', 'openid is missing', 'Add openid: a session needs an ID token.')
  if (options.clientId === undefined || options.clientId === '')
    throw missing('clientId', 'Set it to the client’s ID in the realm.')
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
    credential: checkCredential(options),
    publicOrigin: publicUrl.origin,
    publicHostname: publicUrl.hostname,
    secureCookies,
    cookieName:
      checkCookieName(options.cookieName, secureCookies) ??
      toCookieName(publicUrl, basePath, issuer, options.clientId),
    basePath,
    baseUrl: publicUrl.origin + basePath,
    postLogoutUrl: checkPostLogoutUrl(options.postLogoutUrl, publicUrl, dangerouslyAllowHttp),
    saveForms: checkSaveForms(options),
    pushedAuthorization: options.pushedAuthorization ?? false,
    scope,
    resource: options.resource === undefined ? {} : { resource: options.resource },
    idleTimeout: seconds('idleTimeout', 1800),
    absoluteTimeout: seconds('absoluteTimeout', 36_000),
    refreshMargin: seconds('refreshMargin', 30),
    timeout: number('timeout', options.timeout, 10_000, 1, 120_000),
    dangerouslyAllowHttp,
    now: options.now ?? systemTime,
    clockTolerance: checkClockTolerance(options.clockTolerance),
    fetch: options.fetch ?? globalThis.fetch,
    clientAddress: options.clientAddress,
  }
}

/** @throws {CW_CONFIG_INVALID} */
export function checkBasePath(basePath: unknown = defaultBasePath): string {
  if (typeof basePath === 'string' && /^(?:\/[A-Za-z0-9_-]+)+$/.test(basePath)) return basePath
  throw invalid('basePath', 'not a path such as /auth', 'Start it with a slash, without a slash at the end.')
}

/** A service's own store may not keep forms. */
function checkSaveForms({ saveForms, store }: SessionOptions): ReadonlySet<string> | undefined {
  if (saveForms === false) return undefined
  if (saveForms === undefined && typeof (store as Partial<SessionStore>).saveForm !== 'function')
    return undefined
  if (saveForms !== undefined && saveForms !== true && saveForms !== 'multipart')
    throw invalid('saveForms', "not true, false or 'multipart'", 'Omit it for the default.')
  requireFunctions(
    'store',
    store,
    ['saveForm', 'readForm', 'takeForm'],
    'Set saveForms: false, or add the functions of the port FormStore to the store.',
  )
  const types = ['application/x-www-form-urlencoded']
  return new Set(saveForms === 'multipart' ? [...types, 'multipart/form-data'] : types)
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
  postLogoutUrl: 'string',
  pushedAuthorization: 'boolean',
  scope: 'string',
  resource: 'string',
  revocations: 'object',
  onError: 'function',
  onLogin: 'function',
  onLogout: 'function',
  clientAddress: 'function',
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

function checkPostLogoutUrl(value = '/', publicUrl: URL, dangerouslyAllowHttp: boolean): string {
  const url = parseUrl(value, publicUrl)
  const isHere = /^\/(?![/\\])/.test(value)
  if (
    url === undefined ||
    (!isHere && !/^https?:\/\//.test(value)) ||
    (isHere && url.origin !== publicUrl.origin)
  )
    throw invalid('postLogoutUrl', 'not a path or an absolute URL', 'Start it with a slash, or with https://')
  if (url.protocol === 'http:' && !isLoopback(url) && !dangerouslyAllowHttp)
    throw new CloakwrightError(
      'CW_CONFIG_INSECURE',
      'postLogoutUrl: plain http is allowed on loopback only',
      {
        hint: 'Use https.',
      },
    )
  return url.href
}

function missing(name: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_MISSING', `${name} is missing`, { hint })
}

function invalid(name: string, why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `${name}: ${why}`, { hint })
}
