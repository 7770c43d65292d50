import { createHash, type KeyObject } from 'node:crypto'
import { CloakwrightError } from '../errors.ts'
import { type Algorithm, isSigned, parseStrictBytes } from '../jws/index.ts'
import { toPublicKey } from '../keys/index.ts'

/** A parsed DPoP proof; do not trust it before {@link ProofJwt.isSigned}. */
export interface ProofJwt {
  readonly claims: Readonly<Record<string, unknown>>
  /** Thumbprint (RFC 7638, SHA-256) of the key in the proof. */
  readonly thumbprint: string
  /** Whether that key has signed it. */
  isSigned(): boolean
}

/** Maximum length in characters: a proof signed by an RSA key of 4096 bits has about 2,000. */
const maxLength = 8192
const compactForm = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/**
 * Parses a DPoP proof (RFC 9449 §4.2, §4.3 items 2, 3, 5, 6 and 8).
 *
 * @throws {CW_PROOF_INVALID}
 */
export function parseProof(proof: unknown, allowed: ReadonlySet<string>): ProofJwt {
  if (typeof proof !== 'string' || proof === '') throw invalidProof('the DPoP header is empty')
  if (proof.length > maxLength) throw invalidProof(`longer than ${maxLength} characters`)
  if (proof.includes(',')) throw invalidProof('more than one proof in the DPoP header')
  const [, first = '', second = '', third = ''] = compactForm.exec(proof) ?? []
  if (first === '') throw invalidProof('not three base64url segments (a compact JWS)')
  const header = parseStrictBytes(decode(first))
  const claims = parseStrictBytes(decode(second))
  if (header === undefined || claims === undefined)
    throw invalidProof('its header or payload is not one JSON object with unique names')
  if (header['typ'] !== 'dpop+jwt') throw invalidProof('its header’s typ is not dpop+jwt')
  // RFC 7515 §4.1.11: critical extensions must be understood, and none is.
  if ('crit' in header || 'b64' in header) throw invalidProof('its header has critical extensions (crit)')
  const algorithm = header['alg']
  if (typeof algorithm !== 'string' || !allowed.has(algorithm))
    throw invalidProof(
      'its algorithm (alg) is not accepted',
      `Sign proofs with one of ${[...allowed].join(', ')}.`,
    )
  const publicKey = publicKeyOf(header['jwk'], algorithm as Algorithm)
  const signature = decode(third)
  return {
    claims,
    thumbprint: thumbprintOf(publicKey),
    isSigned: () =>
      isSigned(algorithm as Algorithm, publicKey, Buffer.from(`${first}.${second}`, 'latin1'), signature),
  }
}

/** Creates the refusal with the failed check. */
export function invalidProof(why: string, hint?: string): CloakwrightError {
  return new CloakwrightError('CW_PROOF_INVALID', `DPoP proof: ${why}`, {
    hint: hint ?? 'Create a new proof for each request, with a DPoP library (RFC 9449 §4.2).',
  })
}

function publicKeyOf(jwk: unknown, algorithm: Algorithm): KeyObject {
  const hint = 'Put only the public key into the header: an EC, OKP or RSA key, RSA with 2048 bits or more.'
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk))
    throw invalidProof('its header has no key (jwk)', hint)
  const key = toPublicKey(jwk as Record<string, unknown>)
  if (key === undefined) throw invalidProof('its key (jwk) is not a public key of sufficient size', hint)
  if (!key.algorithms.includes(algorithm))
    throw invalidProof('its algorithm (alg) does not match its key (jwk)', hint)
  return key.publicKey
}

/** RFC 7638 §3.2: only the required members, sorted by name, in canonical encoding. */
function thumbprintOf(key: KeyObject): string {
  const members = Object.entries(key.export({ format: 'jwk' })).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest('base64url')
}

/** Decodes base64url; refuses input that no encoder produces (trailing bits, an odd length). */
function decode(segment: string): Buffer {
  const bytes = Buffer.from(segment, 'base64url')
  if (bytes.toString('base64url') !== segment) throw invalidProof('a segment is not canonical base64url')
  return bytes
}
