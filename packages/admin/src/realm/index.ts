/** `@cloakwright/admin/realm`: the realm as code: define, plan, apply, export. */

export type { RealmKind } from '../changes/index.ts'
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
export type { ApplyOptions, RealmPlan } from './plan.ts'
export { applyPlan, ensureRealm, planRealm } from './plan.ts'
export type { RealmRoleNames } from './role-types.ts'
export { definedRoleNames, readRoleNames, toRoleTypes } from './role-types.ts'
