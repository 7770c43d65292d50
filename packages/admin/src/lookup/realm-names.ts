import type { Admin } from '../client/admin.ts'
import type { RoleMappingPayload, RoleRepresentation } from '../client/representations.ts'
import { missing } from '../fields/compare.ts'
import type { RoleNames } from '../realm/definition/model.ts'
import { found } from '../realm/diff/step.ts'

/** The id that Keycloak's paths want for a client, from its client id. */
export async function findClientUuid(
  { client }: Admin,
  realm: string,
  clientId: string,
): Promise<string | undefined> {
  const [match] = await client.clients.find({ realm, clientId })
  return match?.id
}

export async function clientUuid(admin: Admin, realm: string, clientId: string): Promise<string> {
  return found(await findClientUuid(admin, realm, clientId), `client ${clientId}`)
}

export async function realmRoles(
  { client }: Admin,
  realm: string,
  names: readonly string[],
): Promise<RoleMappingPayload[]> {
  return await Promise.all(
    names.map(async (name) =>
      mapping(await client.roles.findOneByName({ realm, name }), `realm role ${name}`),
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
        await admin.client.clients.findRole({ realm, id, roleName }),
        `role ${roleName} of client ${clientId}`,
      ),
    ),
  )
}

/** The roles that are wanted and not there; empty entries are left out. */
export function missingRoles(wanted: RoleNames | undefined, have: RoleNames | undefined): RoleNames {
  const client = Object.entries(wanted?.client ?? {}).flatMap(([clientId, names]) => {
    const absent = missing(names, own(have?.client, clientId))
    return absent.length === 0 ? [] : [[clientId, absent] as const]
  })
  return { realm: missing(wanted?.realm, have?.realm), client: Object.fromEntries(client) }
}

/** As fields of a change: `roles.admin`, `roles.app/editor`. */
export function roleFields(prefix: string, { realm, client }: RoleNames): string[] {
  return [
    ...(realm ?? []).map((name) => `${prefix}.${name}`),
    ...Object.entries(client ?? {}).flatMap(([clientId, names]) =>
      names.map((name) => `${prefix}.${clientId}/${name}`),
    ),
  ]
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

/** A client may be called `constructor`. */
function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}

function roleName(role: RoleRepresentation): string {
  return role.name ?? ''
}

function mapping(role: RoleRepresentation | null | undefined, what: string): RoleMappingPayload {
  const { id, name } = found(role, what)
  return { id: id ?? '', name: name ?? '' }
}
