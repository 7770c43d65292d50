import { createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto'
import { type Algorithm, algorithmsOf } from '../jws/index.ts'

/** By this path, because the types of Node 26 export no `JsonWebKey`. */
type JsonWebKey = JsonWebKeyInput['key']

/** A public key of the realm, for signatures only. */
export interface VerificationKey {
  readonly kid: string
  /** What it may be used with: the algorithm that its JWK names, else those that its type and curve allow. */
  readonly algorithms: readonly Algorithm[]
  readonly publicKey: KeyObject
  /** The key's own members, to tell a changed key of the same name. */
  readonly fingerprint: string
}

/**
 * Imports the keys of a JWK Set (RFC 7517) that can verify signatures. Others are passed over: encryption keys,
 * symmetric and private ones, those without a name, of an unknown type, a weak size or with broken members.
 */
export function toVerificationKeys(jwks: readonly unknown[]): Map<string, VerificationKey> {
  const keys = new Map<string, VerificationKey>()
  for (const jwk of jwks) {
    const key = toVerificationKey(jwk)
    if (key !== undefined && !keys.has(key.kid)) keys.set(key.kid, key)
  }
  return keys
}

function toVerificationKey(value: unknown): VerificationKey | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { kid } = value as Record<string, unknown>
  if (typeof kid !== 'string' || kid === '') return undefined
  const key = toPublicKey(value as Record<string, unknown>)
  if (key === undefined) return undefined
  const { algorithms, publicKey, members } = key
  return { kid, algorithms, publicKey, fingerprint: JSON.stringify([algorithms, members]) }
}

/** A public key for signatures, whoever named it. */
export interface PublicKey extends Pick<VerificationKey, 'algorithms' | 'publicKey'> {
  /** The members that make the key, as they were given. */
  readonly members: JsonWebKey
}

/** What only private and symmetric keys have (RFC 7518 §6). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Imports a JWK; `undefined` if it is not one public key of sufficient size that may verify signatures. */
export function toPublicKey(jwk: Readonly<Record<string, unknown>>): PublicKey | undefined {
  const { kty, use, alg, crv } = jwk
  if (typeof kty !== 'string') return undefined
  if (use !== undefined && use !== 'sig') return undefined
  const operations = jwk['key_ops']
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined
  if (secretMembers.some((name) => Object.hasOwn(jwk, name))) return undefined
  const possible = algorithmsOf(kty, typeof crv === 'string' ? crv : undefined)
  const algorithms = alg === undefined ? possible : possible.filter((name) => name === alg)
  if (algorithms.length === 0) return undefined
  const members = membersOf(jwk, kty)
  try {
    const publicKey = createPublicKey({ key: members, format: 'jwk' })
    return isStrong(publicKey) ? { algorithms, publicKey, members } : undefined
  } catch {
    return undefined // not a key: a point off its curve, a missing member
  }
}

function membersOf(jwk: Record<string, unknown>, kty: string): JsonWebKey {
  const { n, e, crv, x, y } = jwk as JsonWebKey
  if (kty === 'RSA') return { kty, n, e } as JsonWebKey
  return (kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x }) as JsonWebKey
}

/** RFC 7518 §3.3: RSA keys have at least 2048 bits. An exponent of 1 makes every text its own signature. */
function isStrong(key: KeyObject): boolean {
  if (key.asymmetricKeyType !== 'rsa') return true
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  return modulusLength >= 2048 && publicExponent >= 3n && publicExponent % 2n === 1n
}
