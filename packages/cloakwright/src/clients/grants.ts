import * as openid from 'openid-client'
import type { RealmClient } from '../provider/index.ts'
import { audiencesOf } from './claims.ts'
import { missingAudience, notBearer, toGrantError } from './grant-error.ts'
import type { ApiConfig } from './options.ts'

/** A token that the realm has issued for the API. */
export interface Granted {
  readonly token: string
  /** When it was requested, in milliseconds since the epoch. */
  readonly issuedAt: number
  /** Milliseconds since the epoch, calculated from before the request: never later than the realm's own time. */
  readonly expiresAt: number
}

/**
 * Requests a token for the service itself (RFC 6749 §4.4).
 *
 * @throws {CW_GRANT_REFUSED}
 * @throws {CW_PROVIDER_UNAVAILABLE}
 */
export async function requestServiceToken(client: RealmClient, config: ApiConfig): Promise<Granted> {
  const parameters: Record<string, string> = config.scope === undefined ? {} : { scope: config.scope }
  return await request(client, config, (configuration) =>
    openid.clientCredentialsGrant(configuration, parameters),
  )
}

/**
 * Exchanges a user's token for one with the API's audience (RFC 8693).
 *
 * @throws {CW_GRANT_REFUSED}
 * @throws {CW_TOKEN_INACTIVE} The user's session has ended at the realm.
 * @throws {CW_PROVIDER_UNAVAILABLE}
 */
export async function exchangeToken(
  client: RealmClient,
  config: ApiConfig,
  subjectToken: string,
): Promise<Granted> {
  const parameters = {
    subject_token: subjectToken,
    subject_token_type: accessTokenType,
    requested_token_type: accessTokenType,
    audience: config.audience,
    ...(config.scope === undefined ? {} : { scope: config.scope }),
  }
  return await request(client, config, (configuration) =>
    openid.genericGrantRequest(configuration, tokenExchange, parameters),
  )
}

const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

/** Seconds: the lifetime of a token whose response does not say it. */
const defaultLifetime = 60

async function request(
  realm: RealmClient,
  config: ApiConfig,
  call: (configuration: openid.Configuration) => Promise<openid.TokenEndpointResponse>,
): Promise<Granted> {
  let tokens: openid.TokenEndpointResponse
  let issuedAt: number
  try {
    const configured = await realm.configuration()
    issuedAt = config.now()
    tokens = await realm.withCredential(() => call(configured))
  } catch (error) {
    throw toGrantError(error, config)
  }
  const token = tokens.access_token
  // A DPoP-bound token needs a proof with each call, and N_A is no access token.
  if (tokens.token_type.toLowerCase() !== 'bearer') throw notBearer(config)
  const audiences = audiencesOf(token)
  if (audiences !== undefined && !audiences.includes(config.audience)) throw missingAudience(config)
  return { token, issuedAt, expiresAt: issuedAt + (tokens.expires_in ?? defaultLifetime) * 1000 }
}
