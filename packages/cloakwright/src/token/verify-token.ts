import { CloakwrightError } from '../errors.ts'
import { type Introspection, isAccessToken, isLightweight, isOpaque } from '../introspection/index.ts'
import type { Claims } from '../jws/index.ts'
import type { VerificationKey } from '../keys/index.ts'
import { isPromise } from '../promise.ts'
import { type Binding, bindingOf, checkProofs, type Presentation, type ProofChecks } from '../proof/index.ts'
import type { Telemetry } from '../telemetry/index.ts'
import { type AccessToken, toAccessToken } from './access-token.ts'
import type { TokenCache } from './cache.ts'
import { checkClaims, checkOrigin } from './claims.ts'
import type { TokensInFlight } from './in-flight.ts'
import { type ParsedToken, parseClaims, parseToken } from './parse.ts'
import type { Realm } from './realm.ts'
import type { Realms } from './realms.ts'
import { type Revocations, refuseRevoked } from './revocations.ts'
import { verifySignature } from './signature.ts'
import { unknownKey, wrongIssuer } from './wrong-token.ts'

/** The shared parts of one verifier's verifications. */
export interface Verification {
  readonly realms: Realms
  /** The realm of a verifier that has one. */
  readonly only: Realm | undefined
  readonly cache: TokenCache<Realm> | undefined
  readonly inFlight: TokensInFlight<Realm>
  readonly revocations: Revocations | undefined
  readonly telemetry: Telemetry | undefined
  readonly proofs: ProofChecks
  readonly allowed: ReadonlySet<string>
  readonly maxTokenLength: number
  readonly now: () => number
}

type Verified = AccessToken | Promise<AccessToken>

/** Verifies a token, cached or new, then its proof. Synchronous, unless something is fetched or the signature waits for the pool. */
export function verifyToken(by: Verification, text: string, presented?: Presentation): Verified {
  const { revocations, telemetry } = by
  if (revocations !== undefined && !revocations.known)
    return revocations.ready().then(() => verifyToken(by, text, presented))
  const known = typeof text === 'string' ? fromCache(by, text, by.now()) : undefined
  if (known !== undefined) telemetry?.accepted(true)
  const token =
    known ?? (telemetry === undefined ? verifyAnew(by, text) : verifyObserved(by, text, telemetry))
  return isPromise(token)
    ? token.then((verified) => prove(by, verified, text, presented))
    : prove(by, token, text, presented)
}

/**
 * Verifies the access token of a browser session. Its revocations are not those of the same token as a bearer token, so
 * both are checked apart.
 *
 * @param by A verification without revocations.
 * @param startedAt When the session started, in seconds since the epoch.
 */
export function verifySessionToken(
  by: Verification,
  revocations: Revocations | undefined,
  text: string,
  startedAt: number,
): Verified {
  if (revocations !== undefined && !revocations.known)
    return revocations.ready().then(() => verifySessionToken(by, revocations, text, startedAt))
  const check = (token: AccessToken): AccessToken => {
    refuseRevoked(revocations, token, String(token.claims['iss']), startedAt)
    return token
  }
  const token = verifyToken(by, text)
  return isPromise(token) ? token.then(check) : check(token)
}

/** Checks the claims of a token that was verified before, maybe by another verifier, as if it arrived now. */
export async function recheckClaims(by: Verification, claims: Claims): Promise<AccessToken> {
  await by.revocations?.ready()
  return await inRealmOf(by, claims, (realm) => accept(by, claims, realm, undefined, true))
}

function fromCache(
  { cache, revocations }: Verification,
  text: string,
  time: number,
): AccessToken | undefined {
  const entry = cache?.get(text, time / 1000)
  if (entry === undefined || !entry.owner.inUse) return undefined
  entry.owner.keys.keepFresh(time)
  // Checked again only after a new revocation.
  if (revocations !== undefined && entry.revocationsSeen !== revocations.version) {
    refuseRevoked(revocations, entry.verified, entry.owner.expected.issuer)
    entry.revocationsSeen = revocations.version
  }
  return entry.verified
}

function verifyObserved(by: Verification, text: string, telemetry: Telemetry): Verified {
  const accepted = (token: AccessToken): AccessToken => {
    telemetry.accepted(false)
    return token
  }
  const token = telemetry.verification(() => verifyAnew(by, text))
  return isPromise(token) ? token.then(accepted) : accepted(token)
}

function verifyAnew(by: Verification, text: string): Verified {
  const { only, allowed, maxTokenLength } = by
  // An opaque token names no issuer: it can be introspected only if there is one realm.
  if (only?.introspection !== undefined && isOpaque(text, maxTokenLength))
    return introspect(by, text, only, only.introspection)
  const parsed = parseToken(text, allowed, maxTokenLength)
  return only === undefined ? verifyOfSeveral(by, text, parsed) : verifyInRealm(by, text, parsed, only)
}

/** With several realms, the unverified `iss` selects the realm whose keys verify the token; the claims' check compares it again. */
function verifyOfSeveral(by: Verification, text: string, parsed: ParsedToken): Verified {
  const claims = parseClaims(parsed.payload)
  return inRealmOf(by, claims, (realm) => verifyInRealm(by, text, parsed, realm, claims))
}

function inRealmOf({ realms }: Verification, claims: Claims, use: (realm: Realm) => Verified): Verified {
  const issuer = claims['iss']
  const found = typeof issuer === 'string' ? realms.find(issuer) : undefined
  const go = (realm: Realm | undefined): Verified => {
    if (realm === undefined) throw wrongIssuer(issuer, realms.issuers, realms.resolver)
    return use(realm)
  }
  return isPromise(found) ? found.then(go) : go(found)
}

function verifyInRealm(
  by: Verification,
  text: string,
  parsed: ParsedToken,
  realm: Realm,
  claims?: Claims,
): Verified {
  realm.keys.keepFresh(by.now())
  const key = realm.keys.get(parsed.kid)
  if (key !== undefined) return verifyByKey(by, text, parsed, realm, key, claims)
  return realm.keys.find(parsed.kid).then((found) => verifyByKey(by, text, parsed, realm, found, claims))
}

function verifyByKey(
  by: Verification,
  text: string,
  parsed: ParsedToken,
  realm: Realm,
  found: VerificationKey | undefined,
  claims?: Claims,
): Verified {
  const key = requireKey(parsed, found, realm)
  const pending = by.inFlight.find(parsed.text, realm)
  if (pending !== undefined) return pending
  const genuine = verifySignature(parsed.algorithm, key.publicKey, parsed.signed, parsed.signature)
  if (!isPromise(genuine)) return acceptSigned(by, text, parsed, realm, genuine, claims)
  return by.inFlight.add(parsed.text, realm, verifyLater(by, text, parsed, realm, key, genuine, claims))
}

/** Checks again after the wait what may have changed: the key here, times and revocations with the claims. */
async function verifyLater(
  by: Verification,
  text: string,
  parsed: ParsedToken,
  realm: Realm,
  key: VerificationKey,
  pending: Promise<boolean>,
  claims: Claims | undefined,
): Promise<AccessToken> {
  const genuine = await pending
  by.inFlight.remove(parsed.text, realm)
  if (realm.keys.get(parsed.kid)?.fingerprint !== key.fingerprint)
    return await verifyInRealm(by, text, parsed, realm, claims)
  return await acceptSigned(by, text, parsed, realm, genuine, claims)
}

function acceptSigned(
  by: Verification,
  text: string,
  parsed: ParsedToken,
  realm: Realm,
  genuine: boolean,
  parsedClaims: Claims | undefined,
): Verified {
  if (!genuine)
    throw new CloakwrightError('CW_TOKEN_SIGNATURE', 'Token: the signature is invalid', {
      hint: 'Send the token exactly as the realm returned it: it was changed or forged.',
    })
  by.realms.use(realm)
  const claims = parsedClaims ?? parseClaims(parsed.payload)
  const { introspection } = realm
  if (introspection !== undefined && isLightweight(claims)) {
    checkOrigin(claims, realm.expected, by.now() / 1000, parsed.isAccessToken)
    const binding = bindingOf(claims)
    return introspect(by, text, realm, introspection).then((token) => sameBinding(token, binding))
  }
  const token = accept(by, claims, realm, parsed.text, parsed.isAccessToken)
  by.cache?.set(parsed.text, token, realm, by.revocations?.version ?? 0)
  return token
}

/** The introspection caches the result itself, for seconds only. */
async function introspect(
  by: Verification,
  text: string,
  realm: Realm,
  introspection: Introspection,
): Promise<AccessToken> {
  const claims = await introspection.introspect(text)
  return accept(by, claims, realm, text, isAccessToken(claims))
}

function accept(
  { revocations, now }: Verification,
  claims: Claims,
  realm: Realm,
  text: string | undefined,
  isAccessToken: boolean,
): AccessToken {
  const checked = checkClaims(claims, realm.expected, now() / 1000, isAccessToken)
  const token = toAccessToken(claims, checked, text)
  refuseRevoked(revocations, token, realm.expected.issuer)
  return token
}

function prove(
  { proofs, now }: Verification,
  token: AccessToken,
  text: string,
  presented: Presentation = asBearer,
): Verified {
  if (token.binding === undefined && presented.scheme === 'Bearer') return token
  return checkProofs(token.binding, presented, text, proofs, now()).then(() => token)
}

/** The default for a token without information on how it was sent. */
const asBearer: Presentation = {
  scheme: 'Bearer',
  method: '',
  target: '',
  dpop: [],
  certificate: () => undefined,
}

/** Introspection adds roles and audience: it never removes the binding of a token to its key. */
function sameBinding(token: AccessToken, binding: Binding | undefined): AccessToken {
  if (token.binding?.jkt === binding?.jkt && token.binding?.x5t === binding?.x5t) return token
  throw new CloakwrightError(
    'CW_TOKEN_BOUND',
    'Token: its binding (cnf) differs from the introspection response',
    {
      hint: 'Check the client’s mappers for one that writes `cnf` only into the token or only into introspection.',
    },
  )
}

function requireKey(
  parsed: ParsedToken,
  key: VerificationKey | undefined,
  { expected }: Realm,
): VerificationKey {
  if (key === undefined) throw unknownKey(parsed.payload, expected.issuer)
  if (key.algorithms.includes(parsed.algorithm)) return key
  throw new CloakwrightError(
    'CW_TOKEN_ALGORITHM',
    'Token: its algorithm does not match the key that it names',
    {
      hint: 'Get the token from the realm itself.',
    },
  )
}
