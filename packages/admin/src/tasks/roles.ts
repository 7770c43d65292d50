import type { Change } from '../changes/index.ts'
import type { Admin, RoleRepresentation } from '../client/index.ts'
import {
  createOnce,
  giving,
  roleKind,
  runSteps,
  type Step,
  type Subject,
  update,
  visible,
} from '../edit/index.ts'
import {
  clientByName,
  findClient,
  findRole,
  type KnownRole,
  knownRoles,
  type RoleName,
  type RoleNames,
  requireRoleName,
  roleTitle,
} from '../lookup/index.ts'
import { type EnsureOptions, requireEnsureOptions, requireNew } from './existing.ts'

/** The wanted state of a role; absent fields stay unchanged. */
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
  const found = await findRole(admin, role)
  const title = `role ${roleTitle(role)}`
  requireNew(admin, options, title, found === undefined)
  const made = found === undefined ? await createRole(admin, role) : { object: found, changes: [] }
  requireNew(admin, options, title, made.changes.length > 0)
  const subject = { kind: kindOf(role), id: made.object.id ?? '', name: roleTitle(role) }
  return [
    ...made.changes,
    ...(await update(admin, { description, attributes }, {}, roleKind(admin, role, made.object))),
    ...(await runSteps(admin, await compositeSteps(admin, subject, members))),
  ]
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
  const change = { action: 'delete', kind: kindOf(role), id, name: roleTitle(role), fields: [] } as const
  const run = () => client.roles.delById({ realm, id })
  return await runSteps(admin, [{ changes: [{ ...change, before: visible(before) }], run }])
}

async function createRole(
  admin: Admin,
  role: WantedRole,
): Promise<{ object: RoleRepresentation; changes: readonly Change[] }> {
  const { client, realm } = admin
  const { name, description } = role
  const after = { name, ...(description === undefined ? {} : { description }) }
  const clientUuid =
    role.client === undefined ? undefined : ((await clientByName(admin, role.client)).id ?? '')
  const change = { action: 'create', kind: kindOf(role), name: roleTitle(role), fields: [], after } as const
  const { object = after, changes } = await createOnce(
    admin,
    change,
    () => findRole(admin, role),
    () =>
      clientUuid === undefined
        ? client.roles.create({ ...after, realm })
        : client.clients.createRole({ ...after, realm, id: clientUuid }),
  )
  return { object, changes }
}

async function compositeSteps(
  { client, realm }: Admin,
  role: Subject,
  wanted: readonly KnownRole[],
): Promise<readonly Step[]> {
  if (wanted.length === 0) return []
  const { id } = role
  const composites = id === '' ? [] : await client.roles.getCompositeRoles({ realm, id })
  const held = new Set(composites.map((each) => each.id))
  const missing = wanted.filter((each) => !held.has(each.id))
  if (missing.length === 0) return []
  const fields = missing.map(({ title }) => `composites.${title}`)
  const members = missing.map((each) => ({ id: each.id, name: each.name }))
  const run = () => client.roles.createComposite({ realm, roleId: id }, members)
  return [{ changes: [giving(role, fields, true)], run }]
}

function kindOf({ client }: RoleName): 'realm role' | 'client role' {
  return client === undefined ? 'realm role' : 'client role'
}
