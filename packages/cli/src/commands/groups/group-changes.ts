import {
  type Admin,
  addToGroups,
  type Change,
  deleteGroup,
  ensureGroup,
  moveGroup,
  removeFromGroups,
  setGroups,
} from '@cloakwright/admin'
import { change, type WriteOptions } from '../../connection/index.ts'
import { notFound, userRef } from '../../lookup/index.ts'
import { type RoleOptions, toAttributes, toRoleNames } from '../../options/index.ts'

interface CreateOptions extends WriteOptions, RoleOptions {
  readonly update?: true
  readonly description?: string
  readonly attribute?: readonly string[]
}

/** `cloakwright groups create`. */
export async function create(path: string, options: CreateOptions): Promise<void> {
  const { description } = options
  const attributes = toAttributes(options.attribute)
  const roles = toRoleNames(options)
  const group = {
    ...(description === undefined ? {} : { description }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(roles === undefined ? {} : { roles }),
  }
  const existing = options.update === true ? 'change' : 'refuse'
  await change(options, async (admin) => (await ensureGroup(admin, path, group, { existing })).changes)
}

/** `cloakwright groups delete`. */
export async function destroy(path: string, options: WriteOptions): Promise<void> {
  const remove = async (admin: Admin): Promise<readonly Change[]> => {
    const changes = await deleteGroup(admin, path)
    if (changes.length > 0) return changes
    throw notFound(
      `The realm ${admin.realm} has no group ${path}`,
      'List the groups: cloakwright groups list',
    )
  }
  await change(options, remove, { question: `Delete the group ${path} and its subgroups?` })
}

/** `cloakwright groups move`. */
export async function move(path: string, parent: string, options: WriteOptions): Promise<void> {
  await change(options, (admin) => moveGroup(admin, path, parent))
}

/** `cloakwright groups add`. */
export async function add(user: string, paths: readonly string[], options: WriteOptions): Promise<void> {
  await change(options, async (admin) => addToGroups(admin, await userRef(admin, user), paths))
}

/** `cloakwright groups set`. */
export async function set(user: string, paths: readonly string[], options: WriteOptions): Promise<void> {
  await change(options, async (admin) => setGroups(admin, await userRef(admin, user), paths))
}

/** `cloakwright groups remove`. */
export async function remove(user: string, paths: readonly string[], options: WriteOptions): Promise<void> {
  await change(options, async (admin) => removeFromGroups(admin, await userRef(admin, user), paths))
}
