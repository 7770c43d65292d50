export type { UserRef } from './find-user.ts'
export { findUser, findUsersByEmail, userId, userOf } from './find-user.ts'
export type { FoundGroup, GroupFinder } from './group-paths.ts'
export { createGroupFinder, groupNames, pathOf, toGroupPath } from './group-paths.ts'
export type { KnownRole } from './names.ts'
export {
  absent,
  clientByName,
  findClient,
  findGroup,
  findRole,
  groupOf,
  knownRoles,
  roleOf,
} from './names.ts'
export { clientRoles, clientUuid, findClientUuid, found, realmRoles, rolesByName } from './realm-names.ts'
export type { RoleName, RoleNames } from './role-names.ts'
export {
  missingRoles,
  requireRoleName,
  requireRoleNames,
  roleFields,
  rolesInstead,
  roleTitle,
} from './role-names.ts'
