import { systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { parseStrictObject } from '../jws/index.ts'
import { type AccessToken, toAccessToken } from './access-token.ts'
import { checkClaims } from './claims.ts'

const issuer = 'https://realm.example/realms/test'

/**
 * Creates an access token for unit tests of handlers and policies: it has the claims of an ordinary user's token, replaced
 * by those that you pass; `undefined` removes one. It has no encoded form and no signature, so guards refuse it.
 * To test guarded routes, use a token of the embedded realm (`@cloakwright/devrealm`).
 *
 * @throws {CW_CONFIG_INSECURE} With `NODE_ENV=production`.
 * @throws {CW_TOKEN_CLAIM} And the other `CW_TOKEN_*`: no verifier would accept these claims.
 * @example
 * ```ts
 * import { role } from 'cloakwright'
 * import { fakeAccessToken } from 'cloakwright/testing'
 *
 * const admin = fakeAccessToken({ preferred_username: 'alice', realm_access: { roles: ['admin'] } })
 * const context = { now: admin.issuedAt, request: undefined, tokenText: '' }
 * console.log(await role('admin').evaluate(admin, context)) // { allowed: true }
 * ```
 */
export function fakeAccessToken(claims: Readonly<Record<string, unknown>> = {}): AccessToken {
  if (process.env['NODE_ENV'] === 'production')
    throw new CloakwrightError(
      'CW_CONFIG_INSECURE',
      'fakeAccessToken(): not allowed with NODE_ENV=production',
      {
        hint: 'Use it in unit tests only. Real access tokens come from a verifier.',
      },
    )
  const now = Math.floor(systemTime() / 1000)
  const all = {
    iss: issuer,
    aud: 'test-api',
    azp: 'test-client',
    typ: 'Bearer',
    sub: '00000000-0000-4000-8000-000000000001',
    sid: '00000000-0000-4000-8000-000000000002',
    jti: '00000000-0000-4000-8000-000000000003',
    iat: now,
    exp: now + 300,
    scope: 'openid profile email',
    preferred_username: 'test-user',
    email: 'test-user@example.com',
    ...claims,
  }
  // Like a token's claims: without a prototype and without undefined values.
  const given = parseStrictObject(JSON.stringify(all)) ?? {}
  const expected = {
    issuer: String(given['iss']),
    audiences: [given['aud']].flat().map(String),
    authorizedParties: undefined,
    clockTolerance: 0,
  }
  const token = toAccessToken(given, checkClaims(given, expected, now))
  fakes.add(token)
  return token
}

/** Tokens that no realm issued: guards refuse them. */
const fakes = new WeakSet<AccessToken>()

/** Whether the token is one of `fakeAccessToken()`. */
export function isFake(token: AccessToken): boolean {
  return fakes.has(token)
}
