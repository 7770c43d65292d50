import type { RoleRepresentation } from '../client/index.ts'
import { clientByName } from './clients.ts'
import { absent, type InRealm } from './in-realm.ts'
import { type RoleName, type RoleNames, requireRoleNames, roleTitle } from './role-names.ts'

/** A role by name that is there, with what its requests need. */
export interface KnownRole extends RoleName {
  /** `admin`, `shop-api/editor`. */
  readonly title: string
  readonly id: string
  /** Keycloak's id of its client. */
  readonly clientUuid: string | undefined
}

/**
 * The role, or `undefined` where the realm or the client has none of this name.
 *
 * Needs the role `view-realm` of `realm-management`, or for a role of a client `view-clients`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the client does not exist
 * @example
 * ```ts
 * import { type Admin, findRole } from '@cloakwright/admin'
 *
 * export const hasEditors = async (admin: Admin) =>
 *   (await findRole(admin, { name: 'editor', client: 'shop-api' })) !== undefined
 * ```
 */
export async function findRole(admin: InRealm, role: RoleName): Promise<RoleRepresentation | undefined> {
  const id = role.client === undefined ? undefined : ((await clientByName(admin, role.client)).id ?? '')
  return await findRoleOf(admin, id, role.name)
}

/** A role of the client with this id of Keycloak's, or of the realm. */
export async function findRoleOf(
  { client: { clients, roles }, realm }: InRealm,
  clientUuid: string | undefined,
  name: string,
): Promise<RoleRepresentation | undefined> {
  const role =
    clientUuid === undefined
      ? await roles.findOneByName({ realm, name })
      : await clients.findRole({ realm, id: clientUuid, roleName: name })
  // Some databases take one letter for another.
  return role?.name === name ? role : undefined
}

/** @throws {CW_ADMIN_NOT_FOUND} */
export async function roleOf(admin: InRealm, role: RoleName): Promise<RoleRepresentation> {
  return (await findRole(admin, role)) ?? absent(admin, `role ${roleTitle(role)}`)
}

/**
 * All of these roles, so that a wrong name stops a task before it has changed anything.
 *
 * @throws {CW_ADMIN_NOT_FOUND}
 */
export async function knownRoles(
  admin: InRealm,
  names: RoleNames | undefined,
): Promise<readonly KnownRole[]> {
  requireRoleNames(names)
  const wanted: RoleName[] = (names?.realm ?? []).map((name) => ({ name }))
  for (const [client, ofClient] of Object.entries(names?.client ?? {}))
    wanted.push(...ofClient.map((name) => ({ name, client })))
  return await Promise.all(
    wanted.map(async (role) => {
      const { id = '', clientRole, containerId } = await roleOf(admin, role)
      const clientUuid = clientRole === true ? containerId : undefined
      return { ...role, title: roleTitle(role), id, clientUuid }
    }),
  )
}
