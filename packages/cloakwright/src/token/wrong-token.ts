import { CloakwrightError } from '../errors.ts'
import { parseStrictObject } from '../jws/index.ts'
import { shown, shownList } from '../shown.ts'
import type { IssuerResolver } from './types.ts'

// Refusals of tokens that are sent by mistake: each reports the found and the expected value.

/** Keycloak's token kinds in the payload's `typ`. */
const kinds: Readonly<Record<string, string>> = {
  ID: 'ID token',
  Refresh: 'refresh token',
  Offline: 'offline token',
  Logout: 'logout token',
}

/** The refusal of a token of another kind; `typ` is from its payload. */
export function notAccessToken(type: unknown, cause?: CloakwrightError): CloakwrightError {
  const kind = typeof type === 'string' && Object.hasOwn(kinds, type) ? kinds[type] : undefined
  return kind === undefined
    ? new CloakwrightError(
        'CW_TOKEN_TYPE',
        'Token: not an access token, because its payload’s typ is neither Bearer nor DPoP',
        { hint: 'Send the access token, not the ID, refresh, offline or logout token.', cause },
      )
    : new CloakwrightError(
        'CW_TOKEN_TYPE',
        `Token: it is not an access token, but ${article(kind)} ${kind}`,
        {
          hint: `Send the access token, not the ${kind}.`,
          cause,
        },
      )
}

/**
 * A token whose header has a symmetric algorithm is refused in any case. Keycloak signs its refresh and offline tokens
 * that way, and other kinds if a client asks for it. The payload is not verified and only selects the message.
 */
export function wrongAlgorithm(refusal: CloakwrightError, payload: string | null): CloakwrightError {
  const type = payload === null ? undefined : parseStrictObject(payload)?.['typ']
  return typeof type === 'string' && Object.hasOwn(kinds, type) ? notAccessToken(type, refusal) : refusal
}

/**
 * The refusal of another issuer's token.
 *
 * @param accepted The known issuers.
 * @param resolver The function that decides, if there is one; the known issuers are then those that it has accepted.
 */
export function wrongIssuer(
  found: unknown,
  accepted: readonly string[],
  resolver?: IssuerResolver,
): CloakwrightError {
  const known = shownList(accepted, 'and')
  const notOf = accepted.length === 1 ? `not ${known}` : `not one of ${known}`
  const inUse = accepted.length === 0 ? '' : `; in use: ${known}`
  const server = resolver?.server === undefined ? '' : ` for realms of ${shown(resolver.server)}`
  const rest =
    resolver === undefined ? notOf : `which the function \`issuers\`${server} does not accept${inUse}`
  return new CloakwrightError('CW_TOKEN_ISSUER', `Token: its iss (issuer) is ${textOf(found)}, ${rest}`, {
    hint: 'Make the token’s iss and `issuer` exactly equal. Behind a proxy, set Keycloak’s public URL (KC_HOSTNAME), and the URL inside as internalUrl.',
  })
}

/** The refusal of a token for another audience. */
export function wrongAudience(found: unknown, audiences: readonly string[]): CloakwrightError {
  const values = Array.isArray(found) ? (found as string[]) : found === undefined ? [] : [found as string]
  const is = values.length === 0 ? 'missing' : shownList(values, 'and')
  return new CloakwrightError(
    'CW_TOKEN_AUDIENCE',
    `Token: its aud (audience) is ${is}, but must include ${shownList(audiences, 'or')}`,
    {
      hint:
        'Add an audience mapper, because Keycloak adds no audience by itself. In the admin console: Clients → the client that requests the token → ' +
        'Client scopes → its dedicated scope → Add mapper → By configuration → Audience: Included Client Audience = ' +
        `${audiences[0]}, Add to access token = On.`,
    },
  )
}

/** The refusal of a token whose key the realm does not have: usually a token of another realm. */
export function unknownKey(payload: string | null, issuer: string): CloakwrightError {
  const claims = payload === null ? undefined : parseStrictObject(payload)
  const found = claims?.['iss']
  const origin =
    found === issuer || claims === undefined
      ? 'The token comes from another realm, or its key was removed.'
      : `The token is from another realm: its iss (issuer) is ${textOf(found)}, not ${shown(issuer)}.`
  return new CloakwrightError('CW_TOKEN_KEY_UNKNOWN', 'Token: the realm has no key with this ID (kid)', {
    hint: `Get a new one from ${shown(issuer)}. ${origin}`,
  })
}

function textOf(found: unknown): string {
  if (typeof found === 'string') return shown(found)
  return found === undefined ? 'missing' : 'not a string'
}

function article(noun: string): 'a' | 'an' {
  return /^[IO]|^off/.test(noun) ? 'an' : 'a'
}
