import type { Change } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'
import { roleSteps, runSteps } from '../edit/index.ts'
import { groupOf, knownRoles, type RoleNames } from '../lookup/index.ts'

/**
 * Gives roles to everyone in a group, and in the groups within it: the roles are mapped to the group, not to its members.
 * So whoever joins later has them too, and whoever leaves has them no more.
 *
 * Needs the role `manage-users` of `realm-management`, with `view-realm` for roles of the realm and `view-clients` for those
 * of clients.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the group, a client or a role does not exist; nothing is changed then
 * @example
 * ```ts
 * import { type Admin, grantRolesToGroup } from '@cloakwright/admin'
 *
 * export const letStaffEdit = (admin: Admin) =>
 *   grantRolesToGroup(admin, '/staff', { realm: ['user'], client: { 'shop-api': ['editor'] } })
 * ```
 */
export async function grantRolesToGroup(
  admin: Admin,
  path: string,
  roles: RoleNames,
): Promise<readonly Change[]> {
  return await mapRoles(admin, path, roles, true)
}

/**
 * Takes roles from a group, and so from its members. Those who have one by themselves, by another group or another role
 * keep it by that.
 *
 * Needs the role `manage-users` of `realm-management`; for roles of the realm also `view-realm`, for those of clients
 * `view-clients`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the group, a client or a role does not exist; nothing is changed then
 * @example
 * ```ts
 * import { type Admin, revokeRolesFromGroup } from '@cloakwright/admin'
 *
 * export const stopEditing = (admin: Admin) => revokeRolesFromGroup(admin, '/staff', { realm: ['editor'] })
 * ```
 */
export async function revokeRolesFromGroup(
  admin: Admin,
  path: string,
  roles: RoleNames,
): Promise<readonly Change[]> {
  return await mapRoles(admin, path, roles, false)
}

async function mapRoles(
  admin: Admin,
  path: string,
  names: RoleNames,
  to: boolean,
): Promise<readonly Change[]> {
  const [{ id, path: own }, roles] = await Promise.all([groupOf(admin, path), knownRoles(admin, names)])
  return await runSteps(admin, await roleSteps(admin, { kind: 'group', id, name: own }, roles, to))
}
