export type {
  AuthenticatorDefinition,
  ClientDefinition,
  ClientScopeDefinition,
  ExecutionDefinition,
  FlowDefinition,
  GroupDefinition,
  MapperDefinition,
  RealmChange,
  RealmChangeDetail,
  RealmDefinition,
  RealmSettings,
  RequiredActionDefinition,
  Requirement,
  RoleDefinition,
  SubFlowDefinition,
  UserDefinition,
} from './definition/index.ts'
export { defineRealm, definitionFor } from './definition/index.ts'
export { describeChange } from './describe.ts'
export type { ExportRealmOptions, RealmExport } from './export/index.ts'
export { exportRealm, neverExported } from './export/index.ts'
export type { ApplyOptions, RealmPlan, RealmState } from './plan.ts'
export { applyPlan, diffRealm, ensureRealm, planRealm, readRealm } from './plan.ts'
export type { RealmRoleNames } from './role-types.ts'
export { definedRoleNames, readRoleNames, toRoleTypes } from './role-types.ts'
