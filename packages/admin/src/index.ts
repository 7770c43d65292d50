/** Keycloak's Admin API for programs: the official client made durable, and the realm as code. */
export { type Admin, type AdminOptions, createAdmin } from './admin.ts'
export type { Change, ChangeKind, ChangeRecorder } from './changes.ts'
export { all, items, type Page } from './pages.ts'
export { defineRealm } from './realm/define.ts'
export { describeChange } from './realm/describe.ts'
export type {
  AuthenticatorDefinition,
  ClientDefinition,
  ClientScopeDefinition,
  ExecutionDefinition,
  FlowDefinition,
  GroupDefinition,
  MapperDefinition,
  RealmChange,
  RealmDefinition,
  RealmKind,
  RealmSettings,
  RequiredActionDefinition,
  Requirement,
  RoleDefinition,
  RoleNames,
  SubFlowDefinition,
  UserDefinition,
} from './realm/model.ts'
export {
  applyPlan,
  diffRealm,
  ensureRealm,
  planRealm,
  type RealmPlan,
  type RealmState,
  readRealm,
} from './realm/plan.ts'
export { definedRoleNames, readRoleNames, type RealmRoleNames, toRoleTypes } from './realm/role-types.ts'
export type { ClientCredentials, Credentials, PasswordCredentials, Secret } from './tokens.ts'
