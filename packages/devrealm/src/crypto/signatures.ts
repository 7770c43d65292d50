import {
  constants,
  createHash,
  createHmac,
  sign as signCallback,
  timingSafeEqual,
  verify as verifyCallback,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { LoadedKey } from './keys.ts'

const signAsync = promisify(signCallback)
const verifyAsync = promisify(verifyCallback)

/** The signature of a JWS (RFC 7518 section 3, RFC 8037). */
export async function signatureOf(key: LoadedKey, data: string): Promise<Buffer> {
  const { algorithm } = key.stored
  if (algorithm.startsWith('HS')) return createHmac(hashOf(algorithm), key.signer).update(data).digest()
  return signAsync(digestOf(algorithm), Buffer.from(data), { key: key.signer, ...optionsOf(algorithm) })
}

/** Whether the signature is good with the key, whose algorithm decides. */
export async function isSignature(key: LoadedKey, data: string, signature: Buffer): Promise<boolean> {
  const { algorithm } = key.stored
  if (algorithm.startsWith('HS')) {
    const expected = await signatureOf(key, data)
    return expected.length === signature.length && timingSafeEqual(expected, signature)
  }
  const verifier = { key: key.verifier, ...optionsOf(algorithm) }
  return verifyAsync(digestOf(algorithm), Buffer.from(data), verifier, signature)
}

/** The left half of the hash that fits the algorithm of an ID token: `at_hash`, `c_hash` (OpenID Connect Core section 3.1.3.6). */
export function leftHash({ stored, signer }: LoadedKey, text: string): string {
  if (signer.asymmetricKeyType === 'ed448') {
    return createHash('shake256', { outputLength: 64 })
      .update(text)
      .digest()
      .subarray(0, 32)
      .toString('base64url')
  }
  const hash = createHash(hashOf(stored.algorithm)).update(text).digest()
  return hash.subarray(0, hash.length / 2).toString('base64url')
}

function hashOf(algorithm: string): string {
  return algorithm === 'EdDSA' ? 'sha512' : `sha${algorithm.slice(2)}`
}

function digestOf(algorithm: string): string | null {
  return algorithm === 'EdDSA' ? null : hashOf(algorithm)
}

function optionsOf(algorithm: string): { padding?: number; saltLength?: number; dsaEncoding?: 'ieee-p1363' } {
  if (algorithm.startsWith('PS')) {
    return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  }
  return algorithm.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' } : {}
}
