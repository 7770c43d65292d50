export type { AccessToken, Claims } from './access-token.ts'
export type { Algorithm } from './algorithms.ts'
export { bearerToken } from './bearer.ts'
export type { TokenCacheLimits } from './cache.ts'
export { toChallenge } from './challenge.ts'
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
