export { type Clock, systemTime } from './clock.ts'
export {
  type ChallengeParameters,
  CloakwrightError,
  type ErrorCode,
  type ErrorDetails,
  errorStatus,
} from './errors.ts'
export type {
  ErrorResponse,
  FormatError,
  GuardOptions,
  LogEntry,
  ResourceOptions,
  ShownProblem,
} from './guard/index.ts'
export {
  type BoundedRequest,
  type BoundedResponse,
  type Fetch,
  fetchBounded,
  type UnfitResponse,
  unfitRedirect,
} from './http/index.ts'
export type { IntrospectionOptions } from './introspection/index.ts'
export type { Algorithm, Claims } from './jws/index.ts'
export { isLoopback } from './metadata/index.ts'
export { type OptionKind, requireOptions } from './options.ts'
export type {
  Page,
  PageAction,
  PageDetail,
  PageKind,
  PageLabels,
  PageMessages,
  PagesOptions,
  PageText,
  RenderedPage,
  RenderPage,
  SomePageMessages,
} from './pages/index.ts'
export {
  acr,
  allOf,
  anyOf,
  audience,
  type ClientRole,
  check,
  clientRole,
  createPermissions,
  type Decision,
  type Explanation,
  explain,
  group,
  maxAge,
  not,
  organization,
  type Permission,
  type PermissionRequest,
  type PermissionsOptions,
  type Policy,
  type PolicyContext,
  proof,
  type RealmRole,
  type RealmRoles,
  type RoleClient,
  role,
  scope,
  toExplanationText,
  user,
} from './policy/index.ts'
export { type Problem, toProblem } from './problem.ts'
export type { DpopOptions, MtlsOptions, NonceKeys, Presentation } from './proof/index.ts'
export type { RevokedBy } from './state/index.ts'
export type { RealmRequest, Telemetry } from './telemetry/index.ts'
export {
  type AccessToken,
  type CommonOptions,
  createRevocations,
  createVerifier,
  explainToken,
  type IssuerOptions,
  type IssuerResolver,
  type Revocations,
  type RevocationsOptions,
  realmsOf,
  type SeveralIssuers,
  type TokenCacheLimits,
  type TokenCheck,
  type TokenExplanation,
  type TokenStep,
  type Verifier,
  type VerifierOptions,
} from './token/index.ts'
