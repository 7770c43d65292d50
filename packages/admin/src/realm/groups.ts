import type { Admin } from '../admin.ts'
import { all, type Page } from '../pages.ts'
import type { GroupRepresentation } from '../representations.ts'
import { changedFields, fieldChanges, given, merged, without } from './compare.ts'
import { clientRoles, clientUuid, missingRoles, realmRoles, roleFields } from './lookup.ts'
import type { GroupDefinition, RealmDefinition, RoleNames } from './model.ts'
import { create, found, type Step, update } from './step.ts'

/** The groups that a definition names and the realm has, by path. */
export type GroupsState = ReadonlyMap<string, GroupRepresentation>

export async function readGroups(admin: Admin, { realm, groups }: RealmDefinition): Promise<GroupsState> {
  const state = new Map<string, GroupRepresentation>()
  const { client } = admin
  await readLevel(admin, realm, '', groups ?? [], state, (page) =>
    client.groups.find({ realm, briefRepresentation: false, ...page }),
  )
  return state
}

/** Parents before their children; roles after the group is there. */
export function diffGroups({ realm, groups }: RealmDefinition, state: GroupsState): Step[] {
  return diffLevel(realm, '', groups ?? [], state)
}

/** Requests in proportion to declared parents and pages, not to groups. */
async function readLevel(
  admin: Admin,
  realm: string,
  parentPath: string,
  declared: readonly GroupDefinition[],
  state: Map<string, GroupRepresentation>,
  list: (page: Page) => Promise<GroupRepresentation[]>,
): Promise<void> {
  if (declared.length === 0) return
  const byName = new Map((await all(list)).map((group) => [group.name, group]))
  for (const { name, subGroups } of declared) {
    const current = byName.get(name)
    if (current === undefined) continue
    const path = `${parentPath}/${name}`
    state.set(path, current)
    const parentId = current.id ?? ''
    await readLevel(admin, realm, path, subGroups ?? [], state, (page) =>
      admin.client.groups.listSubGroups({ realm, parentId, briefRepresentation: false, ...page }),
    )
  }
}

function diffLevel(
  realm: string,
  parentPath: string,
  declared: readonly GroupDefinition[],
  state: GroupsState,
): Step[] {
  return declared.flatMap((group) => {
    const path = `${parentPath}/${group.name}`
    const wanted = without(group, 'roles', 'subGroups')
    const current = state.get(path)
    const have = {
      realm: current?.realmRoles ?? [],
      client: (current?.clientRoles ?? {}) as Record<string, string[]>,
    }
    const absent = missingRoles(group.roles, have)
    const own =
      current === undefined
        ? [
            create('group', path, (admin) => createGroup(admin, realm, parentPath, wanted, absent), {
              ...wanted,
              roles: group.roles,
            }),
          ]
        : update(
            'group',
            path,
            [...fieldChanges(wanted, current), ...given(roleFields('roles', absent))],
            (admin) => updateGroup(admin, realm, path, wanted, absent),
          )
    return [...own, ...diffLevel(realm, path, group.subGroups ?? [], state)]
  })
}

async function createGroup(
  admin: Admin,
  realm: string,
  parentPath: string,
  wanted: object,
  roles: RoleNames,
): Promise<void> {
  const { groups } = admin.client
  const representation: GroupRepresentation = merged({}, wanted)
  const { id } =
    parentPath === ''
      ? await groups.create({ ...representation, realm })
      : await groups.createChildGroup({ realm, id: await groupId(admin, realm, parentPath) }, representation)
  await addRoles(admin, realm, id, roles)
}

async function updateGroup(
  admin: Admin,
  realm: string,
  path: string,
  wanted: object,
  roles: RoleNames,
): Promise<void> {
  const { groups } = admin.client
  const id = await groupId(admin, realm, path)
  const now = found(await groups.findOne({ realm, id }), `group ${path}`)
  if (changedFields(wanted, now).length > 0) {
    await groups.update({ realm, id }, merged(without(now, 'subGroups', 'realmRoles', 'clientRoles'), wanted))
  }
  await addRoles(admin, realm, id, roles)
}

async function groupId({ client }: Admin, realm: string, path: string): Promise<string> {
  // The path is a part of the URL, slashes and all: each of its names is encoded on its own.
  const group = await client.realms.getGroupByPath({ realm, path: path.slice(1) })
  return found(group.id, `group ${path}`)
}

async function addRoles(admin: Admin, realm: string, id: string, roles: RoleNames): Promise<void> {
  const { groups } = admin.client
  const ofRealm = await realmRoles(admin, realm, roles.realm ?? [])
  if (ofRealm.length > 0) await groups.addRealmRoleMappings({ realm, id, roles: ofRealm })
  for (const [clientId, names] of Object.entries(roles.client ?? {})) {
    const clientUniqueId = await clientUuid(admin, realm, clientId)
    const ofClient = await clientRoles(admin, realm, clientId, names)
    await groups.addClientRoleMappings({ realm, id, clientUniqueId, roles: ofClient })
  }
}
