import { defaultClockTolerance, systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { type Introspection, isLightweight, isOpaque } from '../introspection/index.ts'
import { type Claims, isSigned } from '../jws/index.ts'
import type { VerificationKey } from '../keys/index.ts'
import { createOrDefer } from '../next-build.ts'
import { requireOptions } from '../options.ts'
import { isPromise } from '../promise.ts'
import {
  type Binding,
  bindingOf,
  checkProofs,
  createDpop,
  createMtls,
  type Presentation,
  type ProofChecks,
} from '../proof/index.ts'
import type { Telemetry } from '../telemetry/index.ts'
import { type AccessToken, toAccessToken } from './access-token.ts'
import { toVerifier, type VerifyAtOnce } from './at-once.ts'
import { createTokenCache } from './cache.ts'
import { checkClaims, checkOrigin } from './claims.ts'
import { observeRefusals } from './observe.ts'
import { type ParsedToken, parseClaims, parseToken } from './parse.ts'
import { createRealm, type Realm } from './realm.ts'
import { createRealms, type Realms } from './realms.ts'
import { refuseRevoked } from './revocations.ts'
import type { IssuerOptions, Verifier, VerifierOptions } from './types.ts'
import { checkOptions } from './verifier-options.ts'
import { unknownKey, wrongIssuer } from './wrong-token.ts'

/**
 * Makes a verifier of access tokens (RFC 7519, RFC 8725, RFC 9068 where Keycloak follows it), of one realm or of
 * several. Nothing is fetched before the first token, or {@link Verifier.ready}.
 *
 * @throws {CW_CONFIG_MISSING} No issuer or no audience; during `next build` only when the verifier is used.
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
  requireOptions('createVerifier', '{ issuer, audience }', options, kinds)
  return createOrDefer(() => createConfigured(options), unusable)
}

const kinds = {
  now: 'function',
  fetch: 'function',
  onKeysError: 'function',
  revocations: 'object',
  dpop: 'object',
  mtls: 'object',
  telemetry: 'object',
} as const

function unusable(error: CloakwrightError): Verifier {
  const clock = { now: systemTime, tolerance: defaultClockTolerance }
  const fail = (): Promise<never> => Promise.reject(error)
  return {
    issuers: [],
    realm: '',
    proofs: { dpop: undefined, mtls: undefined },
    revocations: undefined,
    clock,
    verify: fail,
    ready: fail,
  }
}

function createConfigured(options: VerifierOptions): Verifier {
  const { now = systemTime, revocations, telemetry } = options
  const checked = checkOptions(options)
  const { allowed, maxTokenLength } = checked
  const cache =
    checked.cache === false ? undefined : createTokenCache<Realm>(checked.cache, checked.clockTolerance)
  const create = (of: IssuerOptions): Realm => createRealm(of, options, checked, () => cache?.clear())
  const only = 'issuers' in options ? undefined : create(options)
  const realms =
    'issuers' in options ? createRealms(options, checked.maxIssuers, create) : oneRealm(only as Realm)

  const proofs: ProofChecks = {
    dpop: options.dpop && createDpop(options.dpop, checked.clockTolerance),
    mtls: options.mtls && createMtls(options.mtls),
  }

  const accept = (claims: Claims, realm: Realm): AccessToken => {
    const token = toAccessToken(claims, checkClaims(claims, realm.expected, now() / 1000))
    refuseRevoked(revocations, token, realm.expected.issuer)
    return token
  }
  /** The answer is remembered by the introspection itself, for seconds only. */
  const introspect = async (
    text: string,
    realm: Realm,
    introspection: Introspection,
  ): Promise<AccessToken> => {
    const claims = await introspection.introspect(text)
    return accept(claims, realm)
  }
  const finish = (
    text: string,
    parsed: ParsedToken,
    realm: Realm,
    key: VerificationKey | undefined,
    parsedClaims?: Claims,
  ): AccessToken | Promise<AccessToken> => {
    checkSignature(parsed, key, realm)
    realms.use(realm)
    const claims = parsedClaims ?? parseClaims(parsed.payload)
    const { introspection } = realm
    if (introspection !== undefined && isLightweight(claims)) {
      checkOrigin(claims, realm.expected, now() / 1000)
      const binding = bindingOf(claims)
      return introspect(text, realm, introspection).then((token) => sameBinding(token, binding))
    }
    const token = accept(claims, realm)
    cache?.set(parsed.text, token, realm, revocations?.version ?? 0)
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
    return inRealmOf(claims, (realm) => verifyOf(text, parsed, realm, claims))
  }
  const inRealmOf = (
    claims: Claims,
    use: (realm: Realm) => AccessToken | Promise<AccessToken>,
  ): AccessToken | Promise<AccessToken> => {
    const issuer = claims['iss']
    const found = typeof issuer === 'string' ? realms.find(issuer) : undefined
    const go = (realm: Realm | undefined): AccessToken | Promise<AccessToken> => {
      if (realm === undefined) throw wrongIssuer(issuer, realms.issuers, realms.resolver)
      return use(realm)
    }
    return isPromise(found) ? found.then(go) : go(found)
  }
  const recheck = async (claims: Claims): Promise<AccessToken> => {
    await revocations?.ready()
    return await inRealmOf(claims, (realm) => accept(claims, realm))
  }

  const fromCache = (text: string, time: number): AccessToken | undefined => {
    const entry = cache?.get(text, time / 1000)
    if (entry === undefined || !entry.owner.inUse) return undefined
    entry.owner.keys.keepFresh(time)
    // Looked up again only when something was revoked since.
    if (revocations !== undefined && entry.revocationsSeen !== revocations.version) {
      refuseRevoked(revocations, entry.verified, entry.owner.expected.issuer)
      entry.revocationsSeen = revocations.version
    }
    return entry.verified
  }
  const verifyAnew = (text: string): AccessToken | Promise<AccessToken> => {
    // An opaque token names no issuer: only the one realm can be asked about it.
    if (only?.introspection !== undefined && isOpaque(text, maxTokenLength))
      return introspect(text, only, only.introspection)
    const parsed = parseToken(text, allowed, maxTokenLength)
    return only === undefined ? verifyOfSeveral(text, parsed) : verifyOf(text, parsed, only)
  }
  const verifyObserved = (text: string, by: Telemetry): AccessToken | Promise<AccessToken> => {
    const accepted = (token: AccessToken): AccessToken => {
      by.accepted(false)
      return token
    }
    const token = by.verification(() => verifyAnew(text))
    return isPromise(token) ? token.then(accepted) : accepted(token)
  }
  const prove = (
    token: AccessToken,
    text: string,
    presented: Presentation = asBearer,
  ): AccessToken | Promise<AccessToken> => {
    if (token.binding === undefined && presented.scheme === 'Bearer') return token
    return checkProofs(token.binding, presented, text, proofs, now()).then(() => token)
  }

  const verify: VerifyAtOnce = (text, presented) => {
    if (revocations !== undefined && !revocations.known)
      return revocations.ready().then(() => verify(text, presented))
    const known = typeof text === 'string' ? fromCache(text, now()) : undefined
    if (known !== undefined) telemetry?.accepted(true)
    const token = known ?? (telemetry === undefined ? verifyAnew(text) : verifyObserved(text, telemetry))
    return isPromise(token)
      ? token.then((verified) => prove(verified, text, presented))
      : prove(token, text, presented)
  }

  return toVerifier(telemetry === undefined ? verify : observeRefusals(verify, telemetry), recheck, {
    get issuers() {
      return realms.issuers
    },
    realm: nameOf(realms),
    proofs,
    clock: { now, tolerance: checked.clockTolerance },
    revocations,
    async ready() {
      await Promise.all([realms.ready(), revocations?.ready()])
    },
  })
}

/** How a token counts that came without a word about it. */
const asBearer: Presentation = {
  scheme: 'Bearer',
  method: '',
  target: '',
  dpop: [],
  certificate: () => undefined,
}

/** A challenge always names a protection space (RFC 9110 §11.5), but no tenant to another. */
function nameOf({ issuers: [issuer], resolver }: Realms): string {
  if (resolver === undefined) return issuer?.slice(issuer.lastIndexOf('/') + 1) ?? ''
  return resolver.server === undefined ? 'Keycloak' : new URL(resolver.server).host
}

function oneRealm(realm: Realm): Realms {
  return {
    issuers: [realm.expected.issuer],
    resolver: undefined,
    find: () => realm,
    use: () => {},
    ready: () => realm.keys.ready(),
  }
}

/** The realm’s answer is about roles and audience: it never frees a token of the key that it is bound to. */
function sameBinding(token: AccessToken, binding: Binding | undefined): AccessToken {
  if (token.binding?.jkt === binding?.jkt && token.binding?.x5t === binding?.x5t) return token
  throw new CloakwrightError('CW_TOKEN_BOUND', 'Token: it is bound (cnf) otherwise than the realm says', {
    hint: 'Look for a mapper of the client that writes `cnf`, into the token or into introspection only.',
  })
}

function checkSignature(parsed: ParsedToken, key: VerificationKey | undefined, { expected }: Realm): void {
  if (key === undefined) throw unknownKey(parsed.payload, expected.issuer)
  if (!key.algorithms.includes(parsed.algorithm))
    throw new CloakwrightError('CW_TOKEN_ALGORITHM', 'Token: its algorithm is not that of the key it names', {
      hint: 'Get the token from the realm itself.',
    })
  if (!isSigned(parsed.algorithm, key.publicKey, parsed.signed, parsed.signature))
    throw new CloakwrightError('CW_TOKEN_SIGNATURE', 'Token: the signature does not fit', {
      hint: 'The token was changed or forged. Send it exactly as the realm gave it.',
    })
}
