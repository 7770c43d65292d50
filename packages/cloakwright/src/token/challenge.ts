import type { CloakwrightError, ErrorCode } from '../errors.ts'

/**
 * The `WWW-Authenticate` value of a refusal (RFC 6750 §3), or `undefined` where none belongs: a missing role is no
 * matter of credentials, and neither is a realm that can't be reached. Without a token it has no error code (§3.1).
 *
 * @param realm The protection space's name; what can't stand in a quoted string is left out of it.
 */
export function toChallenge(error: CloakwrightError, realm: string): string | undefined {
  const space = `Bearer realm="${quotable(realm)}"`
  const { code, status } = error
  if (code === 'CW_TOKEN_MISSING' || code === 'CW_SESSION_ENDED') return space
  if (code === 'CW_REQUEST_AMBIGUOUS')
    return `${space}, error="invalid_request", error_description="The request carries more than one token"`
  if (code === 'CW_SCOPE_INSUFFICIENT') {
    const description = 'The access token has too little scope'
    const scope = error.challenge?.scope === undefined ? '' : `, scope="${quotable(error.challenge.scope)}"`
    return `${space}, error="insufficient_scope", error_description="${description}"${scope}`
  }
  if (status !== 401) return undefined
  return `${space}, error="invalid_token", error_description="${descriptionOf(code)}"`
}

function descriptionOf(code: ErrorCode): string {
  return descriptions[code] ?? 'The access token is refused'
}

/** One fixed text a code: nothing of the request ever gets into a header. */
const descriptions: Partial<Record<ErrorCode, string>> = {
  CW_TOKEN_MALFORMED: 'The access token is malformed',
  CW_TOKEN_ALGORITHM: 'The access token is signed with an algorithm that is not accepted',
  CW_TOKEN_KEY_UNKNOWN: 'The access token is signed with an unknown key',
  CW_TOKEN_SIGNATURE: 'The signature of the access token does not fit',
  CW_TOKEN_TYPE: 'The token is not an access token',
  CW_TOKEN_ISSUER: 'The access token comes from another issuer',
  CW_TOKEN_AUDIENCE: 'The access token is for another audience',
  CW_TOKEN_AZP: 'The access token was given to a client that is not accepted',
  CW_TOKEN_EXPIRED: 'The access token has expired',
  CW_TOKEN_NOT_YET_VALID: 'The access token is not valid yet',
  CW_TOKEN_CLAIM: 'A claim of the access token is missing or malformed',
  CW_TOKEN_BOUND: 'The access token is bound to a key and can not be used as a bearer token',
}

function quotable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|["\\]/g, '')
}
