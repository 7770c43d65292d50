import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair as generateKeyPairCallback,
  type KeyObject,
  randomBytes,
  randomUUID,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { RealmKey } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { selfSignedCertificate } from './certificate.ts'

const generateKeyPair = promisify(generateKeyPairCallback)

/** Signs access and ID tokens, which others verify. */
export const signingAlgorithm = 'RS256'
/** For encryption by others. */
const encryptionAlgorithm = 'RSA-OAEP'
/** Signs values that only the realm reads. */
export const secretAlgorithm = 'HS512'

type AsymmetricAlgorithm = typeof signingAlgorithm | typeof encryptionAlgorithm

export interface AsymmetricKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly stored: Readonly<RealmKey>
}

export interface SymmetricKey {
  readonly kid: string
  readonly secret: KeyObject
}

/** The key that signs access and ID tokens (RS256). Created on first use and stored. */
export function signingKey(realm: RealmStore): Promise<AsymmetricKey> {
  return asymmetric(realm, signingAlgorithm)
}

/** The key for encryption by others (RSA-OAEP); Keycloak's JWKS has one. */
export function encryptionKey(realm: RealmStore): Promise<AsymmetricKey> {
  return asymmetric(realm, encryptionAlgorithm)
}

/** The realm's own secret (HS512): signs refresh tokens and cookies, which only the realm reads. */
export function secretKey(realm: RealmStore): SymmetricKey {
  const held = symmetricKeys.get(realm)
  // A key that could not be stored is dropped.
  if (held !== undefined && realm.keys.values().some((key) => key.kid === held.kid)) return held
  const stored =
    realm.keys.values().find((key) => key.algorithm === secretAlgorithm) ??
    realm.keys.put({
      ...newKey(realm, secretAlgorithm, 'SIG'),
      kid: randomUUID(),
      secret: randomBytes(64).toString('base64url'),
    })
  const key = { kid: stored.kid, secret: createSecretKey(stored.secret as string, 'base64url') }
  symmetricKeys.set(realm, key)
  return key
}

/** All keys of the realm, as the Admin API lists them; missing ones are created. */
export async function allKeys(realm: RealmStore): Promise<Readonly<RealmKey>[]> {
  secretKey(realm)
  if (!realm.keys.values().some((key) => key.algorithm === 'AES')) {
    const secret = randomBytes(16).toString('base64url')
    realm.keys.put({ ...newKey(realm, 'AES', 'ENC'), kid: randomUUID(), secret })
  }
  await Promise.all([signingKey(realm), encryptionKey(realm)])
  return realm.keys.values()
}

/**
 * Creates the signing keys of realms in advance, so the first request need not wait. One after the other: each occupies one of the
 * few threads that also hash passwords. The encryption key waits for the first request for the key set: it costs 150 ms of CPU.
 */
export async function prepareKeys(realms: readonly RealmStore[]): Promise<void> {
  for (const realm of realms) secretKey(realm)
  for (const realm of realms) {
    // A failure recurs, and is reported, when the key is needed.
    await signingKey(realm).catch(() => undefined)
  }
}

const symmetricKeys = new WeakMap<RealmStore, SymmetricKey>()
const asymmetricKeys = {
  [signingAlgorithm]: new WeakMap<RealmStore, Promise<AsymmetricKey>>(),
  [encryptionAlgorithm]: new WeakMap<RealmStore, Promise<AsymmetricKey>>(),
}

function asymmetric(realm: RealmStore, algorithm: AsymmetricAlgorithm): Promise<AsymmetricKey> {
  const keys = asymmetricKeys[algorithm]
  let key = keys.get(realm)
  if (key === undefined) {
    key = loadOrMake(realm, algorithm)
    keys.set(realm, key)
    key.catch(() => keys.delete(realm))
  }
  return key
}

async function loadOrMake(realm: RealmStore, algorithm: AsymmetricAlgorithm): Promise<AsymmetricKey> {
  const stored =
    realm.keys.values().find((key) => key.algorithm === algorithm) ?? (await make(realm, algorithm))
  const privateKey = createPrivateKey(stored.privateKey as string)
  return { kid: stored.kid, privateKey, publicKey: createPublicKey(privateKey), stored }
}

async function make(realm: RealmStore, algorithm: AsymmetricAlgorithm): Promise<Readonly<RealmKey>> {
  const pair = await generateKeyPair('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const key = newKey(realm, algorithm, algorithm === signingAlgorithm ? 'SIG' : 'ENC')
  const end = new Date(key.createdAt)
  end.setUTCFullYear(end.getUTCFullYear() + 10)
  const made: RealmKey = {
    ...key,
    kid: createHash('sha256').update(pair.publicKey).digest('base64url'),
    privateKey: pair.privateKey,
    certificate: selfSignedCertificate(pair.privateKey, realm.info.realm, key.createdAt, end.getTime()),
    validTo: end.getTime(),
  }
  // Stored outside any request: nothing is signed with a key that a restart would lose.
  return realm.atomically(() => realm.keys.put(made))
}

function newKey(
  realm: RealmStore,
  algorithm: RealmKey['algorithm'],
  use: RealmKey['use'],
): Omit<RealmKey, 'kid'> {
  const createdAt = realm.now()
  return { id: randomUUID(), algorithm, use, providerId: randomUUID(), priority: 100, createdAt }
}
