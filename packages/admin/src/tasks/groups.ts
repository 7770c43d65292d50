import { CloakwrightError } from 'cloakwright'
import type { Change } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'
import { createOnce, groupKind, roleSteps, runSteps, update, visible } from '../edit/index.ts'
import { requireKnown, without } from '../fields/index.ts'
import {
  absent,
  createGroupFinder,
  type FoundGroup,
  type GroupFinder,
  groupNames,
  groupOf,
  knownRoles,
  type RoleNames,
  rolesInstead,
  toGroupPath,
} from '../lookup/index.ts'
import type { Ensured } from './ensure-user.ts'
import { type EnsureOptions, requireEnsureOptions, requireNew } from './existing.ts'

/** The wanted state of a group; absent fields stay unchanged. */
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
 * Needs the role `manage-users` of `realm-management`; for roles of the realm also `view-realm`, for those of clients
 * `view-clients`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when a role does not exist; nothing is changed then
 * @throws {CW_ADMIN_CONFLICT} when it exists and `existing` is `refuse`
 * @throws {CW_ADMIN_REFUSED} when it is no path, such as `staff` without a slash before it, or may be that of a group with a
 *   slash in its name, which is written `~/`
 * @example
 * ```ts
 * import { type Admin, ensureGroup } from '@cloakwright/admin'
 *
 * export const editors = (admin: Admin) =>
 *   ensureGroup(admin, '/staff/editors', { attributes: { costCentre: ['4711'] }, roles: { realm: ['user'] } })
 * ```
 */
export async function ensureGroup(
  admin: Admin,
  path: string,
  group: WantedGroup = {},
  options: EnsureOptions = {},
): Promise<Ensured> {
  requireKnown('ensureGroup', group, { description: true, attributes: true, roles: true }, rolesInstead)
  requireEnsureOptions('ensureGroup', options)
  const names = groupNames(path)
  const { description, attributes } = group
  const roles = await knownRoles(admin, group.roles)
  const finder = createGroupFinder(admin)
  const found = await finder.find(path)
  if (found !== undefined && found.path !== toGroupPath(names)) refuseOther(path, names, found)
  requireNew(admin, options, `group ${path}`, found === undefined)
  const made = found === undefined ? await ensurePath(admin, finder, names) : { group: found, changes: [] }
  const { id = '' } = made.group
  const changes = [
    ...made.changes,
    ...(await update(admin, { description, attributes }, {}, groupKind(admin, made.group))),
    ...(await runSteps(admin, await roleSteps(admin, { kind: 'group', id, name: path }, roles, true))),
  ]
  return { id, changes }
}

/**
 * Moves a group, with all that is below it, under another one; `/` is the top. The second call changes nothing: a group of
 * that name under the new parent is taken for the moved one when there is none at `path`, since Keycloak keeps no trace of
 * where a group was.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the group or its new parent does not exist
 * @throws {CW_ADMIN_REFUSED} when it would be moved into itself
 * @throws {CW_ADMIN_CONFLICT} when a group with that name already exists
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
  const finder = createGroupFinder(admin)
  const [group, parent] = await Promise.all([
    finder.find(path),
    newParentPath === '/' ? undefined : groupOf(admin, newParentPath, finder),
  ])
  const above = parent === undefined ? [] : groupNames(parent.path)
  if (group === undefined) {
    const name = path.startsWith('id:') ? undefined : groupNames(path).at(-1)
    if (name !== undefined && (await finder.findExactly(toGroupPath([...above, name]))) !== undefined)
      return []
    absent(admin, `group ${path}`)
  }
  const { id, name, path: before } = group
  const target = toGroupPath([...above, name])
  if (target === before) return []
  // Keycloak responds 204 to the one and 500 to the other, and does nothing.
  if (`${toGroupPath(above)}/`.startsWith(`${before}/`))
    throw new CloakwrightError('CW_ADMIN_REFUSED', `The group ${path} cannot be moved into itself`, {
      hint: 'Give a parent outside this group, or / for the top level.',
    })
  const change = { action: 'update', kind: 'group', id, name: target, fields: ['path'] } as const
  const changes = [{ ...change, before: { path: before }, after: { path: target } }]
  const run = () =>
    parent === undefined
      ? client.groups.updateRoot({ realm, id, name })
      : client.groups.updateChildGroup({ realm, id: parent.id }, { id, name })
  return await runSteps(admin, [{ changes, run }])
}

/**
 * Deletes a group, if it is there, with all that are below it. Its members stay.
 *
 * Needs the role `manage-users` of `realm-management`.
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
  const group = await createGroupFinder(admin).find(path)
  if (group === undefined) return []
  const { id } = group
  const change = { action: 'delete', kind: 'group', id, name: group.path, fields: [] } as const
  const changes = [{ ...change, before: visible(without(group, 'access')) }]
  return await runSteps(admin, [{ changes, run: () => client.groups.del({ realm, id }) }])
}

/** A group of a path; without an id it is one that a dry run has not created. */
type PathGroup = Omit<FoundGroup, 'id'> & { readonly id?: string }

/** The groups of a path, each below its parent, as far as they are missing; gives the last. */
async function ensurePath(
  admin: Admin,
  finder: GroupFinder,
  names: readonly string[],
): Promise<{ group: PathGroup; changes: readonly Change[] }> {
  const { client, realm } = admin
  const above = names.length > 1 ? await ensurePath(admin, finder, names.slice(0, -1)) : undefined
  const parent = above?.group
  const path = toGroupPath(names)
  const name = names.at(-1) ?? ''
  const find = () => finder.findExactly(path)
  const isBelowNone = parent !== undefined && parent.id === undefined
  const existing = isBelowNone ? undefined : await find()
  if (existing !== undefined) return { group: existing, changes: [] }
  const { object = { name, path }, changes } = await createOnce<PathGroup>(
    admin,
    { action: 'create', kind: 'group', name: path, fields: [], after: { name } },
    find,
    () =>
      parent === undefined
        ? client.groups.create({ realm, name })
        : client.groups.createChildGroup({ realm, id: parent.id ?? '' }, { name }),
  )
  return { group: object, changes: [...(above?.changes ?? []), ...changes] }
}

/** A group whose name has a slash is none of the path: to take it for that, or to make the path's groups as well, is a guess. */
function refuseOther(path: string, names: readonly string[], group: FoundGroup): never {
  throw new CloakwrightError(
    'CW_ADMIN_REFUSED',
    `${path} is also the path of the group ${JSON.stringify(group.name)}, which has a slash in its name`,
    {
      hint: `For the existing group, write ${group.path}. For a new group ${JSON.stringify(names.at(-1))} at this path, rename the existing one first.`,
    },
  )
}
