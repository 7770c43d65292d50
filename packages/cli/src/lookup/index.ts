/**
 * Finds objects by the names in a command. In: a name. Out: the object, or an error with a hint. Uses terminal; commands
 * use it.
 */

export { findClientId } from './clients.ts'
export { allGroups, membersOf } from './groups.ts'
export { notFound } from './not-found.ts'
export { missingRole, namingRoles, requireRole } from './roles.ts'
export { type ListedUser, userColumns } from './user-columns.ts'
export { findUser, userRef } from './users.ts'
