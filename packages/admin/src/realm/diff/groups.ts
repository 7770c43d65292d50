import type { Admin, GroupRepresentation } from '../../client/index.ts'
import { all, type Page } from '../../client/index.ts'
import { fieldChanges, merged, without } from '../../fields/index.ts'
import { missingRoles } from '../../lookup/index.ts'
import type { GroupDefinition, RealmDefinition } from '../definition/index.ts'
import { found } from './named.ts'
import { create, fieldsOf, type PlannedChange, update } from './planned-change.ts'
import { roleParts } from './role-parts.ts'

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
export function diffGroups({ realm, groups }: RealmDefinition, state: GroupsState): PlannedChange[] {
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
): PlannedChange[] {
  return declared.flatMap((group) => {
    const path = `${parentPath}/${group.name}`
    const wanted = without(group, 'roles', 'subGroups')
    const current = state.get(path)
    const have = {
      realm: current?.realmRoles ?? [],
      client: (current?.clientRoles ?? {}) as Record<string, string[]>,
    }
    const absent = missingRoles(group.roles, have)
    const at = async (admin: Admin) => ({ realm, id: await groupId(admin, realm, path) })
    const roles = roleParts(realm, absent, current === undefined, {
      realm: async (admin, given) =>
        await admin.client.groups.addRealmRoleMappings({ ...(await at(admin)), roles: given }),
      client: async (admin, clientUniqueId, given) =>
        await admin.client.groups.addClientRoleMappings({
          ...(await at(admin)),
          clientUniqueId,
          roles: given,
        }),
    })
    const creation = {
      changes: fieldsOf(wanted),
      run: (admin: Admin) => createGroup(admin, realm, parentPath, wanted),
    }
    const own =
      current === undefined
        ? [create('group', path, [creation, ...roles])]
        : update('group', path, [
            {
              changes: fieldChanges(wanted, current),
              run: (admin) => updateGroup(admin, realm, path, wanted),
            },
            ...roles,
          ])
    return [...own, ...diffLevel(realm, path, group.subGroups ?? [], state)]
  })
}

async function createGroup(admin: Admin, realm: string, parentPath: string, wanted: object): Promise<void> {
  const { groups } = admin.client
  const representation: GroupRepresentation = merged({}, wanted)
  if (parentPath === '') await groups.create({ ...representation, realm })
  else {
    await groups.createChildGroup({ realm, id: await groupId(admin, realm, parentPath) }, representation)
  }
}

async function updateGroup(admin: Admin, realm: string, path: string, wanted: object): Promise<void> {
  const { groups } = admin.client
  const id = await groupId(admin, realm, path)
  const now = found(await groups.findOne({ realm, id }), `group ${path}`)
  await groups.update({ realm, id }, merged(without(now, 'subGroups', 'realmRoles', 'clientRoles'), wanted))
}

async function groupId({ client }: Admin, realm: string, path: string): Promise<string> {
  // The path is a part of the URL, slashes and all: each of its names is encoded on its own.
  const group = await client.realms.getGroupByPath({ realm, path: path.slice(1) })
  return found(group.id, `group ${path}`)
}
