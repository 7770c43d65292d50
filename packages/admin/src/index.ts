/**
 * Keycloak's Admin API for programs: the official client with retries, tasks on one object, updates, lists. Other entries:
 * `@cloakwright/admin/realm`, `/jobs`, `/files`, `/audit`, `/secrets`.
 */

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
  type RoleNames,
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

// Lists

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
