import type { Change } from '../changes/index.ts'
import type { Admin, GroupRepresentation } from '../client/index.ts'
import { all } from '../client/index.ts'
import { carryOut, type Step } from '../edit/index.ts'
import { createGroupFinder, groupOf, pathOf, type UserRef, userOf } from '../lookup/index.ts'

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
  const steps = [
    ...left.map((group) => step(admin, id, group, false)),
    ...joined.map((group) => step(admin, id, group, true)),
  ]
  return await carryOut(admin, { kind: 'user', id, name: username }, steps)
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

/**
 * All of these groups, each once, so that a wrong path stops a task before it has changed anything.
 *
 * @throws {CW_ADMIN_NOT_FOUND}
 */
export async function knownGroups(
  admin: Admin,
  paths: readonly string[] = [],
): Promise<readonly GroupRepresentation[]> {
  const finder = createGroupFinder(admin)
  const found = await Promise.all([...new Set(paths)].map((path) => groupOf(admin, path, finder)))
  return [...new Map(found.map((group) => [group.id, group])).values()]
}

/** The requests that bring a user into groups, or out of them, where it is not so yet. */
export async function groupSteps(
  admin: Admin,
  id: string,
  wanted: readonly GroupRepresentation[],
  to: boolean,
): Promise<Step[]> {
  if (wanted.length === 0) return []
  const held = new Set((await groupsOf(admin, id)).map((group) => group.id))
  return wanted.filter((group) => held.has(group.id) !== to).map((group) => step(admin, id, group, to))
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
  const steps = await groupSteps(admin, id, groups, to)
  return await carryOut(admin, { kind: 'user', id, name: username }, steps)
}

async function groupsOf({ client, realm }: Admin, id: string): Promise<GroupRepresentation[]> {
  return await all((page) => client.users.listGroups({ realm, id, ...page }))
}

function step({ client, realm }: Admin, id: string, group: GroupRepresentation, to: boolean): Step {
  const membership = { realm, id, groupId: group.id ?? '' }
  return {
    fields: [`groups${pathOf(group)}`],
    to,
    run: () => (to ? client.users.addToGroup(membership) : client.users.delFromGroup(membership)),
  }
}
