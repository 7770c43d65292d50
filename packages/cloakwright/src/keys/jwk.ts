import { createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto'
import { type Algorithm, algorithmsOf } from '../jws/index.ts'

/** Imported this way because the types of Node 26 do not export `JsonWebKey`. */
type JsonWebKey = JsonWebKeyInput['key']

/** A public key of the realm that verifies signatures. */
export interface VerificationKey {
  readonly kid: string
  /** The algorithms it may be used with: the one in its JWK, else those that fit its type and curve. */
  readonly algorithms: readonly Algorithm[]
  readonly publicKey: KeyObject
  /** The members that define the key, to detect a changed key with the same `kid`. */
  readonly fingerprint: string
}

/**
 * Imports the keys of a JWK Set (RFC 7517) that can verify signatures. Skips the others: encryption keys,
 * symmetric and private keys, and keys without a `kid`, of an unknown type, too short or with invalid members.
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

/** A public key that verifies signatures, from any source. */
export interface PublicKey extends Pick<VerificationKey, 'algorithms' | 'publicKey'> {
  /** The members that define the key, as they were given. */
  readonly members: JsonWebKey
}

/** Members that only private and symmetric keys have (RFC 7518 §6). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Imports a JWK; `undefined` unless it is one public key of sufficient size that may verify signatures. */
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
    return undefined // not a key: a point off its curve, or a missing member
  }
}

function membersOf(jwk: Record<string, unknown>, kty: string): JsonWebKey {
  const { n, e, crv, x, y } = jwk as JsonWebKey
  if (kty === 'RSA') return { kty, n, e } as JsonWebKey
  return (kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x }) as JsonWebKey
}

/** RFC 7518 §3.3: RSA keys have at least 2048 bits. With an exponent of 1, any message would be its own signature. */
function isStrong(key: KeyObject): boolean {
  if (key.asymmetricKeyType !== 'rsa') return true
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  return modulusLength >= 2048 && publicExponent >= 3n && publicExponent % 2n === 1n
}
