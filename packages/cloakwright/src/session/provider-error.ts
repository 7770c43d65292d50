import * as openid from 'openid-client'
import { CloakwrightError } from '../errors.ts'

/** The provider did not answer, or not in a way that says anything about the session. */
export function unavailable(why: string, cause?: unknown, hint?: string): CloakwrightError {
  return new CloakwrightError('CW_PROVIDER_UNAVAILABLE', why, {
    cause,
    retryAfter: 5,
    hint: hint ?? 'Check that the realm is up and that this service reaches it (issuer, internalUrl).',
  })
}

/**
 * Turns an error of openid-client into one that is safe to log: its own carry parameters, claims and whole responses
 * in `cause`, so that none of them is kept as ours.
 */
export function toProviderError(error: unknown): CloakwrightError {
  if (error instanceof CloakwrightError) return error
  if (error instanceof openid.AuthorizationResponseError)
    return new CloakwrightError(
      'CW_LOGIN_REFUSED',
      `The provider answered the login with ${plain(error.error)}`,
      {
        hint: refusals[error.error] ?? 'The realm’s events say why (Realm settings, Events).',
      },
    )
  if (error instanceof openid.ResponseBodyError) return refused(error)
  if (error instanceof openid.ClientError) {
    if (error.cause instanceof CloakwrightError) return error.cause
    const inner = error.cause instanceof Error ? `: ${error.cause.message}` : ''
    return response(`${error.message}${inner} (${error.code ?? 'no code'})`)
  }
  return response(error instanceof Error ? error.message : 'no reason given')
}

/** Whether the provider refused this client itself, and not what it asked for. */
export function isClientRefused(error: unknown): error is openid.ResponseBodyError {
  return (
    error instanceof openid.ResponseBodyError &&
    (error.error === 'invalid_client' || error.error === 'unauthorized_client')
  )
}

function refused(failure: openid.ResponseBodyError): CloakwrightError {
  const message = `The token endpoint answered ${failure.status} ${plain(failure.error)}`
  if (isClientRefused(failure))
    return unavailable(
      message,
      undefined,
      'The client’s ID, secret or way to authenticate is not what the realm has: compare with Clients, Credentials in Keycloak.',
    )
  return response(message)
}

function response(why: string): CloakwrightError {
  return new CloakwrightError('CW_LOGIN_RESPONSE', `The answer to the login can't be used: ${why}`, {
    hint: 'Start the login again. If it happens every time, compare issuer, client and redirect URI with the realm.',
  })
}

const refusals: Record<string, string> = {
  access_denied: 'The user cancelled, or a rule of the realm refused.',
  invalid_scope: 'The scope that was asked for is not one of the client’s: see Clients, Client scopes.',
  unauthorized_client: 'Turn the client’s Standard flow on in Keycloak.',
}

/** An error code as RFC 6749 allows it; anything else came from who knows where. */
function plain(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code : 'an error that is no error code'
}
