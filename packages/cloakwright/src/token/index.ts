export { type AccessToken, type Claims, readToken, writeToken } from './access-token.ts'
export type { Algorithm } from './algorithms.ts'
export type { TokenCacheLimits } from './cache.ts'
export { recheckBy, verifyAtOnceBy, type VerifyAtOnce } from './at-once.ts'
export { type ChallengeContext, toChallenge } from './challenge.ts'
export { ambiguous, type Credentials, credentialsOf, refuseJoined } from './credentials.ts'
export { isFake } from './fake.ts'
export { explainToken, type TokenCheck, type TokenExplanation, type TokenStep } from './explain.ts'
export { realmsOf } from './realms.ts'
export { createRevocations, type Revocations, type RevocationsOptions } from './revocations.ts'
export type {
  CommonOptions,
  IssuerOptions,
  IssuerResolver,
  SeveralIssuers,
  Verifier,
  VerifierOptions,
} from './types.ts'
export { createVerifier } from './verifier.ts'
