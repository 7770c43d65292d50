import * as openid from 'openid-client'
import { CloakwrightError } from '../errors.ts'

/** The provider did not respond, or its response says nothing about the session. */
export function unavailable(why: string, cause?: unknown, hint?: string): CloakwrightError {
  return new CloakwrightError('CW_PROVIDER_UNAVAILABLE', why, {
    cause,
    retryAfter: 5,
    hint: hint ?? 'Check that the realm runs and that this service can reach it (issuer, internalUrl).',
  })
}

/**
 * Converts an error of openid-client into one that is safe to log. Its own errors contain parameters, claims and whole
 * responses in `cause`, so none of them is kept as the cause.
 */
export function toProviderError(error: unknown): CloakwrightError {
  if (error instanceof CloakwrightError) return error
  if (error instanceof openid.AuthorizationResponseError) return refusedLogin(error)
  if (error instanceof openid.ResponseBodyError) return refused(error)
  if (error instanceof openid.ClientError) {
    if (error.cause instanceof CloakwrightError) return error.cause
    const inner = error.cause instanceof Error ? `: ${error.cause.message}` : ''
    return response(`${error.message}${inner} (${error.code ?? 'no code'})`)
  }
  return response(error instanceof Error ? error.message : 'no reason given')
}

/** Whether the provider refused the client itself, not its request. Keycloak’s endpoint for PAR says so by the status alone. */
export function isClientRefused(error: unknown): error is openid.ResponseBodyError {
  return (
    error instanceof openid.ResponseBodyError &&
    (error.status === 401 || error.error === 'invalid_client' || error.error === 'unauthorized_client')
  )
}

/** The description is the realm's own; it says more than the code. */
function refusedLogin({ error, error_description }: openid.AuthorizationResponseError): CloakwrightError {
  const why = `The provider refused the login with ${plain(error)}${quoted(error_description)}`
  if (outages.has(error))
    return unavailable(why, undefined, 'Look up the reason in the log of the realm’s server.')
  return new CloakwrightError('CW_LOGIN_REFUSED', why, {
    hint: refusals[error] ?? 'Look up the reason in the realm’s events (Realm settings, Events).',
  })
}

function refused(failure: openid.ResponseBodyError): CloakwrightError {
  const message = `The realm responded to the client with ${failure.status} ${plain(failure.error)}`
  if (isClientRefused(failure))
    return unavailable(
      message,
      undefined,
      'Compare the client’s ID, secret or key, and authentication method with Clients, Credentials in Keycloak.',
    )
  return response(message)
}

function response(why: string): CloakwrightError {
  return new CloakwrightError('CW_LOGIN_RESPONSE', `The response to the login is invalid: ${why}`, {
    hint: 'Sign in again. If it happens every time, compare issuer, client and redirect URI with the realm.',
  })
}

const refusals: Record<string, string> = {
  access_denied: 'Sign in again: the user cancelled, or a rule of the realm refused.',
  invalid_scope: 'Add the requested scope to the client: Clients, Client scopes.',
  unauthorized_client: 'Turn the client’s Standard flow on in Keycloak.',
}

/** The realm failed, not the user (RFC 6749 §4.1.2.1). */
const outages: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])

/** A description as it may be logged: one line, without control and format characters, of limited length. */
function quoted(description: string | undefined): string {
  const text = (description ?? '').replace(/[\p{C}\s]+/gu, ' ').trim()
  return text === '' ? '' : `: “${text.slice(0, 200)}”`
}

/** An error code as allowed by RFC 6749; anything else has an unknown origin. */
function plain(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code : 'an invalid error code'
}
