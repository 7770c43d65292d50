import { defaultClockTolerance, systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { checkIssuer, checkUrl, type Fetch, isLoopback } from '../metadata/index.ts'
import { number } from '../numbers.ts'
import { requireOptions } from '../options.ts'
import { type CredentialOptions, checkCredential, type RealmClientConfig } from '../provider/index.ts'

/** The options of {@link createApiClient}: this service as a client of the realm, and the API that it calls. */
export interface ApiClientOptions extends CredentialOptions {
  /** The realm's public URL, exactly as in `iss`: `https://HOST/realms/REALM`. */
  readonly issuer: string
  /** The realm's URL for the service itself, if it differs from `issuer`. */
  readonly internalUrl?: string | undefined
  /** This service's own client in the realm; it must be confidential. */
  readonly clientId: string
  /** The API's scheme, host and port, the only origin that gets its tokens: https, or http on loopback. */
  readonly origin: string
  /** The API's client ID in the realm: every token for it must contain this audience. */
  readonly audience: string
  /** Scopes to request for {@link ApiClient.onBehalfOf} and {@link ApiClient.asService}, space-separated. */
  readonly scope?: string | undefined
  /** Timeout of one call to the realm in milliseconds: 10000 by default. Calls of the API have none; pass a `signal`. */
  readonly timeout?: number | undefined
  /** Sends the requests to the realm and to the API: for a proxy, a private CA or a test. */
  readonly fetch?: Fetch | undefined
  /** Milliseconds since the epoch; the system’s time by default. */
  readonly now?: (() => number) | undefined
  /** Accepts plain http beyond loopback, for development; refused when `NODE_ENV=production`. */
  readonly dangerouslyAllowHttp?: boolean | undefined
}

/** The checked options with defaults. */
export interface ApiConfig extends RealmClientConfig {
  readonly origin: string
  readonly audience: string
  readonly scope: string | undefined
}

/**
 * Checks the options of an API client.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 * @throws {CW_CONFIG_INSECURE} Plain http beyond loopback.
 */
export function checkApiOptions(options: ApiClientOptions): ApiConfig {
  requireOptions('createApiClient', '{ issuer, clientId, clientSecret, origin, audience }', options, kinds)
  const { clientId, audience, scope, internalUrl, dangerouslyAllowHttp = false } = options
  const issuer = checkIssuer(options.issuer, dangerouslyAllowHttp)
  if (clientId === undefined || clientId === '')
    throw missing('clientId', 'Set it to the ID of this service’s own client in the realm.')
  if (audience === undefined || audience === '')
    throw missing('audience', 'Set it to the client ID of the API, as its verifier requires it in `aud`.')
  if (scope !== undefined && !scopePattern.test(scope))
    throw new CloakwrightError('CW_CONFIG_INVALID', 'scope: not a list of scopes', {
      hint: 'Separate the names of scopes by one space, or omit it.',
    })
  return {
    issuer,
    internalUrl,
    clientId,
    credential: checkCredential(options),
    origin: checkOrigin(options.origin, dangerouslyAllowHttp),
    audience,
    scope,
    timeout: number('timeout', options.timeout, 10_000, 1, 120_000),
    dangerouslyAllowHttp,
    now: options.now ?? systemTime,
    clockTolerance: defaultClockTolerance,
    fetch: options.fetch ?? globalThis.fetch,
  }
}

const kinds = {
  internalUrl: 'string',
  clientId: 'string',
  audience: 'string',
  scope: 'string',
  fetch: 'function',
  now: 'function',
  dangerouslyAllowHttp: 'boolean',
} as const

/** RFC 6749 §3.3. */
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

function checkOrigin(value: string | undefined, dangerouslyAllowHttp: boolean): string {
  if (value === undefined || value === '')
    throw missing('origin', 'Set it to the scheme, host and port of the API: https://stock.example.com')
  const url = checkUrl('origin', value)
  if (url.pathname !== '/')
    throw new CloakwrightError('CW_CONFIG_INVALID', 'origin: has a path', {
      hint: 'Use scheme, host and port only. The path belongs to each call: fetch("/v1/items").',
    })
  if (url.protocol === 'http:' && !isLoopback(url) && !dangerouslyAllowHttp)
    throw new CloakwrightError('CW_CONFIG_INSECURE', 'origin: plain http is allowed on loopback only', {
      hint: 'Use https: a token on the network can be read and used. For development only, set dangerouslyAllowHttp: true.',
    })
  return url.origin
}

function missing(name: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_MISSING', `${name} is missing`, { hint })
}
