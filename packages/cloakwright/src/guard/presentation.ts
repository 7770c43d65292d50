import type { Presentation, ProofChecks } from '../proof/index.ts'
import type { GuardedRequest } from './request/index.ts'

/** How the request presents its token; `undefined` if the verifier checks no proofs. */
export function presentationOf(
  request: GuardedRequest,
  scheme: 'Bearer' | 'DPoP',
  { dpop, mtls }: ProofChecks,
): Presentation | undefined {
  if (dpop === undefined && mtls === undefined) return undefined
  return {
    scheme,
    method: request.method,
    target: request.target,
    dpop: request.fields('dpop'),
    request: request.identity,
    certificate: () =>
      mtls?.certificateOf({ socket: request.incoming?.socket, fields: (name) => request.fields(name) }),
  }
}
