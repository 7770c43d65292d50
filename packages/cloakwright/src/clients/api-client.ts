import { CloakwrightError } from '../errors.ts'
import { createOrDefer } from '../next-build.ts'
import { createRealmClient } from '../provider/index.ts'
import { sha256 } from '../sealing.ts'
import { type ApiCaller, createCaller, type TokenSupply } from './caller.ts'
import { audiencesOf } from './claims.ts'
import { wrongAudience } from './grant-error.ts'
import { exchangeToken, requestServiceToken } from './grants.ts'
import { type ApiClientOptions, type ApiConfig, checkApiOptions } from './options.ts'
import { refuseBound, type Subject, subjectOf, type User } from './subject.ts'
import { createTokenCache, type TokenCache, type TokenRequest } from './token-cache.ts'

/** Calls one API, in three ways that differ in the token. */
export interface ApiClient {
  /**
   * As the service itself, without a user: client credentials (RFC 6749 §4.4). In Keycloak, the client needs Service account
   * roles.
   */
  asService(): ApiCaller
  /**
   * For a user, with a token for this API only: token exchange (RFC 8693). In Keycloak 26.2 or newer, the client needs
   * Standard Token Exchange.
   *
   * @param user What `userOf(request)` returns, or a session of the engine.
   */
  onBehalfOf(user: User): ApiCaller
  /**
   * For a user, with the user's own token; a session's is refreshed if needed. The token must contain the API's audience.
   * The API can then use it for every other audience that it contains.
   *
   * @param user What `userOf(request)` returns, or a session of the engine.
   */
  withTokenOf(user: User): ApiCaller
}

/**
 * Creates a client of one API that is protected by the same realm. Tokens are cached in this process, requested once for
 * all concurrent calls, and replaced after 80 % of their life. They go to the API's origin only. While the realm does not
 * respond, live tokens are used until they end. Tokens for a user end with the user's token and session.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 * @throws {CW_CONFIG_INSECURE} Plain http beyond loopback.
 * @example
 * ```ts
 * import { createApiClient } from 'cloakwright/clients'
 * import { requireUser, userOf } from 'cloakwright/express'
 * import express from 'express'
 *
 * const stock = createApiClient({
 *   issuer: 'https://sso.example.com/realms/shop',
 *   clientId: 'shop',
 *   clientSecret: process.env['KEYCLOAK_CLIENT_SECRET'],
 *   origin: 'https://stock.example.com',
 *   audience: 'stock-api',
 * })
 *
 * const app = express()
 * app.get('/items', requireUser(), async (request, response) => {
 *   const items = await stock.onBehalfOf(userOf(request)).fetch('/items')
 *   response.status(items.status).json(await items.json())
 * })
 * ```
 */
export function createApiClient(options: ApiClientOptions): ApiClient {
  return createOrDefer(() => createConfigured(options), unusable)
}

/** During a build without the service's environment. */
function unusable(error: CloakwrightError): ApiClient {
  const fail = (): Promise<never> => Promise.reject(error)
  const caller = (): ApiCaller => ({ token: fail, fetch: fail })
  return { asService: caller, onBehalfOf: caller, withTokenOf: caller }
}

function createConfigured(options: ApiClientOptions): ApiClient {
  const config = checkApiOptions(options)
  const realm = createRealmClient(config)
  const cache = createTokenCache(realm.outage, config.now)
  const service: TokenRequest = { request: () => requestServiceToken(realm, config) }
  const exchange = ({ token, expiresAt, session }: Subject): Exchange => ({
    key: sha256(token),
    source: {
      request: () => exchangeToken(realm, config, token),
      until: expiresAt,
      watch: (drop) => session?.watch(drop) ?? (() => {}),
    },
  })
  return {
    asService: () =>
      createCaller(config, {
        token: () => cache.get(ofService, service),
        replace: (refused) => cache.replace(ofService, refused, service),
      }),
    onBehalfOf: (user) => createCaller(config, exchangedFor(config, cache, user, exchange)),
    withTokenOf: (user) =>
      createCaller(config, {
        token: () => ownToken(config, user),
        replace: () => ownToken(config, user, replacedAfter),
      }),
  }
}

/** No SHA-256 in base64url has this form. */
const ofService = 'service'
/** Seconds: a session's token that was issued later is not replaced if it is refused. */
const replacedAfter = 5

interface Exchange {
  readonly key: string
  readonly source: TokenRequest
}

function exchangedFor(
  config: ApiConfig,
  cache: TokenCache,
  user: User,
  exchange: (subject: Subject) => Exchange,
): TokenSupply {
  const exchanged = async (subject: Subject): Promise<string> => {
    const { key, source } = exchange(subject)
    return await cache.get(key, source)
  }
  return {
    async token() {
      refuseBound(user, 'jkt')
      const subject = await subjectOf(user, config)
      try {
        return await exchanged(subject)
      } catch (error) {
        if (subject.session === undefined || !isInactive(error)) throw error
        // The realm has ended its session, or revoked tokens that were issued before: a refresh shows which.
        const next = await subjectOf(user, config, replacedAfter)
        if (next.token === subject.token) throw error
        return await exchanged(next)
      }
    },
    async replace(refused) {
      const { key, source } = exchange(await subjectOf(user, config))
      return await cache.replace(key, refused, source)
    },
  }
}

function isInactive(error: unknown): boolean {
  return error instanceof CloakwrightError && error.code === 'CW_TOKEN_INACTIVE'
}

async function ownToken(config: ApiConfig, user: User, freshAfter?: number): Promise<string> {
  refuseBound(user, 'any')
  const { token } = await subjectOf(user, config, freshAfter)
  const audiences = audiencesOf(token)
  if (audiences !== undefined && !audiences.includes(config.audience)) throw wrongAudience(config)
  return token
}
