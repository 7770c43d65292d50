import { type Change, recorded } from '../changes/index.ts'
import type { Admin, RoleRepresentation } from '../client/index.ts'
import { carryOut, createOnce, updateRole, visible } from '../edit/index.ts'
import type { RoleNames } from '../lookup/index.ts'
import {
  clientByName,
  findClient,
  findRole,
  type KnownRole,
  knownRoles,
  type RoleName,
  requireRoleName,
  roleTitle,
} from '../lookup/index.ts'
import { type EnsureOptions, requireEnsureOptions, requireNew } from './existing.ts'

/** A role as it shall be; what is left out stays as it is. */
export interface WantedRole extends RoleName {
  readonly description?: string
  /** Merged by key; `null` removes one. */
  readonly attributes?: Readonly<Record<string, readonly string[] | null>>
  /** Roles that this one brings with it, in addition to those that it has. */
  readonly composites?: RoleNames
}

/**
 * Makes sure that there is a role of the realm, or of a client; the second call changes nothing.
 *
 * Needs the role `manage-realm` of `realm-management`, for the role of a client `manage-clients` in its place; both to compose roles
 * of realm and client.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when its client or one of the composites does not exist; nothing is changed then
 * @throws {CW_ADMIN_CONFLICT} when it exists and `existing` is `refuse`
 * @example
 * ```ts
 * import { type Admin, ensureRole } from '@cloakwright/admin'
 *
 * export const editor = (admin: Admin) =>
 *   ensureRole(admin, { name: 'editor', client: 'shop-api', description: 'May change articles' })
 * ```
 */
export async function ensureRole(
  admin: Admin,
  role: WantedRole,
  options: EnsureOptions = {},
): Promise<readonly Change[]> {
  requireRoleName('ensureRole', role)
  requireEnsureOptions('ensureRole', options)
  const { description, attributes } = role
  const members = await knownRoles(admin, role.composites)
  const changes: Change[] = []
  let current = await findRole(admin, role)
  const title = `role ${roleTitle(role)}`
  requireNew(admin, options, title, current === undefined)
  if (current === undefined) {
    const made = await createRole(admin, role)
    requireNew(admin, options, title, made.changes.length > 0)
    current = made.it
    changes.push(...made.changes)
  }
  changes.push(...(await updateRole(admin, role, { description, attributes })))
  return [...changes, ...(await addComposites(admin, role, current.id ?? '', members))]
}

/**
 * Deletes a role of the realm, or of a client, if it is there. Who had it has it no more.
 *
 * Needs the role `manage-realm` of `realm-management`, for the role of a client `manage-clients` in its place.
 *
 * @example
 * ```ts
 * import { type Admin, deleteRole } from '@cloakwright/admin'
 *
 * export const retire = (admin: Admin) => deleteRole(admin, { name: 'editor', client: 'shop-api' })
 * ```
 */
export async function deleteRole(admin: Admin, role: RoleName): Promise<readonly Change[]> {
  requireRoleName('deleteRole', role)
  const { client, realm } = admin
  if (role.client !== undefined && (await findClient(admin, role.client)) === undefined) return []
  const before = await findRole(admin, role)
  if (before === undefined) return []
  const { id = '' } = before
  await client.roles.delById({ realm, id })
  const change = {
    action: 'delete',
    kind: kindOf(role),
    realm,
    id,
    name: roleTitle(role),
    fields: [],
  } as const
  return await recorded(admin, [{ ...change, before: visible(before) }])
}

async function createRole(
  admin: Admin,
  role: WantedRole,
): Promise<{ it: RoleRepresentation; changes: readonly Change[] }> {
  const { realm } = admin
  const { name, description } = role
  const after = { name, ...(description === undefined ? {} : { description }) }
  const clientUuid =
    role.client === undefined ? undefined : ((await clientByName(admin, role.client)).id ?? '')
  const { it, created } = await createOnce(
    () => findRole(admin, role),
    () =>
      clientUuid === undefined
        ? admin.client.roles.create({ ...after, realm })
        : admin.client.clients.createRole({ ...after, realm, id: clientUuid }),
  )
  if (!created) return { it, changes: [] }
  const change = {
    action: 'create',
    kind: kindOf(role),
    realm,
    name: roleTitle(role),
    fields: [],
    after,
  } as const
  return { it, changes: await recorded(admin, [{ ...change, id: it.id ?? '' }]) }
}

async function addComposites(
  admin: Admin,
  role: RoleName,
  id: string,
  wanted: readonly KnownRole[],
): Promise<readonly Change[]> {
  if (wanted.length === 0) return []
  const { client, realm } = admin
  const held = new Set((await client.roles.getCompositeRoles({ realm, id })).map((each) => each.id))
  const missing = wanted.filter((each) => !held.has(each.id))
  if (missing.length === 0) return []
  const members = missing.map((each) => ({ id: each.id, name: each.name }))
  return await carryOut(admin, { kind: kindOf(role), id, name: roleTitle(role) }, [
    {
      fields: missing.map(({ title }) => `composites.${title}`),
      to: true,
      run: () => client.roles.createComposite({ realm, roleId: id }, members),
    },
  ])
}

function kindOf({ client }: RoleName): 'realm role' | 'client role' {
  return client === undefined ? 'realm role' : 'client role'
}
