import * as openid from 'openid-client'
import { CloakwrightError } from '../errors.ts'
import { isClientRefused, plain, quoted, unavailable } from '../provider/index.ts'

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
