import type { Admin, RoleMappingPayload, RoleRepresentation } from '../client/index.ts'
import type { KnownRole } from '../lookup/index.ts'
import type { Step } from './steps.ts'

/** The requests that give roles to a user or a group, or take them away, where it is not so yet. */
export async function roleSteps(
  { client, realm }: Admin,
  holder: 'users' | 'groups',
  id: string,
  wanted: readonly KnownRole[],
  to: boolean,
): Promise<Step[]> {
  if (wanted.length === 0) return []
  const resource = client[holder]
  const { realmMappings = [], clientMappings = {} } = await resource.listRoleMappings({ realm, id })
  const ofClients = Object.values(clientMappings) as { readonly mappings: readonly RoleRepresentation[] }[]
  const held = new Set(
    [realmMappings, ...ofClients.map(({ mappings }) => mappings)].flat().map((role) => role.id),
  )
  const open = wanted.filter((role) => held.has(role.id) !== to)
  const owners = [...new Set(open.map(({ clientUuid }) => clientUuid))]
  return owners.map((clientUniqueId) => {
    const group = open.filter(({ clientUuid }) => clientUuid === clientUniqueId)
    const roles: RoleMappingPayload[] = group.map(({ id: roleId, name }) => ({ id: roleId, name }))
    return {
      fields: group.map(({ title }) => `roles.${title}`),
      to,
      run: async () => {
        if (clientUniqueId === undefined) {
          const mapping = { realm, id, roles }
          await (to ? resource.addRealmRoleMappings(mapping) : resource.delRealmRoleMappings(mapping))
          return
        }
        const mapping = { realm, id, clientUniqueId, roles }
        await (to ? resource.addClientRoleMappings(mapping) : resource.delClientRoleMappings(mapping))
      },
    }
  })
}
