import { constants, type KeyObject, type VerifyKeyObjectInput, verify } from 'node:crypto'
import { CloakwrightError } from '../errors.ts'
import { shown } from '../shown.ts'
import { bytesOf } from './base64url.ts'

/** The signature algorithms that can be allowed: asymmetric ones only (RFC 7518 §3, RFC 8037). */
export type Algorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

interface Scheme {
  readonly hash: string | undefined
  readonly keyType: 'RSA' | 'EC' | 'OKP'
  readonly curve?: string
  /** Length of the signature in bytes, if the algorithm fixes it. */
  readonly size?: number
  /** How to use the key, if the default is not right. */
  readonly use?: (key: KeyObject) => VerifyKeyObjectInput
}

const pss =
  (saltLength: number) =>
  (key: KeyObject): VerifyKeyObjectInput => ({ key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
const rawSignature = (key: KeyObject): VerifyKeyObjectInput => ({ key, dsaEncoding: 'ieee-p1363' })

// A Map, because names come from tokens and an object would also have `constructor`.
const schemes = new Map<string, Scheme>([
  ['RS256', { hash: 'sha256', keyType: 'RSA' }],
  ['RS384', { hash: 'sha384', keyType: 'RSA' }],
  ['RS512', { hash: 'sha512', keyType: 'RSA' }],
  ['PS256', { hash: 'sha256', keyType: 'RSA', use: pss(32) }],
  ['PS384', { hash: 'sha384', keyType: 'RSA', use: pss(48) }],
  ['PS512', { hash: 'sha512', keyType: 'RSA', use: pss(64) }],
  ['ES256', { hash: 'sha256', keyType: 'EC', curve: 'P-256', size: 64, use: rawSignature }],
  ['ES384', { hash: 'sha384', keyType: 'EC', curve: 'P-384', size: 96, use: rawSignature }],
  ['ES512', { hash: 'sha512', keyType: 'EC', curve: 'P-521', size: 132, use: rawSignature }],
  ['EdDSA', { hash: undefined, keyType: 'OKP' }],
])

/** Every algorithm that can be allowed. */
export const algorithms: readonly Algorithm[] = [...schemes.keys()] as Algorithm[]

/**
 * Checks the option `algorithms`; all algorithms by default.
 *
 * @throws {CW_CONFIG_INVALID}
 * @throws {CW_CONFIG_INSECURE} A symmetric algorithm.
 */
export function checkAlgorithms(allowed: readonly Algorithm[] = algorithms): ReadonlySet<string> {
  const hint = `Use one or more of ${algorithms.join(', ')}, or omit the option.`
  if (!Array.isArray(allowed) || allowed.length === 0)
    throw new CloakwrightError('CW_CONFIG_INVALID', 'algorithms: the list is empty', { hint })
  for (const [index, name] of (allowed as readonly unknown[]).entries()) {
    if (typeof name === 'string' && (/^hs/i.test(name) || name.toLowerCase() === 'none'))
      throw new CloakwrightError(
        'CW_CONFIG_INSECURE',
        `algorithms: ${name} would accept tokens that anyone can forge`,
        { hint },
      )
    if (!(algorithms as readonly unknown[]).includes(name))
      throw new CloakwrightError('CW_CONFIG_INVALID', unknownAlgorithm(index, name), { hint })
  }
  return new Set(allowed)
}

function unknownAlgorithm(index: number, name: unknown): string {
  return `algorithms[${index}]: unknown algorithm${typeof name === 'string' ? ` ${shown(name)}` : ''}`
}

/** The algorithms that a key of this type and curve can be used with. */
export function algorithmsOf(keyType: string, curve: string | undefined): Algorithm[] {
  return algorithms.filter((name) => {
    const scheme = schemes.get(name)
    if (scheme?.keyType !== keyType) return false
    if (keyType === 'OKP') return curve === 'Ed25519' || curve === 'Ed448'
    return scheme.curve === undefined || scheme.curve === curve
  })
}

/** Whether the signature was made with this key over these bytes or this ASCII string. Never throws. */
export function isSigned(
  algorithm: Algorithm,
  key: KeyObject,
  data: Uint8Array | string,
  signature: Uint8Array,
): boolean {
  const scheme = schemeFor(algorithm, signature)
  if (scheme === undefined) return false
  try {
    return verify(
      scheme.hash,
      typeof data === 'string' ? bytesOf(data) : data,
      scheme.use === undefined ? key : scheme.use(key),
      signature,
    )
  } catch {
    return false
  }
}

/** Does the same as {@link isSigned} in Node's thread pool. Never rejects. */
export function isSignedInPool(
  algorithm: Algorithm,
  key: KeyObject,
  data: string,
  signature: Uint8Array,
): Promise<boolean> {
  const scheme = schemeFor(algorithm, signature)
  if (scheme === undefined) return Promise.resolve(false)
  return new Promise((resolve) => {
    try {
      verify(
        scheme.hash,
        // A new buffer: that of bytesOf() is overwritten during the wait.
        Buffer.from(data, 'latin1'),
        scheme.use === undefined ? key : scheme.use(key),
        signature,
        (error, genuine) => resolve(error === null && genuine),
      )
    } catch {
      resolve(false)
    }
  })
}

function schemeFor(algorithm: Algorithm, signature: Uint8Array): Scheme | undefined {
  const scheme = schemes.get(algorithm)
  return scheme?.size === undefined || signature.byteLength === scheme.size ? scheme : undefined
}
