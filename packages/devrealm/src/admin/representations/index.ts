export { type ClientBody, clientOf, clientShape } from './client.ts'
export {
  type ClientPolicyBody,
  type ClientProfileBody,
  clientPoliciesShape,
  clientProfilesShape,
} from './client-policies.ts'
export { type ClientScopeBody, clientScopeShape, scopeOf } from './client-scope.ts'
export { type ComponentBody, componentShape } from './component.ts'
export {
  configShape,
  type ExportedStepBody,
  executionInfoShape,
  type FlowBody,
  flowShape,
  newExecutionShape,
  newNameShape,
  newSubFlowShape,
} from './flow.ts'
export { type GroupBody, groupOf, groupShape } from './group.ts'
export { type MapperBody, mapperShape } from './protocol-mapper.ts'
export {
  type RealmBody,
  type RealmContents,
  realmShape,
  rolesShape,
  type ScopeMappingBody,
  settingNames,
} from './realm.ts'
export { requiredActionShape } from './required-action.ts'
export { mappingsOf, type RoleBody, roleOf, roleShape } from './role.ts'
export { secretMask } from './secret-mask.ts'
export { sessionOf } from './session.ts'
export {
  accessOfUser,
  byUsername,
  type CredentialBody,
  credentialShape,
  type UserBody,
  userOf,
  userShape,
} from './user.ts'
export { userProfileShape } from './user-profile.ts'
