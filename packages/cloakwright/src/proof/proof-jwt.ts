import { createHash, type KeyObject } from 'node:crypto'
import { CloakwrightError } from '../errors.ts'
import { type Algorithm, isSigned, parseStrictBytes } from '../jws/index.ts'
import { toPublicKey } from '../keys/index.ts'

/** A DPoP proof taken apart; nothing of it is trusted until {@link ProofJwt.isSigned}. */
export interface ProofJwt {
  readonly claims: Readonly<Record<string, unknown>>
  /** Thumbprint (RFC 7638, SHA-256) of the key that the proof brings. */
  readonly thumbprint: string
  /** Whether that key has signed it. */
  isSigned(): boolean
}

/** Characters: a proof by an RSA key of 4096 bits has about 2,000. */
const maxLength = 8192
const compactForm = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/**
 * Takes a DPoP proof apart (RFC 9449 §4.2, §4.3 items 2, 3, 5, 6 and 8).
 *
 * @throws {CW_PROOF_INVALID}
 */
export function parseProof(proof: unknown, allowed: ReadonlySet<string>): ProofJwt {
  if (typeof proof !== 'string' || proof === '') throw invalidProof('the DPoP field is empty')
  if (proof.length > maxLength) throw invalidProof(`longer than ${maxLength} characters`)
  if (proof.includes(',')) throw invalidProof('more than one in the DPoP field')
  const [, first = '', second = '', third = ''] = compactForm.exec(proof) ?? []
  if (first === '') throw invalidProof('not three base64url segments (a compact JWS)')
  const header = parseStrictBytes(decode(first))
  const claims = parseStrictBytes(decode(second))
  if (header === undefined || claims === undefined)
    throw invalidProof('its header or payload is not one JSON object without repeated names')
  if (header['typ'] !== 'dpop+jwt') throw invalidProof('its header’s typ is not dpop+jwt')
  // RFC 7515 §4.1.11: what is critical must be understood, and nothing is.
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

/** A refusal that names the check. */
export function invalidProof(why: string, hint?: string): CloakwrightError {
  return new CloakwrightError('CW_PROOF_INVALID', `DPoP proof: ${why}`, {
    hint: hint ?? 'Make a new proof for each request, by a DPoP library (RFC 9449 §4.2).',
  })
}

function publicKeyOf(jwk: unknown, algorithm: Algorithm): KeyObject {
  const hint = 'Put the public key alone into the header: an EC, OKP or RSA key, RSA with 2048 bits or more.'
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk))
    throw invalidProof('its header brings no key (jwk)', hint)
  const key = toPublicKey(jwk as Record<string, unknown>)
  if (key === undefined) throw invalidProof('its key (jwk) is no public key of sufficient size', hint)
  if (!key.algorithms.includes(algorithm))
    throw invalidProof('its algorithm (alg) is not one of its key (jwk)', hint)
  return key.publicKey
}

/** RFC 7638 §3.2: the required members alone, in the order of their names, here in their one canonical encoding. */
function thumbprintOf(key: KeyObject): string {
  const members = Object.entries(key.export({ format: 'jwk' })).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest('base64url')
}

/** Decodes base64url; what no encoder makes (trailing bits, an odd length) is refused. */
function decode(segment: string): Buffer {
  const bytes = Buffer.from(segment, 'base64url')
  if (bytes.toString('base64url') !== segment) throw invalidProof('a segment is not canonical base64url')
  return bytes
}
