import { createPrivateKey, type JsonWebKeyInput, KeyObject, type webcrypto } from 'node:crypto'
import { CloakwrightError } from '../errors.ts'

/** A private key: a JWK (RFC 7517) with its `kid`, a PEM string, or a `KeyObject`. */
export type ClientKey = KeyObject | string | Readonly<Record<string, unknown>>

/** A private key that can sign client assertions. */
export interface SigningKey {
  readonly key: KeyObject
  /** The ID by which the realm finds the public key; without one, it tries all keys of the client. */
  readonly kid: string | undefined
  readonly algorithm: Algorithm
}

type Algorithm = webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams | { readonly name: 'Ed25519' }

/**
 * Reads a private key. RSA keys sign with RS256, or with the JWK's own `alg`.
 *
 * @throws {CW_CONFIG_INVALID} Not a private key, or of an unsupported type. The message contains nothing of the key.
 */
export function toSigningKey(value: ClientKey): SigningKey {
  const { alg, kid } = value instanceof KeyObject || typeof value === 'string' ? {} : (value ?? {})
  const key = toPrivateKey(value)
  return {
    key,
    kid: typeof kid === 'string' ? kid : undefined,
    algorithm: algorithmOf(key, typeof alg === 'string' ? alg : undefined),
  }
}

function toPrivateKey(value: ClientKey): KeyObject {
  try {
    if (value instanceof KeyObject) {
      if (value.type === 'private') return value
    } else
      return typeof value === 'string'
        ? createPrivateKey(value)
        : createPrivateKey({ key: value as JsonWebKeyInput['key'], format: 'jwk' })
  } catch {
    // The reason may quote the key.
  }
  throw invalid('not a private key', 'Pass a private key: a JWK, a PEM string (PKCS #8) or a KeyObject.')
}

function algorithmOf(
  { asymmetricKeyType, asymmetricKeyDetails }: KeyObject,
  alg: string | undefined,
): Algorithm {
  if (asymmetricKeyType === 'rsa') {
    const [, kind, size] = /^(RS|PS)(256|384|512)$/.exec(alg ?? 'RS256') ?? []
    if (size !== undefined)
      return { name: kind === 'RS' ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS', hash: `SHA-${size}` }
  }
  if (asymmetricKeyType === 'ec') {
    const namedCurve = curves[asymmetricKeyDetails?.namedCurve ?? '']
    if (namedCurve !== undefined) return { name: 'ECDSA', namedCurve }
  }
  if (asymmetricKeyType === 'ed25519') return { name: 'Ed25519' }
  throw invalid('unsupported type of key', 'Use an RSA, P-256, P-384, P-521 or Ed25519 key.')
}

/** By the names of OpenSSL. */
const curves: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

function invalid(why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `clientKey: ${why}`, { hint })
}
