export {
  type ChallengeParameters,
  CloakwrightError,
  type ErrorCode,
  type ErrorDetails,
  errorStatus,
} from './errors.ts'
export type { IntrospectionOptions } from './introspection/index.ts'
export {
  createMetadata,
  type DiscoveryDocument,
  type Fetch,
  type Metadata,
  type MetadataOptions,
  type RealmMetadata,
} from './metadata/index.ts'
export { clientRole, type Decision, type Policy, role, scope, user } from './policy/index.ts'
export { type Problem, toProblem } from './problem.ts'
export type { DpopOptions, MtlsOptions, NonceKeys, Presentation } from './proof/index.ts'
export type { RevokedBy } from './state/ports.ts'
export type { RealmRequest, Telemetry } from './telemetry/index.ts'
export {
  type AccessToken,
  type Algorithm,
  type Claims,
  type CommonOptions,
  createRevocations,
  createVerifier,
  type IssuerOptions,
  type IssuerResolver,
  realmsOf,
  type Revocations,
  type RevocationsOptions,
  type SeveralIssuers,
  type TokenCacheLimits,
  toChallenge,
  type Verifier,
  type VerifierOptions,
} from './token/index.ts'
