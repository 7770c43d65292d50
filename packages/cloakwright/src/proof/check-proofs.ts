import { CloakwrightError } from '../errors.ts'
import type { Binding } from './binding.ts'
import type { Dpop } from './dpop.ts'
import type { Mtls } from './mtls.ts'
import { invalidProof } from './proof-jwt.ts'
import type { Presentation } from './types.ts'

/** What this service checks; a token that is bound in another way is refused. */
export interface ProofChecks {
  readonly dpop?: Dpop | undefined
  readonly mtls?: Mtls | undefined
}

/**
 * Checks that the one who presents a verified token holds what it is bound to: every binding, and by the scheme that
 * belongs to it (RFC 9449 §7.1, §7.2).
 *
 * @param now Milliseconds since the epoch.
 * @throws {CW_TOKEN_BOUND} A DPoP-bound token as a bearer token, or a binding that nothing here can check.
 * @throws {CW_PROOF_INVALID} The scheme DPoP for a token that is not bound to a key; and what {@link Dpop.check} throws.
 * @throws {CW_PROOF_CERTIFICATE}
 */
export async function checkProofs(
  binding: Binding | undefined,
  presentation: Presentation,
  accessToken: string,
  { dpop, mtls }: ProofChecks,
  now: number,
): Promise<void> {
  const { jkt, x5t } = binding ?? {}
  const { scheme, method, target, dpop: proofs, request } = presentation
  if (jkt === undefined && scheme === 'DPoP')
    throw invalidProof('for a token that is bound to no key', 'Send the token as Authorization: Bearer TOKEN')
  if (jkt !== undefined && scheme !== 'DPoP')
    throw new CloakwrightError('CW_TOKEN_BOUND', 'Token: it is bound to a key, and came as a bearer token', {
      hint: 'Send it as Authorization: DPoP TOKEN, with a proof in the field DPoP.',
    })
  if ((jkt !== undefined && dpop === undefined) || (x5t !== undefined && mtls === undefined))
    throw new CloakwrightError(
      'CW_TOKEN_BOUND',
      'Token: it is bound to a key, and no proof is checked here',
      {
        hint: `Give the verifier the option ${jkt !== undefined && dpop === undefined ? 'dpop' : 'mtls'}.`,
      },
    )
  // The certificate first: a proof that is checked is used up.
  if (x5t !== undefined) mtls?.check(presentation.certificate(), x5t)
  if (jkt !== undefined) await dpop?.check({ proofs, method, target, accessToken, jkt, now, request })
}
