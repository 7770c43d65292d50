import type { Admin } from '../client/index.ts'
import { createGroupFinder, type FoundGroup, type GroupFinder } from './group-paths.ts'
import { absent } from './in-realm.ts'

/**
 * The group of this path, or of `id:ID`; `undefined` where there is none. Its `path` tells it from all others: a slash
 * within a name is `~/`.
 *
 * Needs the role `view-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_REFUSED} when it is no path, or the path of several groups: the hint says how to name each
 * @example
 * ```ts
 * import { type Admin, findGroup } from '@cloakwright/admin'
 *
 * export const idOfEditors = async (admin: Admin) => (await findGroup(admin, '/staff/editors'))?.id
 * ```
 */
export async function findGroup(admin: Admin, ref: string): Promise<FoundGroup | undefined> {
  return await createGroupFinder(admin).find(ref)
}

/** @throws {CW_ADMIN_NOT_FOUND} */
export async function groupOf(
  admin: Admin,
  ref: string,
  finder: GroupFinder = createGroupFinder(admin),
): Promise<FoundGroup> {
  return (await finder.find(ref)) ?? absent(admin, `group ${ref}`)
}

/**
 * All of these groups, each once, so that a wrong path stops a task before it has changed anything.
 *
 * @throws {CW_ADMIN_NOT_FOUND}
 */
export async function knownGroups(
  admin: Admin,
  paths: readonly string[] = [],
): Promise<readonly FoundGroup[]> {
  const finder = createGroupFinder(admin)
  const found = await Promise.all([...new Set(paths)].map((path) => groupOf(admin, path, finder)))
  return [...new Map(found.map((group) => [group.id, group])).values()]
}
