import type { Admin, RoleRepresentation } from '../../client/index.ts'
import { all } from '../../client/index.ts'
import { fieldChanges, given, merged, without } from '../../fields/index.ts'
import type { RoleNames } from '../../lookup/index.ts'
import { findClientUuid, findRoleOf, missingRoles, roleFields } from '../../lookup/index.ts'
import type { RealmDefinition, RoleDefinition } from '../definition/index.ts'
import { clientRoles, clientUuid, found, realmRoles, rolesByName } from './named.ts'
import { create, fieldsOf, type PlannedChange, update } from './planned-change.ts'

export interface RoleState {
  readonly representation: RoleRepresentation
  readonly composites: RoleNames
}

/** The roles that a definition names and the realm has. */
export interface RolesState {
  readonly realm: ReadonlyMap<string, RoleState>
  readonly client: ReadonlyMap<string, ReadonlyMap<string, RoleState>>
}

export async function readRoles(admin: Admin, { realm, roles }: RealmDefinition): Promise<RolesState> {
  const { client } = admin
  const realmState = await readDeclared(admin, realm, roles?.realm ?? [], (page) =>
    client.roles.find({ realm, briefRepresentation: false, ...page }),
  )
  const clientState = new Map<string, ReadonlyMap<string, RoleState>>()
  for (const [clientId, declared] of Object.entries(roles?.client ?? {})) {
    const id = await findClientUuid({ client, realm }, clientId)
    if (id === undefined) continue
    const list = (page: object): Promise<RoleRepresentation[]> =>
      client.clients.listRoles({ realm, id, briefRepresentation: false, ...page } as {
        realm: string
        id: string
      })
    clientState.set(clientId, await readDeclared(admin, realm, declared, list))
  }
  return { realm: realmState, client: clientState }
}

/** Client roles come after the clients, and composites after all roles: see {@link diffComposites}. */
export function diffRealmRoles(
  { realm, roles }: RealmDefinition,
  { realm: state }: RolesState,
): PlannedChange[] {
  return (roles?.realm ?? []).flatMap((role) => {
    const { name } = role
    const wanted = without(role, 'composites')
    const current = state.get(name)
    if (current === undefined) {
      const run = ({ client }: Admin) => client.roles.create({ ...plain(wanted), realm })
      return [create('realm role', name, [{ changes: fieldsOf(wanted), run }])]
    }
    const run = async ({ client }: Admin): Promise<void> => {
      const now = found(await findRoleOf({ client, realm }, undefined, name), `realm role ${name}`)
      await client.roles.updateByName({ realm, name }, merged(now, wanted))
    }
    return update('realm role', name, [{ changes: fieldChanges(wanted, current.representation), run }])
  })
}

export function diffClientRoles(
  { realm, roles }: RealmDefinition,
  { client: state }: RolesState,
): PlannedChange[] {
  return Object.entries(roles?.client ?? {}).flatMap(([clientId, declared]) =>
    declared.flatMap((role) => {
      const title = `${clientId}/${role.name}`
      const wanted = without(role, 'composites')
      const current = state.get(clientId)?.get(role.name)
      if (current === undefined) {
        const run = async (admin: Admin): Promise<void> => {
          const id = await clientUuid(admin, realm, clientId)
          await admin.client.clients.createRole({ ...plain(wanted), realm, id })
        }
        return [create('client role', title, [{ changes: fieldsOf(wanted), run }])]
      }
      const run = async (admin: Admin): Promise<void> => {
        const id = await clientUuid(admin, realm, clientId)
        const { client } = admin
        const now = found(
          await findRoleOf({ client, realm }, id, role.name),
          `role ${role.name} of client ${clientId}`,
        )
        await client.clients.updateRole({ realm, id, roleName: role.name }, merged(now, wanted))
      }
      return update('client role', title, [{ changes: fieldChanges(wanted, current.representation), run }])
    }),
  )
}

export function diffComposites({ realm, roles }: RealmDefinition, state: RolesState): PlannedChange[] {
  const ofRealm = (roles?.realm ?? []).flatMap(({ name, composites }) => {
    const absent = missingRoles(composites, state.realm.get(name)?.composites)
    const run = async (admin: Admin): Promise<void> => {
      const [role] = await realmRoles(admin, realm, [name])
      await addComposites(admin, realm, role?.id ?? '', absent)
    }
    return update('realm role', name, [{ changes: given(roleFields('composites', absent)), run }])
  })
  const ofClients = Object.entries(roles?.client ?? {}).flatMap(([clientId, declared]) =>
    declared.flatMap(({ name, composites }) => {
      const absent = missingRoles(composites, state.client.get(clientId)?.get(name)?.composites)
      const run = async (admin: Admin): Promise<void> => {
        const [role] = await clientRoles(admin, realm, clientId, [name])
        await addComposites(admin, realm, role?.id ?? '', absent)
      }
      const changes = given(roleFields('composites', absent))
      return update('client role', `${clientId}/${name}`, [{ changes, run }])
    }),
  )
  return [...ofRealm, ...ofClients]
}

async function readDeclared(
  admin: Admin,
  realm: string,
  declared: readonly RoleDefinition[],
  list: (page: { first: number; max: number }) => Promise<RoleRepresentation[]>,
): Promise<Map<string, RoleState>> {
  const state = new Map<string, RoleState>()
  if (declared.length === 0) return state
  const byName = new Map((await all(list)).map((role) => [role.name, role]))
  for (const { name, composites } of declared) {
    const representation = byName.get(name)
    if (representation === undefined) continue
    state.set(name, {
      representation,
      composites: await readComposites(admin, realm, representation.id ?? '', composites),
    })
  }
  return state
}

async function readComposites(
  admin: Admin,
  realm: string,
  id: string,
  wanted: RoleNames | undefined,
): Promise<RoleNames> {
  const { client } = admin
  return await rolesByName(
    wanted,
    () => client.roles.getCompositeRolesForRealm({ realm, id }),
    async (name) => {
      const clientId = await findClientUuid({ client, realm }, name)
      return clientId === undefined
        ? []
        : await client.roles.getCompositeRolesForClient({ realm, id, clientId })
    },
  )
}

async function addComposites(admin: Admin, realm: string, roleId: string, absent: RoleNames): Promise<void> {
  const members = await realmRoles(admin, realm, absent.realm ?? [])
  for (const [clientId, names] of Object.entries(absent.client ?? {})) {
    members.push(...(await clientRoles(admin, realm, clientId, names)))
  }
  await admin.client.roles.createComposite({ realm, roleId }, members)
}

/** The official client's types want mutable lists. */
function plain(role: Omit<RoleDefinition, 'composites'>): RoleRepresentation {
  return merged({}, role)
}
