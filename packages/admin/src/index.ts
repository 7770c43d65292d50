/** Keycloak's Admin API for programs: the official client made durable, tasks, bulk jobs, secret rotation, an audit trail, the realm as code. */

// The client

export type { Author, Change, ChangeKind, ChangeRecorder, Reason } from './changes/change.ts'
export { type Admin, type AdminOptions, createAdmin } from './client/admin.ts'
export type { PrivateKey } from './client/assertion.ts'
export { all, items, type Page } from './client/pages.ts'
export type {
  ClientCredentials,
  Credentials,
  PasswordCredentials,
  PrivateKeyCredentials,
  Secret,
} from './client/tokens.ts'
export { withReason } from './client/with-reason.ts'

// One object at a time

export type { Edit } from './edit/edit.ts'
export type { EditOf, UpdateOptions } from './edit/merge-write.ts'
export {
  type ClientEdit,
  type GroupEdit,
  type RealmEdit,
  type RoleEdit,
  type UserEdit,
  updateClient,
  updateGroup,
  updateRealm,
  updateRole,
  updateUser,
} from './edit/update.ts'
export { findUser, type UserRef } from './lookup/find-user.ts'
export { type FoundGroup, toGroupPath } from './lookup/group-paths.ts'
export { findGroup } from './lookup/names.ts'
export { type RoleName } from './lookup/role-names.ts'
export { type Ensured, ensureUser, type WantedUser } from './tasks/ensure-user.ts'
export type { EnsureOptions } from './tasks/existing.ts'
export { grantRolesToGroup, revokeRolesFromGroup } from './tasks/group-roles.ts'
export { deleteGroup, ensureGroup, moveGroup, type WantedGroup } from './tasks/groups.ts'
export { requireMfa, type SendActionsOptions, sendActions } from './tasks/required-actions.ts'
export { type ResetPasswordOptions, resetPassword } from './tasks/reset-password.ts'
export { deleteRole, ensureRole, type WantedRole } from './tasks/roles.ts'
export { endSession, endSessions, sessionsOf } from './tasks/sessions.ts'
export { addToGroups, removeFromGroups, setGroups } from './tasks/user-groups.ts'
export { grantRoles, revokeRoles } from './tasks/user-roles.ts'
export { deleteUser, disableUser, enableUser } from './tasks/user-state.ts'

// Many users

export {
  type BadRow,
  type DeadLetter,
  type DeadLetterOptions,
  type ImportedUser,
  openDeadLetter,
  openUserFile,
  type Row,
  type UserFile,
  type UserFileOptions,
  type UserFormat,
  type UserRow,
} from './files/index.ts'
export {
  type ImportOptions,
  type ImportReport,
  type ImportWarning,
  importUsers,
  type LeftUnchanged,
  type Reconciled,
  type WarningCode,
} from './import/index.ts'
export {
  type AssignOptions,
  bulkAssign,
  bulkDisable,
  type ChangeOptions,
  type ChangeReport,
  type DisableOptions,
  type JobProgress,
  type ProgressListener,
  type UndoOptions,
  type UndoReport,
  undoJob,
} from './jobs/index.ts'
export {
  type EffectiveMember,
  type EffectiveMembersOptions,
  type ExportOptions,
  type ExportReport,
  effectiveMembers,
  exportUsers,
  type MembershipOptions,
  type RoleWay,
  type UserFilter,
  type UserListOptions,
  users,
  usersWithMemberships,
} from './listing/index.ts'

// Client secrets

export type { Command, Delivery } from './secret/delivery.ts'
export {
  type MoveStep,
  type MoveToKey,
  type MoveToKeyOptions,
  moveToPrivateKeyJwt,
} from './secret/move-to-key.ts'
export type { Overlap } from './secret/overlap.ts'
export type { ProvedBy } from './secret/proof.ts'
export {
  type RotateSecretOptions,
  type RotationStep,
  readSecretStatus,
  rotateSecret,
  type SecretRotation,
  type SecretStatus,
} from './secret/rotate.ts'

// Who changed what

export {
  type AdminEvent,
  type AuditEntriesOptions,
  type AuditEntry,
  type AuditSink,
  type AuditTrail,
  type AuditTrailOptions,
  auditEntries,
  auditGrants,
  auditMigrations,
  createAuditTrail,
  type EventGap,
  type EventOrigin,
  type FollowEventsOptions,
  type FollowOptions,
  followEvents,
  followUserEvents,
  functionSink,
  headFile,
  type NdjsonSink,
  ndjsonSink,
  postgresSink,
  readHeads,
  type Seal,
  type SealedBatch,
  type TrailHead,
  type TrailLine,
  type TrailProblem,
  type TrailReport,
  type TrailSource,
  type UserEvent,
  verifyTrail,
} from './audit/index.ts'

// The realm as code

export type { RealmKind } from './changes/change.ts'
export type { RoleNames } from './lookup/role-names.ts'
export { defineRealm } from './realm/definition/define.ts'
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
} from './realm/definition/model.ts'
export type { RealmSettings } from './realm/definition/model-settings.ts'
export { definitionFor } from './realm/definition/rename.ts'
export { describeChange } from './realm/describe.ts'
export {
  type ExportRealmOptions,
  exportRealm,
  neverExported,
  type RealmExport,
} from './realm/export/index.ts'
export {
  type ApplyOptions,
  applyPlan,
  diffRealm,
  ensureRealm,
  planRealm,
  type RealmPlan,
  type RealmState,
  readRealm,
} from './realm/plan.ts'
export { definedRoleNames, type RealmRoleNames, readRoleNames, toRoleTypes } from './realm/role-types.ts'
