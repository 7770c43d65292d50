/**
 * Verification. In: an encoded token and its proof. Out: an `AccessToken`, which only this folder creates, or a
 * `CloakwrightError`. Uses keys, introspection, proof, state and telemetry; policy, session, guard and compat use it.
 */

export { type AccessToken, readToken, sourceOf, tokenOf, writeToken } from './access-token.ts'
export { recheckBy, verifyAtOnceBy, verifySessionBy } from './at-once.ts'
export type { TokenCacheLimits } from './cache.ts'
export { explainToken, type TokenCheck, type TokenExplanation, type TokenStep } from './explain.ts'
export { fakeAccessToken, isFake } from './fake.ts'
export { realmsOf } from './realms.ts'
export { createRevocations, type Revocations, type RevocationsOptions } from './revocations.ts'
export { handleKey, handleOf, type SessionHandle } from './session-handle.ts'
export type {
  CommonOptions,
  IssuerOptions,
  IssuerResolver,
  SeveralIssuers,
  Verifier,
  VerifierOptions,
} from './types.ts'
export { createVerifier } from './verifier.ts'
