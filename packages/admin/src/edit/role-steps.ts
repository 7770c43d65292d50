import type { Admin, RoleMappingPayload, RoleRepresentation } from '../client/index.ts'
import type { KnownRole, RoleNames } from '../lookup/index.ts'
import { giving, type Step, type Subject } from './steps.ts'

/** Whoever has roles. */
export type RoleHolder = Subject & { readonly kind: 'user' | 'group' }

/** The requests that give roles to a user or a group, or take them away, where it is not so yet. */
export async function roleSteps(
  admin: Admin,
  holder: RoleHolder,
  wanted: readonly KnownRole[],
  to: boolean,
): Promise<Step[]> {
  if (wanted.length === 0) return []
  const { client, realm } = admin
  const { id } = holder
  const resource = holder.kind === 'user' ? client.users : client.groups
  const held = id === '' ? new Set() : await heldBy(admin, holder.kind, id)
  const open = wanted.filter((role) => held.has(role.id) !== to)
  const owners = [...new Set(open.map(({ clientUuid }) => clientUuid))]
  return owners.map((clientUniqueId) => {
    const own = open.filter(({ clientUuid }) => clientUuid === clientUniqueId)
    const roles: RoleMappingPayload[] = own.map(({ id: roleId, name }) => ({ id: roleId, name }))
    const fields = own.map(({ title }) => `roles.${title}`)
    const run = async () => {
      if (clientUniqueId === undefined) {
        const mapping = { realm, id, roles }
        await (to ? resource.addRealmRoleMappings(mapping) : resource.delRealmRoleMappings(mapping))
        return
      }
      const mapping = { realm, id, clientUniqueId, roles }
      await (to ? resource.addClientRoleMappings(mapping) : resource.delClientRoleMappings(mapping))
    }
    return {
      changes: [giving(holder, fields, to)],
      run,
      ...(to ? { inverse: { revoke: namesOf(own) } } : {}),
    }
  })
}

/** The ids of the roles that it has itself. */
async function heldBy(
  { client, realm }: Admin,
  kind: RoleHolder['kind'],
  id: string,
): Promise<ReadonlySet<unknown>> {
  const resource = kind === 'user' ? client.users : client.groups
  const { realmMappings = [], clientMappings = {} } = await resource.listRoleMappings({ realm, id })
  const ofClients = Object.values(clientMappings) as { readonly mappings: readonly RoleRepresentation[] }[]
  return new Set([realmMappings, ...ofClients.map(({ mappings }) => mappings)].flat().map((role) => role.id))
}

/** The names of roles that belong to the realm, or to the same client. */
function namesOf(roles: readonly KnownRole[]): RoleNames {
  const names = roles.map(({ name }) => name)
  const client = roles[0]?.client
  return client === undefined ? { realm: names } : { client: { [client]: names } }
}
