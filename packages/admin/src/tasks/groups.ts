import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../admin.ts'
import { type Change, recorded } from '../changes.ts'
import { visible } from '../edit.ts'
import { without } from '../realm/compare.ts'
import { requireKnown, rolesInstead } from '../known-fields.ts'
import type { RoleNames } from '../realm/model.ts'
import type { GroupRepresentation } from '../representations.ts'
import { updateGroup } from '../update.ts'
import { createOnce } from './create-once.ts'
import type { Ensured } from './ensure-user.ts'
import { absent, findGroup, groupNames, groupOf, knownRoles } from './lookup.ts'
import { roleSteps } from './role-steps.ts'
import { carryOut } from './steps.ts'

/** A group as it shall be; what is left out stays as it is. */
export interface WantedGroup {
  readonly description?: string
  /** Merged by key; `null` removes one. */
  readonly attributes?: Readonly<Record<string, readonly string[] | null>>
  /** Given to its members, in addition to those that they get by it already. */
  readonly roles?: RoleNames
}

/**
 * Makes sure that there is a group at this path, and all groups above it; the second call changes nothing.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when a role does not exist; nothing is changed then
 * @throws {CW_ADMIN_REFUSED} when it is no path, such as `staff` without a slash before it
 * @example
 * ```ts
 * import { type Admin, ensureGroup } from '@cloakwright/admin'
 *
 * export const editors = (admin: Admin) =>
 *   ensureGroup(admin, '/staff/editors', { attributes: { costCentre: ['4711'] }, roles: { realm: ['user'] } })
 * ```
 */
export async function ensureGroup(admin: Admin, path: string, group: WantedGroup = {}): Promise<Ensured> {
  requireKnown('ensureGroup', group, { description: true, attributes: true, roles: true }, rolesInstead)
  const names = groupNames(path)
  const { description, attributes } = group
  const roles = await knownRoles(admin, group.roles)
  const changes: Change[] = []
  let current = await findGroup(admin, path)
  if (current === undefined) {
    for (const depth of names.keys()) {
      const made = await ensureLevel(admin, names.slice(0, depth + 1), current)
      current = made.it
      changes.push(...made.changes)
    }
  }
  const id = current?.id ?? ''
  changes.push(...(await updateGroup(admin, path, { description, attributes })))
  const steps = await roleSteps(admin, 'groups', id, roles, true)
  changes.push(...(await carryOut(admin, { kind: 'group', id, name: path }, steps)))
  return { id, changes }
}

/**
 * Moves a group, with all that is below it, under another one; `/` is the top. The second call changes nothing: a group of
 * that name under the new parent is taken for the moved one when there is none at `path`, since Keycloak keeps no trace of
 * where a group was.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the group or its new parent does not exist
 * @throws {CW_ADMIN_REFUSED} when it would be moved into itself
 * @throws {CW_ADMIN_CONFLICT} when a group of that name is there already
 * @example
 * ```ts
 * import { type Admin, moveGroup } from '@cloakwright/admin'
 *
 * export const promote = (admin: Admin) => moveGroup(admin, '/staff/editors', '/')
 * ```
 */
export async function moveGroup(
  admin: Admin,
  path: string,
  newParentPath: string,
): Promise<readonly Change[]> {
  const { client, realm } = admin
  const name = groupNames(path).at(-1) ?? ''
  const isTop = newParentPath === '/'
  const target = isTop ? `/${name}` : `${newParentPath}/${name}`
  if (!isTop) groupNames(newParentPath)
  if (target === path) {
    await groupOf(admin, path)
    return []
  }
  // Keycloak answers 204 to the one and 500 to the other, and does nothing.
  if (`${newParentPath}/`.startsWith(`${path}/`))
    throw new CloakwrightError('CW_ADMIN_REFUSED', `The group ${path} cannot be moved into itself`, {
      hint: 'Give a parent that is neither the group nor below it, or / for the top.',
    })
  const [group, parent] = await Promise.all([
    findGroup(admin, path),
    isTop ? undefined : groupOf(admin, newParentPath),
  ])
  if (group === undefined) {
    if ((await findGroup(admin, target)) !== undefined) return []
    absent(admin, `group ${path}`)
  }
  const id = group.id ?? ''
  await (parent === undefined
    ? client.groups.updateRoot({ realm, id, name })
    : client.groups.updateChildGroup({ realm, id: parent.id ?? '' }, { id, name }))
  const change = { action: 'update', kind: 'group', realm, id, name: target, fields: ['path'] } as const
  return await recorded(admin, [{ ...change, before: { path }, after: { path: target } }])
}

/**
 * Deletes a group, if it is there, with all that are below it. Its members stay.
 *
 * @example
 * ```ts
 * import { type Admin, deleteGroup } from '@cloakwright/admin'
 *
 * export const dissolve = (admin: Admin) => deleteGroup(admin, '/staff/editors')
 * ```
 */
export async function deleteGroup(admin: Admin, path: string): Promise<readonly Change[]> {
  const { client, realm } = admin
  const group = await findGroup(admin, path)
  if (group === undefined) return []
  const { id = '' } = group
  await client.groups.del({ realm, id })
  const change = { action: 'delete', kind: 'group', realm, id, name: path, fields: [] } as const
  return await recorded(admin, [{ ...change, before: visible(without(group, 'access')) }])
}

/** One group of a path, below its parent. */
async function ensureLevel(
  admin: Admin,
  names: readonly string[],
  parent: GroupRepresentation | undefined,
): Promise<{ it: GroupRepresentation; changes: readonly Change[] }> {
  const { client, realm } = admin
  const path = `/${names.join('/')}`
  const name = names.at(-1) ?? ''
  const there = await findGroup(admin, path)
  if (there !== undefined) return { it: there, changes: [] }
  const { it, created } = await createOnce(
    () => findGroup(admin, path),
    () =>
      parent === undefined
        ? client.groups.create({ realm, name })
        : client.groups.createChildGroup({ realm, id: parent.id ?? '' }, { name }),
  )
  if (!created) return { it, changes: [] }
  const change = { action: 'create', kind: 'group', realm, id: it.id ?? '', name: path, fields: [] } as const
  return { it, changes: await recorded(admin, [{ ...change, after: { name } }]) }
}
