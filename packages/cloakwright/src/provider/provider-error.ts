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

/** Whether the provider refused the client itself, not its request. Keycloak’s endpoint for PAR says so by the status alone. */
export function isClientRefused(error: unknown): error is openid.ResponseBodyError {
  return (
    error instanceof openid.ResponseBodyError &&
    (error.status === 401 || error.error === 'invalid_client' || error.error === 'unauthorized_client')
  )
}

/** A description as it may be logged: one line, without control and format characters, of limited length. */
export function quoted(description: string | undefined): string {
  const text = (description ?? '').replace(/[\p{C}\s]+/gu, ' ').trim()
  return text === '' ? '' : `: “${text.slice(0, 200)}”`
}

/** An error code as allowed by RFC 6749; anything else has an unknown origin. */
export function plain(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code : 'an invalid error code'
}

/** Whether discovery or the provider failed, rather than the request. */
export function isOutage(error: unknown): error is CloakwrightError {
  return error instanceof CloakwrightError && error.status === 503 && error.code !== 'CW_STATE_UNAVAILABLE'
}
