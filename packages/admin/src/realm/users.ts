import type { Admin } from '../admin.ts'
import { createGroupFinder, type GroupFinder, pathOf } from '../group-paths.ts'
import { all } from '../pages.ts'
import type { GroupRepresentation, UserRepresentation } from '../representations.ts'
import { changedFields, fieldChanges, given, hidden, merged, missing, without } from './compare.ts'
import {
  clientRoles,
  clientUuid,
  findClientUuid,
  missingRoles,
  realmRoles,
  roleFields,
  rolesByName,
} from './lookup.ts'
import type { RealmDefinition, RoleNames, UserDefinition } from './model.ts'
import { create, found, type Step, update } from './step.ts'

export interface UserState {
  readonly representation: UserRepresentation
  readonly roles: RoleNames
  /** Paths. */
  readonly groups: readonly string[]
  readonly hasPassword: boolean
}

/** The users that a definition names and the realm has, by user name. */
export type UsersState = ReadonlyMap<string, UserState>

export async function readUsers(admin: Admin, { realm, users }: RealmDefinition): Promise<UsersState> {
  const state = new Map<string, UserState>()
  const finder = createGroupFinder(admin, realm)
  for (const definition of users ?? []) {
    const current = await findUser(admin, realm, definition.username)
    if (current !== undefined)
      state.set(definition.username, await readUser(admin, finder, realm, definition, current))
  }
  return state
}

export function diffUsers({ realm, users }: RealmDefinition, state: UsersState): Step[] {
  return (users ?? []).flatMap((definition) => {
    const { username, password } = definition
    const wanted = { enabled: true, ...without(definition, 'password', 'roles', 'groups') }
    const current = state.get(username)
    const absent = {
      roles: missingRoles(definition.roles, current?.roles),
      groups: missing(definition.groups, current?.groups),
    }
    if (current === undefined) {
      return [
        create(
          'user',
          username,
          async (admin) => {
            const credentials = password === undefined ? [] : [toCredential(password)]
            const { id } = await admin.client.users.create({ ...merged({}, wanted), credentials, realm })
            await addMemberships(admin, realm, id, absent)
          },
          { ...wanted, roles: definition.roles, groups: definition.groups },
        ),
      ]
    }
    const setPassword = password !== undefined && !current.hasPassword
    const changes = [
      ...fieldChanges(wanted, current.representation),
      ...(setPassword ? [hidden('password', false)] : []),
      ...given(roleFields('roles', absent.roles)),
      ...given(absent.groups.map((path) => `groups${path}`)),
    ]
    return update('user', username, changes, async (admin) => {
      const now = found(await findUser(admin, realm, username), `user ${username}`)
      const id = now.id ?? ''
      if (changedFields(wanted, now).length > 0)
        await admin.client.users.update({ realm, id }, merged(now, wanted))
      if (setPassword)
        await admin.client.users.resetPassword({ realm, id, credential: toCredential(password) })
      await addMemberships(admin, realm, id, absent)
    })
  })
}

async function findUser(
  { client }: Admin,
  realm: string,
  username: string,
): Promise<UserRepresentation | undefined> {
  const [match] = await client.users.find({ realm, username, exact: true })
  return match
}

async function readUser(
  admin: Admin,
  finder: GroupFinder,
  realm: string,
  definition: UserDefinition,
  representation: UserRepresentation,
): Promise<UserState> {
  const { users } = admin.client
  const id = representation.id ?? ''
  const [roles, groups, credentials] = await Promise.all([
    rolesByName(
      definition.roles,
      () => users.listRealmRoleMappings({ realm, id }),
      async (clientId) => {
        const clientUniqueId = await findClientUuid(admin, realm, clientId)
        return clientUniqueId === undefined
          ? []
          : await users.listClientRoleMappings({ realm, id, clientUniqueId })
      },
    ),
    (definition.groups ?? []).length === 0 ? [] : all((page) => users.listGroups({ realm, id, ...page })),
    definition.password === undefined ? [] : users.getCredentials({ realm, id }),
  ])
  return {
    representation,
    roles,
    groups: await heldOf(finder, definition.groups ?? [], groups),
    hasPassword: credentials.some(({ type }) => type === 'password'),
  }
}

/** Those of these paths whose groups are held: Keycloak writes the paths of two groups alike where a name has a slash. */
async function heldOf(
  finder: GroupFinder,
  paths: readonly string[],
  held: readonly GroupRepresentation[],
): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const isLike = held.filter((group) => group.path === path || pathOf(group) === path)
      if (isLike.length === 0) return []
      const group = (await finder.findExactly(path)) ?? (await finder.find(path))
      return isLike.some(({ id }) => id === group?.id) ? [path] : []
    }),
  )
  return found.flat()
}

/** By calls of their own: Keycloak ignores roles in the user that it creates. */
async function addMemberships(
  admin: Admin,
  realm: string,
  id: string,
  absent: { roles: RoleNames; groups: readonly string[] },
): Promise<void> {
  const { users } = admin.client
  const ofRealm = await realmRoles(admin, realm, absent.roles.realm ?? [])
  if (ofRealm.length > 0) await users.addRealmRoleMappings({ realm, id, roles: ofRealm })
  for (const [clientId, names] of Object.entries(absent.roles.client ?? {})) {
    const clientUniqueId = await clientUuid(admin, realm, clientId)
    const ofClient = await clientRoles(admin, realm, clientId, names)
    await users.addClientRoleMappings({ realm, id, clientUniqueId, roles: ofClient })
  }
  const finder = createGroupFinder(admin, realm)
  for (const path of absent.groups) {
    // One that the definition declares is there by now; of any other the plan has seen that no second one is meant.
    const group = (await finder.findExactly(path)) ?? (await finder.find(path))
    await users.addToGroup({ realm, id, groupId: found(group?.id, `group ${path}`) })
  }
}

function toCredential(password: string): { type: string; value: string; temporary: boolean } {
  return { type: 'password', value: password, temporary: false }
}
