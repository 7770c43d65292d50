import { CloakwrightError } from '../errors.ts'
import type { BoundedResponse } from '../http/index.ts'
import type { Claims } from '../jws/index.ts'
import { freezeThrough, parseStrictBytes } from '../jws/index.ts'

/** The claims with the size of their text, or the reason why the realm refuses to say: it is not down. */
export type Answer = { readonly claims: Claims; readonly bytes: number } | CloakwrightError

/**
 * Reads what the endpoint answered. Refused credentials are told apart from an outage, since waiting mends only the latter.
 *
 * @throws {CW_INTROSPECTION_UNAVAILABLE} An outage.
 */
export function toAnswer(url: string, clientId: string, { status, body }: BoundedResponse): Answer {
  const failed = (why: string, hint?: string): CloakwrightError =>
    unavailable(`${url} ${why}`, undefined, hint)
  if (status === 401)
    return failed(
      'refuses this service’s own credentials (401)',
      `Check introspection.clientId and clientSecret: that the realm has the client ${JSON.stringify(clientId)}, enabled, with this secret.`,
    )
  if (status === 403)
    return failed(
      'is closed to this client (403)',
      `Make the client ${JSON.stringify(clientId)} confidential (Client authentication = On): public ones may not introspect.`,
    )
  if (status === 404)
    return failed('is not there (404)', 'Check that the realm still exists, and its name in the issuer.')
  if (status >= 400 && status < 500 && status !== 429)
    return failed(`refuses the request (${status})`, 'Look at the realm’s log for INTROSPECT_TOKEN_ERROR.')
  if (status !== 200) throw failed(`answers with status ${status}`)
  const claims = parseStrictBytes(body)
  if (claims === undefined) throw failed('answers with anything but one JSON object without repeated names')
  return { claims: freezeThrough(claims), bytes: body.length }
}

/** The token is known not to be good. */
export function inactive(clientId: string): CloakwrightError {
  return new CloakwrightError('CW_TOKEN_INACTIVE', 'Token: the realm says that it is not active', {
    hint:
      'It has expired, or its session has ended: get a new one. If fresh ones are refused too: Keycloak says so also to ' +
      'clients that a token is not for. Clients → the client that asks for the token → Client scopes → its dedicated scope → ' +
      `Add mapper → By configuration → Audience: Included Client Audience = ${clientId}, Add to token introspection = On.`,
  })
}

/** Nobody can tell whether the token is good. */
export function unavailable(
  why: string,
  cause?: unknown,
  hint: string = 'Check that Keycloak is up and reached from the machine of this service.',
  retryAfter: number = 5,
): CloakwrightError {
  return new CloakwrightError('CW_INTROSPECTION_UNAVAILABLE', `Introspection: ${why}`, {
    cause,
    hint,
    retryAfter,
  })
}

/** An outage with what is known of its cause; `wait` in milliseconds. */
export function toOutage(cause: unknown, why = '', wait = 5_000): CloakwrightError {
  const known = cause instanceof CloakwrightError ? cause : undefined
  const message = why + (known?.message ?? 'unexpected failure')
  return unavailable(message, cause, known?.hint, Math.max(1, Math.ceil(wait / 1000)))
}
