import * as client from 'openid-client'
import { fetchBounded, type UnfitResponse } from '../bounded-fetch.ts'
import { systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
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

interface Configured {
  readonly configuration: client.Configuration
  /** Seconds. */
  readonly skew: number
}

/** Speaks to the realm by openid-client, on the endpoints that the one home of metadata names. */
export function createProvider(config: SessionConfig): Provider {
  const { issuer, internalUrl, fetch, now, dangerouslyAllowHttp } = config
  const metadata = createMetadata({ issuer, internalUrl, fetch, now, dangerouslyAllowHttp })
  const redirectUri = `${config.publicOrigin}${config.basePath}/callback`
  const configurations = new WeakMap<RealmMetadata, Configured>()
  let secret = ''

  const configure = (realm: RealmMetadata, skew: number): client.Configuration => {
    const authenticate =
      config.clientAuthentication === 'client_secret_post'
        ? client.ClientSecretPost
        : client.ClientSecretBasic
    const configuration = new client.Configuration(
      realm.internal as client.ServerMetadata,
      config.clientId,
      { [client.clockSkew]: skew, [client.clockTolerance]: config.clockTolerance },
      // The secret of now, not the one of when the metadata was read.
      (...request) => authenticate(secret)(...request),
    )
    // Which addresses may be plain http was decided when the options were checked.
    client.allowInsecureRequests(configuration)
    // Signature of ID tokens too: the internal address may be plain http.
    client.enableNonRepudiationChecks(configuration)
    configuration.timeout = config.timeout / 1000
    configuration[client.customFetch] = (url, init) => fetchWhole(config, url, init as RequestInit)
    configurations.set(realm, { configuration, skew })
    return configuration
  }

  const current = async (): Promise<client.Configuration> => {
    const realm = await metadata.get()
    // openid-client reads the system's clock by itself: it is told how far the injected one is ahead.
    const skew = Math.round((now() - systemTime()) / 1000)
    const known = configurations.get(realm)
    return known?.skew === skew ? known.configuration : configure(realm, skew)
  }

  /**
   * Makes a grant with the secret of now. One that was under way when its secret was revoked is refused: it is made once
   * more if there is another secret by now. Keycloak looks at the code or the token only after the client, so that neither
   * has been used.
   */
  const withSecret = async <T>(grant: () => Promise<T>): Promise<T> => {
    const first = await config.readSecret()
    try {
      // openid-client asks for it before it waits for anything: grants side by side do not mix their secrets up.
      secret = first
      return await grant()
    } catch (error) {
      const next = isClientRefused(error) ? await config.readSecret() : first
      if (next === first) throw error
      secret = next
      return await grant()
    }
  }

  const toGrant = (
    tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers,
    requestedAt: number,
  ): Grant => {
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

  return {
    metadata,
    async loginUrl({ state, nonce, verifier }) {
      return client.buildAuthorizationUrl(await current(), {
        redirect_uri: redirectUri,
        scope: config.scope,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }).href
    },
    async exchange(answer, { state, nonce, verifier }) {
      const configuration = await current()
      const requestedAt = now()
      const url = new URL(`${redirectUri}?${answer.toString()}`)
      try {
        const tokens = await withSecret(() =>
          client.authorizationCodeGrant(configuration, url, {
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
    },
    async refresh(refreshToken) {
      const configuration = await current()
      const requestedAt = now()
      try {
        const tokens = await withSecret(() => client.refreshTokenGrant(configuration, refreshToken))
        return toGrant(tokens, requestedAt)
      } catch (error) {
        if (error instanceof client.ResponseBodyError && error.error === 'invalid_grant') return undefined
        const failure = toProviderError(error)
        if (failure.code === 'CW_PROVIDER_UNAVAILABLE') throw failure
        // Whatever else it is, the session is not ended by it: an operator can mend it.
        throw unavailable(failure.message, failure.cause, failure.hint)
      }
    },
    async logoutUrl(idToken) {
      const configuration = await current()
      if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined
      return client.buildEndSessionUrl(configuration, {
        post_logout_redirect_uri: `${config.publicOrigin}/`,
        ...(idToken === undefined ? {} : { id_token_hint: idToken }),
      }).href
    },
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
