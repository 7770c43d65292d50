import type { Admin, GroupRepresentation } from '../../client/index.ts'
import { all, type Page } from '../../client/index.ts'
import { usersWithMemberships } from '../../listing/index.ts'
import type { GroupDefinition, UserDefinition } from '../definition/index.ts'
import { group as groupCheck, user as userCheck, userFields } from '../definition/index.ts'
import { type Notes, present, sortedBy } from './notes.ts'
import { roleNames } from './objects.ts'

export async function readGroups(admin: Admin, realm: string, notes: Notes): Promise<GroupDefinition[]> {
  return await readLevel(admin, realm, '', notes, (page) =>
    admin.client.groups.find({ realm, briefRepresentation: false, ...page }),
  )
}

async function readLevel(
  admin: Admin,
  realm: string,
  parentPath: string,
  notes: Notes,
  list: (page: Page) => Promise<GroupRepresentation[]>,
): Promise<GroupDefinition[]> {
  const groups: GroupDefinition[] = []
  for (const live of sortedBy(await all(list), ({ name }) => name)) {
    const { id: parentId = '', name = '', attributes, realmRoles, clientRoles, subGroupCount } = live
    const path = `${parentPath}/${name}`
    const title = `group ${path}`
    if (!notes.accepts(title, groupCheck, { name }, 'group')) continue
    const subGroups =
      subGroupCount === 0
        ? []
        : await readLevel(admin, realm, path, notes, (page) =>
            admin.client.groups.listSubGroups({ realm, parentId, briefRepresentation: false, ...page }),
          )
    groups.push(
      present({
        name,
        attributes: notes.map(title, 'attributes', (attributes ?? {}) as Record<string, string[]>),
        roles: roleNames(realmRoles, clientRoles as Record<string, string[]> | undefined),
        ...(subGroups.length === 0 ? {} : { subGroups }),
      }),
    )
  }
  return groups
}

/** Users without their passwords; service accounts come with their clients. */
export async function readUsers(admin: Admin, realm: string, notes: Notes): Promise<UserDefinition[]> {
  const definitions: UserDefinition[] = []
  const { username: _username, password: _password, roles: _roles, groups: _groups, ...fields } = userFields
  for await (const live of usersWithMemberships({ ...admin, realm })) {
    const { username = '', realmRoles, clientRoles, groups = [] } = live
    const title = `user ${username}`
    if (!notes.accepts(title, userCheck, { username, groups }, 'user')) continue
    const known = notes.fieldsOf<UserDefinition>(title, fields, live)
    definitions.push(
      present({
        username,
        ...known,
        roles: roleNames(realmRoles, clientRoles as Record<string, string[]> | undefined),
        ...(groups.length === 0 ? {} : { groups: groups.toSorted() }),
      }),
    )
  }
  return sortedBy(definitions, ({ username }) => username)
}
