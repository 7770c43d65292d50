import type { Change } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'
import { roleSteps, runSteps } from '../edit/index.ts'
import { knownRoles, type RoleNames, type UserRef, userOf } from '../lookup/index.ts'

/**
 * Gives a user roles that it does not have itself. One that it has by a group is given nevertheless: it stays when the user leaves the group.
 *
 * Needs the role `manage-users` of `realm-management`; for roles of the realm also `view-realm`, for those of clients
 * `view-clients`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user, a client or a role does not exist; nothing is changed then
 * @example
 * ```ts
 * import { type Admin, grantRoles } from '@cloakwright/admin'
 *
 * export const makeEditor = (admin: Admin) =>
 *   grantRoles(admin, 'alice', { realm: ['user'], client: { 'shop-api': ['editor'] } })
 * ```
 */
export async function grantRoles(admin: Admin, user: UserRef, roles: RoleNames): Promise<readonly Change[]> {
  return await mapRoles(admin, user, roles, true)
}

/**
 * Takes roles from a user. One that it has by a group or by another role, it keeps by that.
 *
 * Needs the role `manage-users` of `realm-management`; for roles of the realm also `view-realm`, for those of clients
 * `view-clients`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user, a client or a role does not exist; nothing is changed then
 * @example
 * ```ts
 * import { type Admin, revokeRoles } from '@cloakwright/admin'
 *
 * export const demote = (admin: Admin) => revokeRoles(admin, 'alice', { realm: ['admin'] })
 * ```
 */
export async function revokeRoles(admin: Admin, user: UserRef, roles: RoleNames): Promise<readonly Change[]> {
  return await mapRoles(admin, user, roles, false)
}

async function mapRoles(
  admin: Admin,
  user: UserRef,
  names: RoleNames,
  to: boolean,
): Promise<readonly Change[]> {
  const [{ id = '', username = id }, roles] = await Promise.all([
    userOf(admin, user),
    knownRoles(admin, names),
  ])
  return await runSteps(admin, await roleSteps(admin, { kind: 'user', id, name: username }, roles, to))
}
