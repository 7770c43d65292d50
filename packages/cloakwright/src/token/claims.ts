import { CloakwrightError } from '../errors.ts'
import type { Claims } from '../jws/index.ts'
import { bindingOf } from '../proof/index.ts'
import type { CheckedClaims } from './access-token.ts'
import { notAccessToken, wrongAudience, wrongIssuer } from './wrong-token.ts'

type Times = Pick<CheckedClaims, 'expiresAt' | 'issuedAt' | 'notBefore'>

/** The values that a token's claims are compared with. */
export interface Expectations {
  readonly issuer: string
  readonly audiences: readonly string[]
  /** Clients whose tokens are accepted; `undefined`: any client of the realm. */
  readonly authorizedParties: readonly string[] | undefined
  /** Seconds. */
  readonly clockTolerance: number
}

/**
 * Checks the claims of a token whose signature is verified.
 *
 * @param now Seconds since the epoch.
 * @param isAccessToken Whether the header (RFC 9068) or the introspection says so: then the payload needs no `typ`, which
 * only Keycloak writes.
 * @throws {CW_TOKEN_TYPE} Not an access token.
 * @throws {CW_TOKEN_BOUND} It has a binding that cannot be checked.
 * @throws {CW_TOKEN_ISSUER}
 * @throws {CW_TOKEN_AUDIENCE}
 * @throws {CW_TOKEN_AZP}
 * @throws {CW_TOKEN_EXPIRED}
 * @throws {CW_TOKEN_NOT_YET_VALID}
 * @throws {CW_TOKEN_CLAIM} A claim is missing or of the wrong type.
 */
export function checkClaims(
  claims: Claims,
  expected: Expectations,
  now: number,
  isAccessToken = false,
): CheckedClaims {
  const times = checkOrigin(claims, expected, now, isAccessToken)
  checkAudience(claims, expected)
  checkAuthorizedParty(claims, expected)
  const subject = claims['sub']
  if (typeof subject !== 'string' || subject === '')
    throw refused('CW_TOKEN_CLAIM', 'its sub (subject) is missing or not a string', {
      hint: 'Add the default client scope `basic` to the client: it maps the subject into access tokens.',
    })
  return { issuer: expected.issuer, subject, binding: bindingOf(claims), ...times }
}

/**
 * Checks the claims that every access token of the realm has, also one without audience and subject: type,
 * issuer, times.
 *
 * @param now Seconds since the epoch.
 */
export function checkOrigin(
  claims: Claims,
  expected: Expectations,
  now: number,
  isAccessToken = false,
): Times {
  checkType(claims, isAccessToken)
  checkIssuer(claims, expected)
  return checkTimes(claims, expected, now)
}

function checkType(claims: Claims, isAccessToken: boolean): void {
  const type = claims['typ']
  if (type === undefined && isAccessToken) return
  if (type !== 'Bearer' && type !== 'DPoP') throw notAccessToken(type)
}

function checkIssuer(claims: Claims, expected: Expectations): void {
  if (claims['iss'] === expected.issuer) return
  throw wrongIssuer(claims['iss'], [expected.issuer])
}

function checkAudience(claims: Claims, expected: Expectations): void {
  const audience = claims['aud']
  if (typeof audience === 'string') {
    if (expected.audiences.includes(audience)) return
  } else if (Array.isArray(audience)) {
    if (!audience.every((one) => typeof one === 'string')) throw wrongClaim('aud')
    if (audience.some((one) => expected.audiences.includes(one as string))) return
  } else if (audience !== undefined) throw wrongClaim('aud')
  throw wrongAudience(audience, expected.audiences)
}

function checkAuthorizedParty(claims: Claims, expected: Expectations): void {
  if (expected.authorizedParties === undefined) return
  const party = claims['azp'] ?? claims['client_id']
  if (typeof party === 'string' && expected.authorizedParties.includes(party)) return
  throw refused('CW_TOKEN_AZP', 'its azp (the client that requested it) is not in authorizedParties', {
    hint: 'Add the client to `authorizedParties` to accept its tokens.',
  })
}

function checkTimes(claims: Claims, expected: Expectations, now: number): Times {
  const expiresAt = numericDate(claims, 'exp')
  const issuedAt = numericDate(claims, 'iat')
  const notBefore = claims['nbf'] === undefined ? issuedAt : numericDate(claims, 'nbf')
  const hint = 'If the token is right, compare the clocks of this machine and Keycloak.'
  if (now >= expiresAt + expected.clockTolerance)
    throw refused('CW_TOKEN_EXPIRED', 'it has expired (exp)', { hint: `Refresh it. ${hint}` })
  if (now < notBefore - expected.clockTolerance)
    throw refused('CW_TOKEN_NOT_YET_VALID', 'it is not valid yet (nbf)', { hint })
  if (now < issuedAt - expected.clockTolerance)
    throw refused('CW_TOKEN_NOT_YET_VALID', 'it was issued in the future (iat)', { hint })
  return { expiresAt, issuedAt, notBefore }
}

/** The last second that a JavaScript Date can represent. */
const endOfTime = 8_640_000_000_000

function numericDate(claims: Claims, name: string): number {
  const value = claims[name]
  if (typeof value !== 'number' || !(value >= 0 && value <= endOfTime)) throw wrongClaim(name)
  return value
}

function wrongClaim(name: string): CloakwrightError {
  return refused('CW_TOKEN_CLAIM', `its ${name} is missing or of the wrong type`, {
    hint: 'Check the client’s mappers for one that overwrites this claim: Keycloak writes it itself.',
  })
}

type TokenCode = 'CW_TOKEN_AZP' | 'CW_TOKEN_EXPIRED' | 'CW_TOKEN_NOT_YET_VALID' | 'CW_TOKEN_CLAIM'

function refused(code: TokenCode, why: string, details: { readonly hint: string }): CloakwrightError {
  return new CloakwrightError(code, `Token: ${why}`, details)
}
