import { CloakwrightError } from 'cloakwright'
import type { Admin, RoleMappingPayload, RoleRepresentation } from '../../client/index.ts'
import { findClientUuid, findRoleOf, type RoleNames } from '../../lookup/index.ts'

export async function clientUuid({ client }: Admin, realm: string, clientId: string): Promise<string> {
  return found(await findClientUuid({ client, realm }, clientId), `client ${clientId}`)
}

export async function realmRoles(
  { client }: Admin,
  realm: string,
  names: readonly string[],
): Promise<RoleMappingPayload[]> {
  return await Promise.all(
    names.map(async (name) =>
      mapping(await findRoleOf({ client, realm }, undefined, name), `realm role ${name}`),
    ),
  )
}

export async function clientRoles(
  admin: Admin,
  realm: string,
  clientId: string,
  names: readonly string[],
): Promise<RoleMappingPayload[]> {
  const id = await clientUuid(admin, realm, clientId)
  return await Promise.all(
    names.map(async (roleName) =>
      mapping(
        await findRoleOf({ client: admin.client, realm }, id, roleName),
        `role ${roleName} of client ${clientId}`,
      ),
    ),
  )
}

/** Roles by name, as a definition writes them, from what a reader found. */
export async function rolesByName(
  wanted: RoleNames | undefined,
  readRealm: () => Promise<RoleRepresentation[]>,
  readClient: (clientId: string) => Promise<RoleRepresentation[]>,
): Promise<RoleNames> {
  const clientIds = Object.keys(wanted?.client ?? {})
  const [realm, ...clients] = await Promise.all([
    (wanted?.realm ?? []).length === 0 ? [] : readRealm(),
    ...clientIds.map((clientId) => readClient(clientId)),
  ])
  return {
    realm: realm.map(roleName),
    client: Object.fromEntries(
      clientIds.map((clientId, index) => [clientId, (clients[index] ?? []).map(roleName)]),
    ),
  }
}

/** What a definition names is not there: another writer removed it after the plan was made. */
export function found<T>(value: T | null | undefined, what: string): T {
  if (value !== null && value !== undefined) return value
  throw new CloakwrightError(
    'CW_REALM_MISMATCH',
    `The realm has no ${what}, but its definition refers to it`,
    {
      hint: 'Declare it in the definition, or create it in the realm. Then run it again: it continues after the changes made so far.',
    },
  )
}

function roleName(role: RoleRepresentation): string {
  return role.name ?? ''
}

function mapping(role: RoleRepresentation | null | undefined, what: string): RoleMappingPayload {
  const { id, name } = found(role, what)
  return { id: id ?? '', name: name ?? '' }
}
