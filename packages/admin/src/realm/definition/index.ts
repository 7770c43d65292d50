export { isBuiltIn } from './built-in.ts'
export { defineRealm } from './define.ts'
export { clientFields, group, requiredActionFields, user, userFields } from './define-objects.ts'
export { settings } from './define-settings.ts'
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
  RequiredActionDefinition,
  Requirement,
  RoleDefinition,
  SubFlowDefinition,
  UserDefinition,
} from './model.ts'
export type { RealmSettings } from './model-settings.ts'
export { bindings } from './model-settings.ts'
export type { ObjectTarget, ProviderTarget, Reference, Target } from './references.ts'
export { outwardReferences } from './references.ts'
export { definitionFor } from './rename.ts'
