/** The official client with retries. `createAdmin` takes server and credentials, and returns the `Admin` of all folders above. */

export type { Admin, AdminOptions } from './admin.ts'
export { createAdmin } from './admin.ts'
export type { Assertion, PrivateKey } from './assertion.ts'
export { clientAssertion } from './assertion.ts'
export { AttemptCount } from './attempts.ts'
export { clientToTakeBack, roleGroupsOf } from './client.ts'
export { cleanText, hasMessageKey, refusalReason, serverText } from './errors.ts'
export { labelOf } from './message-keys.ts'
export type { Page } from './pages.ts'
export { all, items } from './pages.ts'
export type {
  AdminEventRepresentation,
  ClientRepresentation,
  ClientScopeRepresentation,
  EventRepresentation,
  ExecutionInfoRepresentation,
  GroupRepresentation,
  MapperRepresentation,
  RealmRepresentation,
  RequiredActionRepresentation,
  RoleMappingPayload,
  RoleRepresentation,
  UserRepresentation,
  UserSessionRepresentation,
} from './representations.ts'
export { createRetry, retryDelay } from './retry.ts'
export type {
  ClientCredentials,
  Credentials,
  PasswordCredentials,
  PrivateKeyCredentials,
  Secret,
} from './tokens.ts'
export { realmUrl } from './tokens.ts'
export { postForm } from './transport.ts'
export { withReason } from './with-reason.ts'
