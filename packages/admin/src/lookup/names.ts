import { CloakwrightError } from 'cloakwright'
import type { Admin, ClientRepresentation, RoleRepresentation } from '../client/index.ts'
import { createGroupFinder, type FoundGroup, type GroupFinder } from './group-paths.ts'
import { type RoleName, type RoleNames, requireRoleNames, roleTitle } from './role-names.ts'

/** A role by name that is there, with what its requests need. */
export interface KnownRole {
  /** `admin`, `shop-api/editor`. */
  readonly title: string
  readonly id: string
  readonly name: string
  /** Keycloak's id of its client. */
  readonly clientUuid: string | undefined
}

/** @throws {CW_ADMIN_NOT_FOUND} always, by the name of what is missing */
export function absent({ realm }: Admin, what: string): never {
  throw new CloakwrightError('CW_ADMIN_NOT_FOUND', `The realm ${realm} has no ${what}`, {
    hint: 'Names are exact. Check it, or create it first.',
  })
}

export async function findClient(
  { client, realm }: Admin,
  clientId: string,
): Promise<ClientRepresentation | undefined> {
  const [match] = await client.clients.find({ realm, clientId })
  return match
}

/** @throws {CW_ADMIN_NOT_FOUND} */
export async function clientByName(admin: Admin, clientId: string): Promise<ClientRepresentation> {
  return (await findClient(admin, clientId)) ?? absent(admin, `client ${clientId}`)
}

export async function findRole(admin: Admin, role: RoleName): Promise<RoleRepresentation | undefined> {
  const { client, realm } = admin
  const { name } = role
  if (role.client === undefined) return (await client.roles.findOneByName({ realm, name })) ?? undefined
  const id = (await clientByName(admin, role.client)).id ?? ''
  return (await client.clients.findRole({ realm, id, roleName: name })) ?? undefined
}

/** @throws {CW_ADMIN_NOT_FOUND} */
export async function roleOf(admin: Admin, role: RoleName): Promise<RoleRepresentation> {
  return (await findRole(admin, role)) ?? absent(admin, `role ${roleTitle(role)}`)
}

/**
 * All of these roles, so that a wrong name stops a task before it has changed anything.
 *
 * @throws {CW_ADMIN_NOT_FOUND}
 */
export async function knownRoles(admin: Admin, names: RoleNames | undefined): Promise<readonly KnownRole[]> {
  requireRoleNames(names)
  const wanted: RoleName[] = (names?.realm ?? []).map((name) => ({ name }))
  for (const [client, ofClient] of Object.entries(names?.client ?? {}))
    wanted.push(...ofClient.map((name) => ({ name, client })))
  return await Promise.all(
    wanted.map(async (role) => {
      const { id = '', clientRole, containerId } = await roleOf(admin, role)
      const clientUuid = clientRole === true ? containerId : undefined
      return { title: roleTitle(role), id, name: role.name, clientUuid }
    }),
  )
}

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
