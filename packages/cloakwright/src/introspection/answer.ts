import { CloakwrightError } from '../errors.ts'
import type { BoundedResponse } from '../http/index.ts'
import type { Claims } from '../jws/index.ts'
import { freezeThrough, parseStrictBytes } from '../jws/index.ts'

/** The claims with the size of their JSON, or the reason why the realm, which is up, refuses to give them. */
export type Answer = { readonly claims: Claims; readonly bytes: number } | CloakwrightError

/**
 * Reads the endpoint's response. Distinguishes refused credentials from an outage, because waiting fixes only the latter.
 *
 * @throws {CW_INTROSPECTION_UNAVAILABLE} An outage.
 */
export function toAnswer(url: string, clientId: string, { status, body }: BoundedResponse): Answer {
  const failed = (why: string, hint?: string): CloakwrightError =>
    unavailable(`${url} ${why}`, undefined, hint)
  if (status === 401)
    return failed(
      'refuses the credentials of this service (401)',
      `Check introspection.clientId and clientSecret: the realm needs the client ${JSON.stringify(clientId)}, enabled, with this secret.`,
    )
  if (status === 403)
    return failed(
      'is forbidden for this client (403)',
      `Make the client ${JSON.stringify(clientId)} confidential (Client authentication = On): public clients may not introspect.`,
    )
  if (status === 404)
    return failed('does not exist (404)', 'Check that the realm exists, and its name in the issuer.')
  if (status >= 400 && status < 500 && status !== 429)
    return failed(`refuses the request (${status})`, 'Search the realm’s log for INTROSPECT_TOKEN_ERROR.')
  if (status !== 200) throw failed(`responds with status ${status}`)
  const claims = parseStrictBytes(body)
  if (claims === undefined) throw failed('does not respond with one JSON object with unique names')
  return { claims: freezeThrough(claims), bytes: body.length }
}

/** The error for a token that the realm reports as not active. */
export function inactive(clientId: string): CloakwrightError {
  return new CloakwrightError('CW_TOKEN_INACTIVE', 'Token: the realm reports that it is not active', {
    hint:
      'Get a new one: it has expired, or its session has ended. If new ones are refused too, add this service to their audience, ' +
      'because Keycloak reports a token as not active to other clients. Clients → the client that requests the token → Client scopes → its dedicated scope → ' +
      `Add mapper → By configuration → Audience: Included Client Audience = ${clientId}, Add to token introspection = On.`,
  })
}

/** The error when it is unknown whether the token is active. */
export function unavailable(
  why: string,
  cause?: unknown,
  hint: string = 'Check that Keycloak runs and that this machine can reach it.',
  retryAfter: number = 5,
): CloakwrightError {
  return new CloakwrightError('CW_INTROSPECTION_UNAVAILABLE', `Introspection: ${why}`, {
    cause,
    hint,
    retryAfter,
  })
}

/** An outage with its cause, if known; `wait` in milliseconds. */
export function toOutage(cause: unknown, why = '', wait = 5_000): CloakwrightError {
  const known = cause instanceof CloakwrightError ? cause : undefined
  const message = why + (known?.message ?? 'unexpected failure')
  return unavailable(message, cause, known?.hint, Math.max(1, Math.ceil(wait / 1000)))
}
