import { CloakwrightError } from '../errors.ts'
import { allowed } from './decision.ts'
import type { Policy } from './types.ts'

/** How a token is bound to its client's key: by DPoP (RFC 9449), or by the certificate of mutual TLS (RFC 8705). */
export type ProofKind = 'dpop' | 'mtls'

const members = { dpop: 'jkt', mtls: 'x5t' } as const

/**
 * Allows tokens that are bound to a key of the client; the proof was checked before any policy runs. Plain bearer
 * tokens get 401.
 *
 * @throws {CW_CONFIG_INVALID} Unknown kind of proof.
 */
export function proof(kind: ProofKind | 'any' = 'any'): Policy {
  const kinds: readonly ProofKind[] = kind === 'any' ? ['dpop', 'mtls'] : [kind]
  if (!kinds.every((one) => Object.hasOwn(members, one)))
    throw new CloakwrightError('CW_CONFIG_INVALID', 'policy: unknown kind of proof', {
      hint: "Use 'dpop', 'mtls' or 'any'.",
    })
  const description = kind === 'any' ? 'a token bound to a key' : `a token bound by ${kind}`
  return {
    description,
    evaluate: ({ binding }) =>
      kinds.some((one) => binding?.[members[one]] !== undefined)
        ? allowed
        : { allowed: false, code: 'CW_PROOF_REQUIRED', reason: `not ${description}` },
  }
}
