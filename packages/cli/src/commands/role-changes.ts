import {
  type Admin,
  type Change,
  deleteRole,
  ensureRole,
  grantRoles,
  type RoleNames,
  revokeRoles,
} from '@cloakwright/admin'
import { userRef } from '../lookup.ts'
import { toAttributes, toRoleNames } from '../names.ts'
import { missingRole, namingRoles } from '../role-lookup.ts'
import { change, type WriteOptions } from '../writes.ts'

interface Options extends WriteOptions {
  readonly client?: string
}

interface CreateOptions extends Options {
  readonly description?: string
  readonly attribute?: readonly string[]
  readonly includes?: readonly string[]
  readonly includesClientRole?: readonly string[]
}

/** `cloakwright roles create`. */
export async function create(name: string, options: CreateOptions): Promise<void> {
  const { description, includes, includesClientRole } = options
  const attributes = toAttributes(options.attribute)
  const composites = toRoleNames({
    ...(includes === undefined ? {} : { role: includes }),
    ...(includesClientRole === undefined ? {} : { clientRole: includesClientRole }),
  })
  const role = {
    ...named(name, options),
    ...(description === undefined ? {} : { description }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(composites === undefined ? {} : { composites }),
  }
  await change(options, (admin) => ensureRole(admin, role))
}

/** `cloakwright roles delete`. */
export async function destroy(name: string, options: Options): Promise<void> {
  const remove = async (admin: Admin): Promise<readonly Change[]> => {
    const changes = await deleteRole(admin, named(name, options))
    if (changes.length > 0) return changes
    throw await missingRole(admin, name, options.client)
  }
  await change(options, remove, `Delete the role ${name}?`)
}

/** `cloakwright roles grant`. */
export async function grant(user: string, names: readonly string[], options: Options): Promise<void> {
  await change(options, async (admin) => {
    const who = await userRef(admin, user)
    return await namingRoles(admin, names, options.client, () =>
      grantRoles(admin, who, rolesOf(names, options)),
    )
  })
}

/** `cloakwright roles revoke`. */
export async function revoke(user: string, names: readonly string[], options: Options): Promise<void> {
  await change(options, async (admin) => {
    const who = await userRef(admin, user)
    return await namingRoles(admin, names, options.client, () =>
      revokeRoles(admin, who, rolesOf(names, options)),
    )
  })
}

function named(name: string, { client }: Options): { name: string; client?: string } {
  return client === undefined ? { name } : { name, client }
}

function rolesOf(names: readonly string[], { client }: Options): RoleNames {
  return client === undefined ? { realm: names } : { client: { [client]: names } }
}
