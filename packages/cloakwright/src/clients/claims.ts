import { decodeJwt, type JWTPayload } from 'jose'

/** The audiences of a token; `undefined` for an opaque token, which only the API can check. */
export function audiencesOf(token: string): readonly string[] | undefined {
  const claims = claimsOf(token)
  return claims && [claims.aud ?? []].flat()
}

/** When a token expires, in milliseconds since the epoch; `undefined` for an opaque token. */
export function expiryOf(token: string): number | undefined {
  const exp = claimsOf(token)?.exp
  return exp === undefined ? undefined : exp * 1000
}

/** The realm itself has just returned the token, or a verifier has checked it. */
function claimsOf(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}
