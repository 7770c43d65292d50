import type { Change } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'
import { groupStep, groupSteps, groupsOf, runSteps } from '../edit/index.ts'
import { knownGroups, type UserRef, userOf } from '../lookup/index.ts'

/**
 * Makes a user a member of exactly these groups: out of all others first, then into those that are missing.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user or a group does not exist; nothing is changed then
 * @example
 * ```ts
 * import { type Admin, setGroups } from '@cloakwright/admin'
 *
 * export const transfer = (admin: Admin) => setGroups(admin, 'alice', ['/staff', '/staff/editors'])
 * ```
 */
export async function setGroups(
  admin: Admin,
  user: UserRef,
  paths: readonly string[],
): Promise<readonly Change[]> {
  const [{ id = '', username = id }, wanted] = await Promise.all([
    userOf(admin, user),
    knownGroups(admin, paths),
  ])
  const held = await groupsOf(admin, id)
  const left = held.filter((group) => !wanted.some((each) => each.id === group.id))
  const joined = wanted.filter((group) => !held.some((each) => each.id === group.id))
  const subject = { kind: 'user', id, name: username } as const
  return await runSteps(admin, [
    ...left.map((group) => groupStep(admin, subject, group, false)),
    ...joined.map((group) => groupStep(admin, subject, group, true)),
  ])
}

/**
 * Makes a user a member of these groups, in addition to those that it is in.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user or a group does not exist; nothing is changed then
 * @example
 * ```ts
 * import { addToGroups, type Admin } from '@cloakwright/admin'
 *
 * export const join = (admin: Admin) => addToGroups(admin, 'alice', ['/staff/editors'])
 * ```
 */
export async function addToGroups(
  admin: Admin,
  user: UserRef,
  paths: readonly string[],
): Promise<readonly Change[]> {
  return await changeGroups(admin, user, paths, true)
}

/**
 * Takes a user out of these groups.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user or a group does not exist; nothing is changed then
 * @example
 * ```ts
 * import { type Admin, removeFromGroups } from '@cloakwright/admin'
 *
 * export const leave = (admin: Admin) => removeFromGroups(admin, 'alice', ['/staff/editors'])
 * ```
 */
export async function removeFromGroups(
  admin: Admin,
  user: UserRef,
  paths: readonly string[],
): Promise<readonly Change[]> {
  return await changeGroups(admin, user, paths, false)
}

async function changeGroups(
  admin: Admin,
  user: UserRef,
  paths: readonly string[],
  to: boolean,
): Promise<readonly Change[]> {
  const [{ id = '', username = id }, groups] = await Promise.all([
    userOf(admin, user),
    knownGroups(admin, paths),
  ])
  return await runSteps(admin, await groupSteps(admin, { kind: 'user', id, name: username }, groups, to))
}
