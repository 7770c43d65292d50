import { CloakwrightError } from '../errors.ts'
import { parseUrl } from '../http/index.ts'
import type { ApiConfig } from './options.ts'

/** The options of a call: those of `fetch`. Redirects are returned, never followed. */
export interface ApiRequest extends Omit<RequestInit, 'redirect'> {
  readonly redirect?: 'manual'
}

/** Calls the API as one user, or as the service. */
export interface ApiCaller {
  /**
   * An access token for the API, for a client of your own. Ask again for each call; it is cached.
   *
   * @throws {CW_GRANT_REFUSED} The realm refuses the token; the hint says what to change in Keycloak.
   * @throws {CW_PROVIDER_UNAVAILABLE} The realm does not respond, and there is no live token.
   * @throws {CW_SESSION_ENDED} The user has signed out.
   * @throws {CW_TOKEN_INACTIVE} The realm no longer accepts the user's token.
   * @throws {CW_TOKEN_EXPIRED} The user's bearer token has expired during the request.
   * @throws {CW_TOKEN_BOUND} The user's token is bound to a key of its client.
   */
  token(): Promise<string>
  /**
   * Calls the API with the token. If the API refuses the token (401 with `invalid_token`, RFC 6750 §3.1), the call is
   * repeated once with a new one, unless its body is a stream. A redirect is returned: the token stays at the origin.
   *
   * @param url A path of the API, or a URL of its origin.
   * @throws {CW_CONFIG_INVALID} Another origin, or an `Authorization` header of your own.
   * @throws The errors of {@link token} and of `fetch`.
   */
  fetch(url: string | URL, request?: ApiRequest): Promise<Response>
}

/** The two ways to a token. */
export interface TokenSupply {
  token(): Promise<string>
  /** Another token than the one that the API refused; the same if there is none. */
  replace(refused: string): Promise<string>
}

/** Creates a caller that takes its tokens from a supply. */
export function createCaller(config: ApiConfig, supply: TokenSupply): ApiCaller {
  return {
    token: () => supply.token(),
    async fetch(url, request = {}) {
      const target = toTarget(config, url)
      checkRequest(request)
      const send = async (token: string): Promise<Response> => {
        const headers = new Headers(request.headers)
        headers.set('authorization', `Bearer ${token}`)
        return await config.fetch(target, { ...request, headers, redirect: 'manual' })
      }
      const token = await supply.token()
      const response = await send(token)
      if (!refusesToken(response) || !isRepeatable(request.body)) return response
      const next = await supply.replace(token).catch(() => token)
      if (next === token) return response
      response.body?.cancel().catch(() => {})
      return await send(next)
    },
  }
}

/** The origin is compared after parsing: `//other.example` and `/\other.example` are other origins. */
function toTarget({ origin }: ApiConfig, url: unknown): string {
  const target = typeof url === 'string' ? parseUrl(url, origin) : url
  // A blob: URL has an origin, but nothing to call there.
  if (!(target instanceof URL) || target.protocol === 'blob:')
    throw invalid('not a path or a URL', `Pass a path such as "/items", or a URL that starts with ${origin}.`)
  if (target.origin !== origin)
    throw invalid(
      `${target.origin} is another origin than ${origin}`,
      'Nothing was sent. Create one API client for each API, with its origin.',
    )
  if (target.username !== '' || target.password !== '')
    throw invalid('the URL contains credentials', 'Remove the part before the @.')
  return target.href
}

function checkRequest({ headers, redirect }: ApiRequest): void {
  if (new Headers(headers).has('authorization'))
    throw invalid('the request has an Authorization header', 'Remove it: fetch() sends the token.')
  if (redirect !== undefined && redirect !== 'manual')
    throw invalid('redirect is not "manual"', 'Omit it: a redirect is returned, never followed.')
}

function refusesToken({ status, headers }: Response): boolean {
  return status === 401 && /\berror\s*=\s*"?invalid_token\b/i.test(headers.get('www-authenticate') ?? '')
}

/** Of a stream, the first part has been sent. */
function isRepeatable(body: unknown): boolean {
  return typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body || 'getReader' in body)
}

function invalid(why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `fetch: ${why}`, { hint })
}
