import * as openid from 'openid-client'
import { CloakwrightError } from '../errors.ts'
import { fetchBounded } from '../http/index.ts'
import type { Metadata } from '../metadata/index.ts'
import {
  createRealmClient,
  isClientRefused,
  type Outage,
  type RealmClient,
  unavailable,
} from '../provider/index.ts'
import type { SessionConfig } from './config.ts'
import type { LoginParameters } from './login-parameters.ts'
import { toProviderError } from './provider-error.ts'

/** Connects a login's request to its response. */
export interface LoginChecks {
  readonly state: string
  readonly nonce: string
  /** PKCE code verifier (RFC 7636). */
  readonly verifier: string
}

/** Tokens returned by a grant. */
export interface Grant {
  readonly accessToken: string
  /** When it was requested, in milliseconds since the epoch. */
  readonly issuedAt: number
  /** Milliseconds since the epoch, calculated from before the request: never later than the provider's own time. */
  readonly accessExpiresAt: number
  readonly refreshToken: string | undefined
  /** When the refresh token expires, if the realm says so; Keycloak’s 0 may mean never or unknown. */
  readonly refreshExpiresAt: number | undefined
  readonly idToken: string | undefined
  readonly subject: string | undefined
  readonly sid: string | undefined
}

/** The realm as seen by a relying party. */
export interface Provider {
  /** Whether the token endpoint has stopped responding. */
  readonly outage: Outage
  /** The realm's metadata, which also has the URL of its keys. */
  readonly metadata: Metadata
  /**
   * The URL where a browser signs in. The parameters go to the realm directly if they are pushed.
   *
   * @throws {CW_PROVIDER_UNAVAILABLE}
   */
  loginUrl(checks: LoginChecks, parameters: LoginParameters): Promise<string>
  /**
   * Checks the response to a login (state, `iss`, nonce, ID token with its signature) and exchanges its code.
   *
   * @throws {CW_LOGIN_REFUSED} The provider responded with an error.
   * @throws {CW_LOGIN_RESPONSE} The response or the tokens do not match the request.
   * @throws {CW_PROVIDER_UNAVAILABLE}
   */
  exchange(answer: URLSearchParams, checks: LoginChecks): Promise<Grant>
  /**
   * Refreshes tokens; `undefined` when the provider has ended the session (`invalid_grant`).
   *
   * @throws {CW_PROVIDER_UNAVAILABLE}
   */
  refresh(refreshToken: string): Promise<Grant | undefined>
  /**
   * Revokes a refresh token (RFC 7009), if the provider can: Keycloak then ends this client's part of the session.
   *
   * @throws {CW_PROVIDER_UNAVAILABLE}
   */
  revoke(refreshToken: string): Promise<void>
  /**
   * Ends the realm's session without its browser, as far as the provider can: Keycloak does, and tells the other clients of
   * the session (OpenID Connect RP-Initiated Logout 1.0 §2: the ID token names the session).
   *
   * @throws {CW_PROVIDER_UNAVAILABLE}
   */
  endSession(idToken: string): Promise<void>
  /** The URL where a browser signs out (OpenID Connect RP-Initiated Logout); `undefined` if the provider has no such page. */
  logoutUrl(idToken: string | undefined): Promise<string | undefined>
}

/** The realm of a session engine. */
export function createProvider(config: SessionConfig): Provider {
  const realm = createRealmClient(config)
  const client: ProviderClient = {
    ...realm,
    config,
    redirectUri: `${config.baseUrl}/callback`,
  }
  return {
    outage: client.outage,
    metadata: client.metadata,
    loginUrl: (checks, parameters) => loginUrl(client, checks, parameters),
    exchange: (answer, checks) => exchange(client, answer, checks),
    refresh: (refreshToken) => refresh(client, refreshToken),
    revoke: (refreshToken) => revoke(client, refreshToken),
    endSession: (idToken) => endSession(client, idToken),
    logoutUrl: (idToken) => logoutUrl(client, idToken),
  }
}

/** This service as the realm's client, for logins. */
interface ProviderClient extends RealmClient {
  readonly config: SessionConfig
  readonly redirectUri: string
}

async function loginUrl(
  client: ProviderClient,
  { state, nonce, verifier }: LoginChecks,
  parameters: LoginParameters,
): Promise<string> {
  const configuration = await client.configuration()
  const request = {
    ...parameters,
    redirect_uri: client.redirectUri,
    scope: client.config.scope,
    ...client.config.resource,
    state,
    nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }
  const { require_pushed_authorization_requests: required } = configuration.serverMetadata()
  if (!client.config.pushedAuthorization && required !== true)
    return openid.buildAuthorizationUrl(configuration, request).href
  try {
    const push = (): Promise<URL> => openid.buildAuthorizationUrlWithPAR(configuration, request)
    return (await client.withCredential(push)).href
  } catch (error) {
    throw toProviderError(error)
  }
}

async function exchange(
  client: ProviderClient,
  answer: URLSearchParams,
  { state, nonce, verifier }: LoginChecks,
): Promise<Grant> {
  const configuration = await client.configuration()
  const requestedAt = client.config.now()
  const url = new URL(`${client.redirectUri}?${answer.toString()}`)
  try {
    const tokens = await client.withCredential(() =>
      openid.authorizationCodeGrant(
        configuration,
        url,
        { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true },
        client.config.resource,
      ),
    )
    return toGrant(tokens, requestedAt)
  } catch (error) {
    throw toProviderError(error)
  }
}

async function refresh(client: ProviderClient, refreshToken: string): Promise<Grant | undefined> {
  const configuration = await client.configuration()
  const requestedAt = client.config.now()
  try {
    const tokens = await client.withCredential(() =>
      openid.refreshTokenGrant(configuration, refreshToken, client.config.resource),
    )
    return toGrant(tokens, requestedAt)
  } catch (error) {
    if (error instanceof openid.ResponseBodyError && error.error === 'invalid_grant') return undefined
    const failure = toProviderError(error)
    // With a wrong secret, no session can be refreshed.
    if (isClientRefused(error)) client.outage.began(failure)
    if (failure.code === 'CW_PROVIDER_UNAVAILABLE') throw failure
    // Any other error does not end the session: an operator can fix it.
    throw unavailable(failure.message, failure.cause, failure.hint)
  }
}

async function revoke(client: ProviderClient, refreshToken: string): Promise<void> {
  const configuration = await client.configuration()
  if (configuration.serverMetadata().revocation_endpoint === undefined) return
  try {
    await client.withCredential(() =>
      openid.tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' }),
    )
  } catch (error) {
    const { cause, hint, message } = toProviderError(error)
    throw unavailable(`The refresh token was not revoked at the logout: ${message}`, cause, hint)
  }
}

async function endSession({ config, metadata }: ProviderClient, idToken: string): Promise<void> {
  const { clientId, fetch, internalUrl, issuer, timeout } = config
  const { end_session_endpoint: endpoint } = (await metadata.get()).document
  if (endpoint === undefined) return
  // It is for browsers, so the metadata does not move it below the internal URL.
  const isBelow = internalUrl !== undefined && endpoint.startsWith(`${issuer}/`)
  const url = isBelow ? internalUrl + endpoint.slice(issuer.length) : endpoint
  const failed = (why: string, cause?: unknown): CloakwrightError =>
    unavailable(`The realm’s session was not ended with the session: ${why}`, cause)
  const { status } = await fetchBounded(url, {
    method: 'POST',
    body: new URLSearchParams({ id_token_hint: idToken, client_id: clientId }),
    fetch,
    signal: AbortSignal.timeout(timeout),
    maxBytes: maxPage,
    refuse: ({ why }) => failed(why),
    returnRedirects: true,
  }).catch((error: unknown) => {
    throw error instanceof CloakwrightError ? error : failed('it cannot be reached', error)
  })
  // A provider that needs the browser responds with a page.
  if (status >= 500) throw failed(`it responds with status ${status}`)
}

/** Bytes of a page for a browser, which is not read here. */
const maxPage = 1024 * 1024

async function logoutUrl(client: ProviderClient, idToken: string | undefined): Promise<string | undefined> {
  const configuration = await client.configuration()
  if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined
  return openid.buildEndSessionUrl(configuration, {
    post_logout_redirect_uri: client.config.postLogoutUrl,
    ...(idToken === undefined ? {} : { id_token_hint: idToken }),
  }).href
}

function toGrant(
  tokens: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers,
  requestedAt: number,
): Grant {
  const claims = tokens.claims()
  const sid = claims?.['sid'] ?? tokens['session_state']
  const refreshLifetime = tokens['refresh_expires_in']
  return {
    accessToken: tokens.access_token,
    issuedAt: requestedAt,
    refreshExpiresAt:
      typeof refreshLifetime === 'number' && refreshLifetime > 0
        ? requestedAt + refreshLifetime * 1000
        : undefined,
    accessExpiresAt: requestedAt + (tokens.expires_in ?? 60) * 1000,
    refreshToken: tokens.refresh_token,
    idToken: tokens.id_token,
    subject: claims?.sub,
    sid: typeof sid === 'string' ? sid : undefined,
  }
}
