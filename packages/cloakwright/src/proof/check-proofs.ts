import { CloakwrightError } from '../errors.ts'
import type { Binding } from './binding.ts'
import type { Dpop } from './dpop.ts'
import type { Mtls } from './mtls.ts'
import { invalidProof } from './proof-jwt.ts'
import type { Presentation } from './types.ts'

/** The proofs that this service checks; a token with another binding is refused. */
export interface ProofChecks {
  readonly dpop?: Dpop | undefined
  readonly mtls?: Mtls | undefined
}

/**
 * Checks that the client holds every key that its verified token is bound to. It must also use the authorization
 * scheme of the token (RFC 9449 §7.1, §7.2).
 *
 * @param now Milliseconds since the epoch.
 * @throws {CW_TOKEN_BOUND} A DPoP-bound token sent as a bearer token, or a binding that is not checked here.
 * @throws {CW_PROOF_INVALID} The scheme DPoP for a token that is not bound to a key; also what {@link Dpop.check} throws.
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
    throw invalidProof('the token is not bound to a key', 'Send the token as Authorization: Bearer TOKEN')
  if (jkt !== undefined && scheme !== 'DPoP')
    throw new CloakwrightError(
      'CW_TOKEN_BOUND',
      'Token: it is bound to a key, but was sent as a bearer token',
      {
        hint: 'Send it as Authorization: DPoP TOKEN, with a proof in the header DPoP.',
      },
    )
  if ((jkt !== undefined && dpop === undefined) || (x5t !== undefined && mtls === undefined))
    throw new CloakwrightError(
      'CW_TOKEN_BOUND',
      'Token: it is bound to a key, but this service does not check the proof',
      {
        hint: `Set the option ${jkt !== undefined && dpop === undefined ? 'dpop' : 'mtls'} of the verifier.`,
      },
    )
  // The certificate first: checking a proof uses it up.
  if (x5t !== undefined) mtls?.check(presentation.certificate(), x5t)
  if (jkt !== undefined) await dpop?.check({ proofs, method, target, accessToken, jkt, now, request })
}
