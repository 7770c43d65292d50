import * as openid from 'openid-client'
import { CloakwrightError } from '../errors.ts'
import { isClientRefused, isOutage, plain, quoted, unavailable } from '../provider/index.ts'
import type { ApiConfig } from './options.ts'

/**
 * Converts an error of openid-client into one that is safe to log: its own errors contain parameters and whole responses.
 */
export function toGrantError(error: unknown, config: ApiConfig): CloakwrightError {
  const own = error instanceof openid.ClientError ? error.cause : error
  if (own instanceof CloakwrightError)
    return isOutage(own) && own.code !== 'CW_PROVIDER_UNAVAILABLE'
      ? unavailable(own.message, own.cause, own.hint)
      : own
  if (error instanceof openid.ResponseBodyError) return refused(error, config)
  const why = error instanceof openid.ClientError ? (error.code ?? 'no code') : 'no reason given'
  return unavailable(`The token endpoint’s response is invalid (${why})`)
}

/** The token's `aud` lacks the API: the API would refuse it. */
export function missingAudience({ audience, clientId }: ApiConfig): CloakwrightError {
  return notGranted(
    `The realm’s token lacks the audience ${audience}`,
    `Add an Audience mapper with the client ${audience} to a scope of the client ${clientId} (Client scopes). If that scope is optional, name it in the option scope.`,
  )
}

/** The user's own token is not for the API: it must not be sent there. */
export function wrongAudience({ audience }: ApiConfig): CloakwrightError {
  return notGranted(
    `The user’s token lacks the audience ${audience}`,
    `Use onBehalfOf(user), which gets a token for ${audience}. Or add an Audience mapper to the client that signs the user in.`,
  )
}

/** A token that is bound to a key, or none at all. */
export function notBearer({ clientId }: ApiConfig): CloakwrightError {
  return notGranted(
    'The realm’s token is not a bearer token',
    `Turn “Require DPoP bound tokens” off for the client ${clientId} in Keycloak.`,
  )
}

function refused(failure: openid.ResponseBodyError, config: ApiConfig): CloakwrightError {
  const { error, error_description: description, status } = failure
  const text = `${error} ${description ?? ''}`
  // RFC 8693 §2.2.2 has invalid_request for a subject token that is not accepted; other realms send invalid_grant.
  if (/^invalid_request Invalid token$|^invalid_(?:grant|token)\b/.test(text))
    return new CloakwrightError(
      'CW_TOKEN_INACTIVE',
      'Token: the realm no longer accepts it for an exchange',
      {
        hint: 'Sign in again: the user has signed out, or was disabled.',
      },
    )
  const [, hint] = hints.find(([pattern]) => pattern.test(text)) ?? []
  const otherwise = isClientRefused(failure) ? wrongCredentials : lookUp
  return notGranted(
    `The realm refused a token for ${config.audience} with ${status} ${plain(error)}${quoted(description)}`,
    (hint ?? otherwise)(config),
  )
}

type Hint = (config: ApiConfig) => string

const wrongCredentials: Hint = ({ clientId }) =>
  `Compare ID, secret or key, and authentication method with Clients, ${clientId}, Credentials in Keycloak. The client must be enabled.`
const lookUp: Hint = () => 'Look up the reason in the realm’s events (Realm settings, Events).'

/** By Keycloak's own error and description. */
const hints: readonly (readonly [pattern: RegExp, hint: Hint])[] = [
  [
    /retrieve service account$/,
    ({ clientId }) =>
      `Turn Service account roles on in Keycloak: Clients, ${clientId}, Settings, Capability config. Client authentication must be on too.`,
  ],
  [
    /^invalid_client Public client/,
    ({ clientId }) =>
      `Turn Client authentication on in Keycloak: Clients, ${clientId}, Settings, Capability config.`,
  ],
  [
    /token exchange is not enabled/,
    ({ clientId }) =>
      `Turn Standard Token Exchange on in Keycloak: Clients, ${clientId}, Settings, Capability config.`,
  ],
  [
    /^(?:unsupported_grant_type|unauthorized_client Token exchange)\b/,
    () => 'Token exchange needs Keycloak 26.2 or newer.',
  ],
  [
    /(?:Audience not found|Client disabled)$/,
    ({ audience }) =>
      `Create and enable the client ${audience} in the realm, or correct the option audience.`,
  ],
  [
    /Requested audience not available/,
    ({ audience, clientId }) =>
      `Add an Audience mapper with the client ${audience} to a scope of the client ${clientId} (Client scopes). If that scope is optional, name it in the option scope.`,
  ],
  [
    /not within the token audience/,
    ({ clientId }) =>
      `The user’s token is from another client. Add an Audience mapper with the client ${clientId} to a scope of that client.`,
  ],
  [
    /Missing consents/,
    ({ clientId }) =>
      `The user must consent to the client ${clientId}: turn Consent required off in Keycloak, or sign the user in with it once.`,
  ],
  [
    /^invalid_scope/,
    ({ clientId }) =>
      `Add the scope to the client: Clients, ${clientId}, Client scopes. Or correct the option scope.`,
  ],
  [
    /DPoP proof is missing/,
    ({ clientId }) => `Turn “Require DPoP bound tokens” off for the client ${clientId}.`,
  ],
]

function notGranted(why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_GRANT_REFUSED', why, { hint })
}
