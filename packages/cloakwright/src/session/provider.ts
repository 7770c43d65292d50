import * as openid from 'openid-client'
import { systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { fetchBounded, type UnfitResponse } from '../http/index.ts'
import { createMetadata, type Metadata, type RealmMetadata } from '../metadata/index.ts'
import type { SessionConfig } from './options.ts'
import { isClientRefused, toProviderError, unavailable } from './provider-error.ts'

/** What ties a login's request to its answer. */
export interface LoginChecks {
  readonly state: string
  readonly nonce: string
  /** PKCE code verifier (RFC 7636). */
  readonly verifier: string
}

/** Tokens as a grant gave them. */
export interface Grant {
  readonly accessToken: string
  /** Milliseconds since the epoch, counted from before the request: never later than the provider's own. */
  readonly accessExpiresAt: number
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  readonly subject: string | undefined
  readonly sid: string | undefined
}

/** The realm, as a relying party speaks to it. */
export interface Provider {
  /** The realm's own description, where its keys are found too. */
  readonly metadata: Metadata
  /** Where a browser signs in. */
  loginUrl(checks: LoginChecks): Promise<string>
  /**
   * Checks the answer to a login (state, `iss`, nonce, ID token with its signature) and exchanges its code.
   *
   * @throws {CW_LOGIN_REFUSED} The provider answered with an error.
   * @throws {CW_LOGIN_RESPONSE} The answer or the tokens are not what was asked for.
   * @throws {CW_PROVIDER_UNAVAILABLE}
   */
  exchange(answer: URLSearchParams, checks: LoginChecks): Promise<Grant>
  /**
   * Refreshes tokens; `undefined` when the provider has ended the session (`invalid_grant`).
   *
   * @throws {CW_PROVIDER_UNAVAILABLE}
   */
  refresh(refreshToken: string): Promise<Grant | undefined>
  /** Where a browser signs out (OpenID Connect RP-Initiated Logout); `undefined` if the provider has no such page. */
  logoutUrl(idToken: string | undefined): Promise<string | undefined>
}

/** Speaks to the realm by openid-client, on the endpoints that the one home of metadata names. */
export function createProvider(config: SessionConfig): Provider {
  const { issuer, internalUrl, fetch, now, dangerouslyAllowHttp } = config
  const client: ProviderClient = {
    config,
    metadata: createMetadata({ issuer, internalUrl, fetch, now, dangerouslyAllowHttp }),
    redirectUri: `${config.publicOrigin}${config.basePath}/callback`,
    configurations: new WeakMap(),
    secret: '',
  }
  return {
    metadata: client.metadata,
    loginUrl: (checks) => loginUrl(client, checks),
    exchange: (answer, checks) => exchange(client, answer, checks),
    refresh: (refreshToken) => refresh(client, refreshToken),
    logoutUrl: (idToken) => logoutUrl(client, idToken),
  }
}

/** This service as the realm's client. */
interface ProviderClient {
  readonly config: SessionConfig
  readonly metadata: Metadata
  readonly redirectUri: string
  /** By the realm's description, which is another one once it was read again; the skew in seconds. */
  readonly configurations: WeakMap<
    RealmMetadata,
    { readonly configuration: openid.Configuration; readonly skew: number }
  >
  /** The one that the grant which is about to begin is made with. */
  secret: string
}

async function loginUrl(client: ProviderClient, { state, nonce, verifier }: LoginChecks): Promise<string> {
  return openid.buildAuthorizationUrl(await configurationOf(client), {
    redirect_uri: client.redirectUri,
    scope: client.config.scope,
    state,
    nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).href
}

async function exchange(
  client: ProviderClient,
  answer: URLSearchParams,
  { state, nonce, verifier }: LoginChecks,
): Promise<Grant> {
  const configuration = await configurationOf(client)
  const requestedAt = client.config.now()
  const url = new URL(`${client.redirectUri}?${answer.toString()}`)
  try {
    const tokens = await withSecret(client, () =>
      openid.authorizationCodeGrant(configuration, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      }),
    )
    return toGrant(tokens, requestedAt)
  } catch (error) {
    throw toProviderError(error)
  }
}

async function refresh(client: ProviderClient, refreshToken: string): Promise<Grant | undefined> {
  const configuration = await configurationOf(client)
  const requestedAt = client.config.now()
  try {
    const tokens = await withSecret(client, () => openid.refreshTokenGrant(configuration, refreshToken))
    return toGrant(tokens, requestedAt)
  } catch (error) {
    if (error instanceof openid.ResponseBodyError && error.error === 'invalid_grant') return undefined
    const failure = toProviderError(error)
    if (failure.code === 'CW_PROVIDER_UNAVAILABLE') throw failure
    // Whatever else it is, the session is not ended by it: an operator can mend it.
    throw unavailable(failure.message, failure.cause, failure.hint)
  }
}

async function logoutUrl(client: ProviderClient, idToken: string | undefined): Promise<string | undefined> {
  const configuration = await configurationOf(client)
  if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined
  return openid.buildEndSessionUrl(configuration, {
    post_logout_redirect_uri: `${client.config.publicOrigin}/`,
    ...(idToken === undefined ? {} : { id_token_hint: idToken }),
  }).href
}

async function configurationOf(client: ProviderClient): Promise<openid.Configuration> {
  const realm = await client.metadata.get()
  // openid-client reads the system's clock by itself: it is told how far the injected one is ahead.
  const skew = Math.round((client.config.now() - systemTime()) / 1000)
  const known = client.configurations.get(realm)
  if (known?.skew === skew) return known.configuration
  const configuration = configure(client, realm, skew)
  client.configurations.set(realm, { configuration, skew })
  return configuration
}

function configure(client: ProviderClient, realm: RealmMetadata, skew: number): openid.Configuration {
  const { config } = client
  const authenticate =
    config.clientAuthentication === 'client_secret_post' ? openid.ClientSecretPost : openid.ClientSecretBasic
  const configuration = new openid.Configuration(
    realm.internal as openid.ServerMetadata,
    config.clientId,
    { [openid.clockSkew]: skew, [openid.clockTolerance]: config.clockTolerance },
    // The secret of now, not the one of when the metadata was read.
    (...request) => authenticate(client.secret)(...request),
  )
  // Which addresses may be plain http was decided when the options were checked.
  openid.allowInsecureRequests(configuration)
  // Signature of ID tokens too: the internal address may be plain http.
  openid.enableNonRepudiationChecks(configuration)
  configuration.timeout = config.timeout / 1000
  configuration[openid.customFetch] = (url, init) => fetchWhole(config, url, init as RequestInit)
  return configuration
}

/**
 * Makes a grant with the secret of now. One that was under way when its secret was revoked is refused: it is made once
 * more if there is another secret by now. Keycloak looks at the code or the token only after the client, so that neither
 * has been used.
 */
async function withSecret<T>(client: ProviderClient, grant: () => Promise<T>): Promise<T> {
  const { readSecret } = client.config
  const first = await readSecret()
  try {
    // openid-client asks for it before it waits for anything: grants side by side do not mix their secrets up.
    client.secret = first
    return await grant()
  } catch (error) {
    const next = isClientRefused(error) ? await readSecret() : first
    if (next === first) throw error
    client.secret = next
    return await grant()
  }
}

function toGrant(
  tokens: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers,
  requestedAt: number,
): Grant {
  const claims = tokens.claims()
  const sid = claims?.['sid'] ?? tokens['session_state']
  return {
    accessToken: tokens.access_token,
    accessExpiresAt: requestedAt + (tokens.expires_in ?? 60) * 1000,
    refreshToken: tokens.refresh_token,
    idToken: tokens.id_token,
    subject: claims?.sub,
    sid: typeof sid === 'string' ? sid : undefined,
  }
}

/** Bytes of an answer: three tokens with all their roles have less. */
const maxBytes = 1024 * 1024

/** One request to the provider, bounded in time and size; an outage is told apart from an answer. */
async function fetchWhole(config: SessionConfig, url: string, init: RequestInit): Promise<Response> {
  const what = new URL(url).origin + new URL(url).pathname
  const { fetch, timeout } = config
  const signal = AbortSignal.any([AbortSignal.timeout(timeout), ...(init.signal ? [init.signal] : [])])
  const refuse = ({ why, hint }: UnfitResponse): CloakwrightError =>
    unavailable(`${what}: ${why}`, undefined, hint)
  const { status, headers, body } = await fetchBounded(url, {
    ...init,
    fetch,
    signal,
    maxBytes,
    refuse,
  }).catch((error: unknown) => {
    if (error instanceof CloakwrightError) throw error
    throw unavailable(
      `${what}: ${signal.aborted ? `no answer within ${timeout} ms` : "can't be reached"}`,
      error,
    )
  })
  if (status >= 500 || status === 429) throw unavailable(`${what}: answers with status ${status}`)
  return new Response(body.byteLength === 0 ? null : new Uint8Array(body), { status, headers })
}

/** Whether discovery or the provider failed, and not the request. */
export function isOutage(error: unknown): error is CloakwrightError {
  return error instanceof CloakwrightError && error.status === 503 && error.code !== 'CW_STATE_UNAVAILABLE'
}
