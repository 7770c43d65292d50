import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import type { KeyProviderId, RealmKey } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { generateRsa } from './generate-key.ts'
import { addKey, completeProviders } from './key-providers.ts'
import { UnusableKey } from './unusable-key.ts'

/** Signs values that only the realm reads. */
export const secretAlgorithm = 'HS512'

/** A key of the realm, ready for use. */
export interface LoadedKey {
  readonly kid: string
  /** The private key, or the secret. */
  readonly signer: KeyObject
  /** The public key, or the secret. */
  readonly verifier: KeyObject
  readonly stored: Readonly<RealmKey>
}

/**
 * The key that signs with an algorithm: the active one with the highest priority. As in Keycloak, a realm without one gets a
 * provider for it.
 *
 * @throws if Keycloak has no such algorithm
 */
export async function signingKey(realm: RealmStore, algorithm: string): Promise<LoadedKey> {
  return load(realm, activeKey(realm, algorithm))
}

/** The realm's own secret (HS512): signs refresh tokens and cookies, which only the realm reads. */
export function secretKey(realm: RealmStore): LoadedKey {
  return loaded(activeKey(realm, secretAlgorithm))
}

/** The enabled key with a `kid` that verifies an algorithm. */
export async function verifyingKey(
  realm: RealmStore,
  kid: unknown,
  algorithm: unknown,
): Promise<LoadedKey | undefined> {
  if (typeof kid !== 'string' || kid === '') return undefined
  const found = realm.keys
    .values()
    .find(
      (key) => key.kid === kid && key.algorithm === algorithm && key.use === 'SIG' && key.enabled !== false,
    )
  return found && loaded(found)
}

/** The enabled key for encryption by others with this `kid`; without one, that with the highest priority. */
export async function encryptionKey(realm: RealmStore, kid?: string): Promise<LoadedKey | undefined> {
  const found = sorted(realm).find(
    (key) =>
      key.use === 'ENC' &&
      !isSymmetric(key) &&
      key.enabled !== false &&
      (kid === undefined || key.kid === kid),
  )
  return found && load(realm, found)
}

/** All keys of the realm by priority, as the Admin API lists them; missing key pairs are generated. */
export async function allKeys(realm: RealmStore): Promise<LoadedKey[]> {
  return Promise.all(sorted(realm).map((key) => load(realm, key)))
}

/** The public keys that verify, or encrypt for the realm. */
export async function publicKeys(realm: RealmStore): Promise<LoadedKey[]> {
  const keys = sorted(realm).filter((key) => key.enabled !== false && !isSymmetric(key))
  return Promise.all(keys.map((key) => load(realm, key)))
}

/** Whether the key signs. */
export function isActive(key: Readonly<RealmKey>): boolean {
  return key.enabled !== false && key.active !== false
}

/**
 * Generates the signing keys of realms in advance, so the first request need not wait. One after the other: each occupies one of the
 * few threads that also hash passwords. The encryption key waits for the first request for the key set: it costs 150 ms of CPU.
 */
export async function prepareKeys(realms: readonly RealmStore[]): Promise<void> {
  for (const realm of realms) completeProviders(realm)
  for (const realm of realms) {
    const [key] = sorted(realm).filter((each) => each.algorithm === 'RS256' && isActive(each))
    // A failure recurs, and is reported, when the key is needed.
    if (key !== undefined) await load(realm, key).catch(() => undefined)
  }
}

/** By priority, then by the id of the component. */
export function sorted(realm: RealmStore): Readonly<RealmKey>[] {
  return realm.keys
    .values()
    .toSorted((a, b) => b.priority - a.priority || (a.providerId < b.providerId ? -1 : 1))
}

function activeKey(realm: RealmStore, algorithm: string): Readonly<RealmKey> {
  const found = sorted(realm).find(
    (key) => key.algorithm === algorithm && key.use === 'SIG' && isActive(key) && fits(key, algorithm),
  )
  return found ?? addFallback(realm, algorithm)
}

/** Keycloak takes any algorithm for any provider: a key of another type never signs. */
function fits(key: Readonly<RealmKey>, algorithm: string): boolean {
  const provider = fallbacks[algorithm]?.[0]
  const type = (id: string | undefined): string => (id ?? '').split('-')[0] as string
  return key.provider === undefined || type(key.provider) === type(provider)
}

const fallbacks: Readonly<Record<string, readonly [KeyProviderId, string, string?]>> = {
  ...Object.fromEntries(
    ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((name) => [
      name,
      ['rsa-generated', 'algorithm', name],
    ]),
  ),
  ...Object.fromEntries(
    ['HS256', 'HS384', 'HS512'].map((name) => [name, ['hmac-generated', 'algorithm', name]]),
  ),
  ES256: ['ecdsa-generated', 'ecdsaEllipticCurveKey', 'P-256'],
  ES384: ['ecdsa-generated', 'ecdsaEllipticCurveKey', 'P-384'],
  ES512: ['ecdsa-generated', 'ecdsaEllipticCurveKey', 'P-521'],
  EdDSA: ['eddsa-generated', 'eddsaEllipticCurveKey', 'Ed25519'],
}

function addFallback(realm: RealmStore, algorithm: string): Readonly<RealmKey> {
  const fallback = Object.hasOwn(fallbacks, algorithm) ? fallbacks[algorithm] : undefined
  if (fallback === undefined) {
    throw new UnusableKey(
      `The realm ${realm.info.realm} cannot sign with the algorithm ${JSON.stringify(algorithm)}: set defaultSignatureAlgorithm of the realm, and the *.signed.response.alg attributes of its clients, to ${Object.keys(fallbacks).join(', ')}. Keycloak answers 500 too.`,
    )
  }
  const [provider, setting, value = ''] = fallback
  return addKey(realm, {
    provider,
    name: `fallback-${algorithm}`,
    config: { [setting]: [value], priority: ['-100'] },
  })
}

/** Whether a key has no public part. */
export function isSymmetric(key: Readonly<RealmKey>): boolean {
  return key.provider === 'hmac-generated' || key.provider === 'aes-generated'
}

const loadedKeys = new WeakMap<Readonly<RealmKey>, LoadedKey>()
const generating = new WeakMap<Readonly<RealmKey>, Promise<Readonly<RealmKey>>>()

async function load(realm: RealmStore, key: Readonly<RealmKey>): Promise<LoadedKey> {
  if (key.privateKey !== undefined || key.secret !== undefined) return loaded(key)
  let made = generating.get(key)
  if (made === undefined) {
    made = generateRsa(realm, key)
    generating.set(key, made)
    made.catch(() => generating.delete(key))
  }
  return loaded(await made)
}

function loaded(stored: Readonly<RealmKey>): LoadedKey {
  let key = loadedKeys.get(stored)
  if (key === undefined) {
    const { kid, privateKey, secret = '' } = stored
    const signer =
      privateKey === undefined ? createSecretKey(secret, 'base64url') : createPrivateKey(privateKey)
    const verifier = privateKey === undefined ? signer : createPublicKey(privateKey)
    key = { kid, signer, verifier, stored }
    loadedKeys.set(stored, key)
  }
  return key
}
