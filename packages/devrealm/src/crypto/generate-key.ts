import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair as generateKeyPairCallback,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { KeyProviderId, RealmKey } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { selfSignedCertificate } from './certificate.ts'

const generateKeyPair = promisify(generateKeyPairCallback)

type Material = Pick<RealmKey, 'kid' | 'privateKey' | 'secret'>

/** The key of a new provider; empty for RSA, which {@link generateRsa} makes when the key is needed. */
export function generated(
  provider: KeyProviderId,
  config: Readonly<Record<string, readonly string[]>>,
): Material {
  const value = (name: string): string | undefined => config[name]?.[0] || undefined
  const size = value('secretSize')
  switch (provider) {
    case 'aes-generated':
      return secret(Number(size ?? 16))
    case 'hmac-generated':
      return secret(Number(size ?? 64))
    case 'ecdsa-generated':
      return elliptic(value('ecdsaEllipticCurveKey'))
    case 'ecdh-generated':
      return elliptic(value('ecdhEllipticCurveKey'))
    case 'eddsa-generated': {
      const isLong = value('eddsaEllipticCurveKey') === 'Ed448'
      return pem((isLong ? generateKeyPairSync('ed448') : generateKeyPairSync('ed25519')).privateKey)
    }
    case 'rsa':
    case 'rsa-enc':
    case 'rsa-generated':
    case 'rsa-enc-generated':
      return { kid: '' }
  }
}

/** The RSA key of a provider that has none yet, stored outside any request: a restart must not lose it. */
export async function generateRsa(realm: RealmStore, key: Readonly<RealmKey>): Promise<Readonly<RealmKey>> {
  const modulusLength = Number(key.config?.['keySize']?.[0] || 2048)
  const { privateKey } = await generateKeyPair('rsa', { modulusLength })
  const made = { ...pem(privateKey), ...certificateFor(realm, privateKey, key.createdAt) }
  return realm.atomically(() => {
    const now = realm.keys.get(key.id) ?? key
    // Another request generated it, or the provider was removed.
    if (now.privateKey !== undefined || !realm.keys.get(key.id)) return { ...now, ...made }
    return realm.keys.put({ ...now, ...made })
  })
}

/** A self-signed certificate for ten years, in the realm's name. */
export function certificateFor(
  realm: RealmStore,
  privateKey: KeyObject,
  from: number,
): { certificate: string; validTo: number } {
  const end = new Date(from)
  end.setUTCFullYear(end.getUTCFullYear() + 10)
  const text = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return {
    certificate: selfSignedCertificate(text, realm.info.realm, from, end.getTime()),
    validTo: end.getTime(),
  }
}

/** The private key as stored, and the `kid` that Keycloak derives from the public one. */
export function pem(privateKey: KeyObject): { kid: string; privateKey: string } {
  const spki = createPublicKey(privateKey as never).export({ type: 'spki', format: 'der' })
  return {
    kid: createHash('sha256').update(spki).digest('base64url'),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** A private key in PEM, or in base64 without the lines of a PEM. @throws if it is none */
export function readPrivateKey(text: string): KeyObject {
  if (text.includes('-----')) return createPrivateKey(text)
  const key = Buffer.from(text, 'base64')
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  } catch {
    // RSA keys in exports of Keycloak.
    return createPrivateKey({ key, format: 'der', type: 'pkcs1' })
  }
}

function secret(bytes: number): Material {
  return { kid: randomUUID(), secret: randomBytes(bytes).toString('base64url') }
}

function elliptic(namedCurve = 'P-256'): Material {
  return pem(generateKeyPairSync('ec', { namedCurve }).privateKey)
}
