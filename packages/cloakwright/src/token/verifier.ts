import { CloakwrightError } from '../errors.ts'
import type { VerificationKey } from '../keys/index.ts'
import { type AccessToken, type Claims, toAccessToken } from './access-token.ts'
import { isSigned } from './algorithms.ts'
import { createTokenCache } from './cache.ts'
import { checkClaims, wrongIssuer } from './claims.ts'
import { parseClaims, type ParsedToken, parseToken } from './parse.ts'
import { createRealm, type Realm } from './realm.ts'
import { createRealms, type Realms } from './realms.ts'
import type { IssuerOptions, Verifier, VerifierOptions } from './types.ts'
import { checkOptions } from './verifier-options.ts'

/**
 * Makes a verifier of access tokens (RFC 7519, RFC 8725, RFC 9068 where Keycloak follows it), of one realm or of
 * several. Nothing is fetched before the first token, or {@link Verifier.ready}.
 *
 * @throws {CW_CONFIG_MISSING} No issuer or no audience.
 * @throws {CW_CONFIG_INVALID} A value that can't work.
 * @throws {CW_CONFIG_INSECURE} The audience `account`, a symmetric algorithm, plain http beyond loopback.
 * @example
 * ```ts
 * import { createVerifier } from 'cloakwright'
 *
 * const verifier = createVerifier({ issuer: 'https://sso.example.com/realms/shop', audience: 'shop-api' })
 *
 * export async function whoIs(token: string): Promise<string> {
 *   const { subject } = await verifier.verify(token)
 *   return subject
 * }
 * ```
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { now = Date.now } = options
  const checked = checkOptions(options)
  const { allowed, maxTokenLength } = checked
  const cache =
    checked.cache === false ? undefined : createTokenCache<Realm>(checked.cache, checked.clockTolerance)
  const create = (of: IssuerOptions): Realm => createRealm(of, options, checked, () => cache?.clear())
  const only = 'issuers' in options ? undefined : create(options)
  const realms =
    'issuers' in options ? createRealms(options, checked.maxIssuers, create) : oneRealm(only as Realm)

  const finish = (
    text: string,
    parsed: ParsedToken,
    realm: Realm,
    key: VerificationKey | undefined,
    claims?: Claims,
  ): AccessToken => {
    checkSignature(parsed, key)
    const read = claims ?? parseClaims(parsed.payload)
    const token = toAccessToken(read, checkClaims(read, realm.expected, now() / 1000))
    cache?.set(text, token, realm)
    return token
  }
  const verifyOf = (
    text: string,
    parsed: ParsedToken,
    realm: Realm,
    claims?: Claims,
  ): AccessToken | Promise<AccessToken> => {
    realm.keys.keepFresh(now())
    const key = realm.keys.get(parsed.kid)
    if (key !== undefined) return finish(text, parsed, realm, key, claims)
    return realm.keys.find(parsed.kid).then((found) => finish(text, parsed, realm, found, claims))
  }
  /** With several realms the unverified `iss` picks the one whose keys it is verified by; the claims' check compares it again. */
  const verifyOfSeveral = (text: string, parsed: ParsedToken): AccessToken | Promise<AccessToken> => {
    const claims = parseClaims(parsed.payload)
    const issuer = claims['iss']
    const found = typeof issuer === 'string' ? realms.find(issuer) : undefined
    const go = (realm: Realm | undefined): AccessToken | Promise<AccessToken> => {
      if (realm === undefined) throw wrongIssuer('none that is accepted here')
      return verifyOf(text, parsed, realm, claims)
    }
    return found instanceof Promise ? found.then(go) : go(found)
  }

  return {
    issuers: realms.issuers,
    verify(text, presented) {
      const time = now()
      const entry = typeof text === 'string' ? cache?.get(text, time / 1000) : undefined
      if (entry !== undefined) {
        if (entry.owner.inUse) {
          entry.owner.keys.keepFresh(time)
          return entry.verified
        }
      }
      const parsed = parseToken(text, allowed, maxTokenLength)
      return only === undefined ? verifyOfSeveral(text, parsed) : verifyOf(text, parsed, only)
    },
    ready: () => realms.ready(),
  }
}

function oneRealm(realm: Realm): Realms {
  return { issuers: [realm.expected.issuer], find: () => realm, ready: () => realm.keys.ready() }
}

function checkSignature(parsed: ParsedToken, key: VerificationKey | undefined): void {
  if (key === undefined)
    throw new CloakwrightError('CW_TOKEN_KEY_UNKNOWN', 'Token: the realm has no such key (kid)', {
      hint: 'The token comes from another realm, or its key was removed. Get a new one.',
    })
  if (!key.algorithms.includes(parsed.algorithm))
    throw new CloakwrightError('CW_TOKEN_ALGORITHM', 'Token: its algorithm is not that of the key it names', {
      hint: 'Get the token from the realm itself.',
    })
  if (!isSigned(parsed.algorithm, key.publicKey, parsed.signed, parsed.signature))
    throw new CloakwrightError('CW_TOKEN_SIGNATURE', 'Token: the signature does not fit', {
      hint: 'The token was changed or forged. Send it exactly as the realm gave it.',
    })
}
