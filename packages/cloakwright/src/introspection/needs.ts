import type { Claims } from '../jws/index.ts'

/**
 * Keycloak encodes the kind of a token in its id: two letters each for the session, the kind (`rt` regular,
 * `lt` lightweight) and the grant, then a colon. Since 26.2.
 */
const lightweightId = /^[a-z]{2}lt[a-z]{2}:/

/**
 * Whether the claims of a verified token are those of a lightweight one, without audience, roles and usually the subject:
 * only introspection returns these.
 *
 * Only the token's id tells. A missing claim does not: a client without the scope `roles` gets regular tokens without
 * roles, and one without `basic` gets them without a subject. Mappers may add both to a lightweight token.
 */
export function isLightweight(claims: Claims): boolean {
  const id = claims['jti']
  return typeof id === 'string' && lightweightId.test(id)
}

/**
 * Whether the introspection response says that it is about an access token (RFC 7662 §2.2). Keycloak says so for any token,
 * and what it is in `typ`.
 */
export function isAccessToken({ token_type: type }: Claims): boolean {
  return typeof type === 'string' && /^(?:bearer|dpop)$/i.test(type)
}

/** RFC 6750 §2.1. */
const b64token = /^[A-Za-z0-9._~+/-]+=*$/

/**
 * Whether a string can be an opaque token. It has the characters of a bearer token, but not three segments, which the
 * verifier parses as a JWS. Nor does it start like a JWS (`{"` in base64url) with too few or too many segments.
 */
export function isOpaque(token: string, maxLength: number): boolean {
  if (typeof token !== 'string' || token.length > maxLength || !b64token.test(token)) return false
  const segments = token.split('.', 6).length
  return segments !== 3 && !(segments > 1 && token.startsWith('eyJ'))
}
