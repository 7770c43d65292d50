import type { Attributes, Role } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { type Shape, shape } from '../body/index.ts'
import { given } from './given.ts'

export interface RoleBody {
  id?: string
  name?: string
  description?: string
  attributes?: Attributes
  composites?: { realm?: string[]; client?: Record<string, string[]> }
}

export const roleShape: Shape<RoleBody> = shape(
  'RoleRepresentation',
  {
    string: 'id name description containerId',
    boolean: 'scopeParamRequired composite clientRole',
    attributes: 'attributes',
  },
  {
    composites: shape('Composites', { strings: 'realm', lists: 'client application' }),
  },
)

/** RoleRepresentation; without attributes if brief, as in Keycloak. */
export function roleOf(realm: RealmStore, role: Readonly<Role>, brief = true): Record<string, unknown> {
  return {
    id: role.id,
    name: role.name,
    ...given('description', role.description),
    composite: role.composites.length > 0,
    clientRole: role.clientId !== undefined,
    containerId: role.clientId ?? realm.info.id,
    ...(brief ? {} : { attributes: role.attributes }),
  }
}

/** MappingsRepresentation: realm roles, and client roles by client. */
export function mappingsOf(realm: RealmStore, ids: readonly string[]): Record<string, unknown> {
  const roles = ids.map((id) => realm.roles.get(id)).filter((role) => role !== undefined)
  const realmRoles = roles.filter((role) => role.clientId === undefined).map((role) => roleOf(realm, role))
  const clientRoles = Object.entries(byClient(realm, roles, (role) => roleOf(realm, role)))
  return {
    ...(realmRoles.length > 0 ? { realmMappings: realmRoles } : {}),
    ...(clientRoles.length > 0
      ? {
          clientMappings: Object.fromEntries(
            clientRoles.map(([client, mappings]) => [
              client,
              { id: realm.clientByName.get(client)?.id, client, mappings },
            ]),
          ),
        }
      : {}),
  }
}

/** Groups client roles by client. */
export function byClient<T>(
  realm: RealmStore,
  roles: readonly Readonly<Role>[],
  show: (role: Readonly<Role>) => T,
): Record<string, T[]> {
  // A client may be named `constructor`: hence no lookup in a plain object.
  const found = new Map<string, T[]>()
  for (const role of roles) {
    const client = role.clientId === undefined ? undefined : realm.clients.get(role.clientId)
    if (client !== undefined) found.set(client.clientId, [...(found.get(client.clientId) ?? []), show(role)])
  }
  return Object.fromEntries(found)
}
