/** Keycloak's Admin API for programs: the official client made durable, tasks, bulk jobs, secret rotation, an audit trail, the realm as code. */

// The client

export type { Author, Change, ChangeKind, ChangeRecorder, Reason } from './changes/index.ts'
export type {
  ClientCredentials,
  Credentials,
  PasswordCredentials,
  PrivateKey,
  PrivateKeyCredentials,
  Secret,
} from './client/index.ts'
export {
  type Admin,
  type AdminOptions,
  all,
  createAdmin,
  items,
  type Page,
  withReason,
} from './client/index.ts'

// One object at a time

export type { Edit, EditOf, UpdateOptions } from './edit/index.ts'
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
} from './edit/index.ts'
export {
  type FoundGroup,
  findClient,
  findGroup,
  findRole,
  findUser,
  findUsersByEmail,
  type RoleName,
  toGroupPath,
  type UserRef,
} from './lookup/index.ts'
export type { EnsureOptions } from './tasks/index.ts'
export {
  addToGroups,
  deleteGroup,
  deleteRole,
  deleteUser,
  disableUser,
  type Ensured,
  enableUser,
  endSession,
  endSessions,
  ensureGroup,
  ensureRole,
  ensureUser,
  grantRoles,
  grantRolesToGroup,
  moveGroup,
  type ResetPasswordOptions,
  removeFromGroups,
  requireMfa,
  resetPassword,
  revokeRoles,
  revokeRolesFromGroup,
  type SendActionsOptions,
  sendActions,
  sessionsOf,
  setGroups,
  type WantedGroup,
  type WantedRole,
  type WantedUser,
} from './tasks/index.ts'

// Many users

export {
  type BadRow,
  type DeadLetter,
  type DeadLetterOptions,
  type ExportOptions,
  type ExportReport,
  exportUsers,
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
  type UndoOptions,
  type UndoReport,
  undoJob,
} from './jobs/index.ts'
export {
  type EffectiveMember,
  type EffectiveMembersOptions,
  effectiveMembers,
  type MembershipOptions,
  type RoleWay,
  type UserFilter,
  type UserListOptions,
  users,
  usersWithMemberships,
} from './listing/index.ts'
export { type JobProgress, type ProgressListener } from './progress/index.ts'

// Client secrets

export type { Command, Delivery, Overlap, ProvedBy } from './secret/index.ts'
export {
  type MoveStep,
  type MoveToKey,
  type MoveToKeyOptions,
  moveToPrivateKeyJwt,
  type RotateSecretOptions,
  type RotationStep,
  readSecretStatus,
  rotateSecret,
  type SecretRotation,
  type SecretStatus,
} from './secret/index.ts'

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

export type { RealmKind } from './changes/index.ts'
export type { RoleNames } from './lookup/index.ts'
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
} from './realm/index.ts'
export {
  type ApplyOptions,
  applyPlan,
  definedRoleNames,
  defineRealm,
  definitionFor,
  describeChange,
  diffRealm,
  type ExportRealmOptions,
  ensureRealm,
  exportRealm,
  neverExported,
  planRealm,
  type RealmExport,
  type RealmPlan,
  type RealmRoleNames,
  type RealmState,
  readRealm,
  readRoleNames,
  toRoleTypes,
} from './realm/index.ts'
