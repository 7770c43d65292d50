/** Names to ids, exact. Uses the client; tasks, jobs, secrets and the realm as code use it. */

export { clientByName, findClient, findClientUuid } from './clients.ts'
export type { FoundGroup, GroupFinder } from './group-paths.ts'
export { createGroupFinder, groupNames, pathOf, toGroupPath } from './group-paths.ts'
export { findGroup, groupOf, knownGroups } from './groups.ts'
export { absent } from './in-realm.ts'
export type { RoleName, RoleNames } from './role-names.ts'
export {
  missingRoles,
  requireRoleName,
  requireRoleNames,
  roleFields,
  rolesInstead,
  roleTitle,
} from './role-names.ts'
export type { KnownRole } from './roles.ts'
export { findRole, findRoleOf, knownRoles, roleOf } from './roles.ts'
export type { UserRef } from './users.ts'
export { findUser, findUserByName, findUsersByEmail, userId, userOf } from './users.ts'
export { usersById } from './users-by-id.ts'
