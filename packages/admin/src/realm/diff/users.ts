import type { Admin, GroupRepresentation, UserRepresentation } from '../../client/index.ts'
import { all } from '../../client/index.ts'
import { fieldChanges, given, hidden, merged, missing, without } from '../../fields/index.ts'
import type { RoleNames } from '../../lookup/index.ts'
import {
  createGroupFinder,
  findClientUuid,
  findUserByName,
  type GroupFinder,
  missingRoles,
  pathOf,
} from '../../lookup/index.ts'
import type { RealmDefinition, UserDefinition } from '../definition/index.ts'
import { found, rolesByName } from './named.ts'
import { create, fieldsOf, type Part, type PlannedChange, update } from './planned-change.ts'
import { roleParts } from './role-parts.ts'

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
    const current = await findUserByName({ client: admin.client, realm }, definition.username)
    if (current !== undefined)
      state.set(definition.username, await readUser(admin, finder, realm, definition, current))
  }
  return state
}

export function diffUsers({ realm, users }: RealmDefinition, state: UsersState): PlannedChange[] {
  return (users ?? []).flatMap((definition) => {
    const { username, password } = definition
    const wanted = { enabled: true, ...without(definition, 'password', 'roles', 'groups') }
    const current = state.get(username)
    const absent = {
      roles: missingRoles(definition.roles, current?.roles),
      groups: missing(definition.groups, current?.groups),
    }
    const isNew = current === undefined
    const memberships = membershipParts(realm, username, absent, isNew)
    const credentials = password === undefined ? [] : [toCredential(password)]
    if (isNew) {
      const run = ({ client }: Admin) => client.users.create({ ...merged({}, wanted), credentials, realm })
      return [create('user', username, [{ changes: fieldsOf(wanted), run }, ...memberships])]
    }
    return update('user', username, [
      {
        changes: fieldChanges(wanted, current.representation),
        run: async (admin) => {
          const now = await existingUser(admin, realm, username)
          await admin.client.users.update({ realm, id: now.id ?? '' }, merged(now, wanted))
        },
      },
      ...(current.hasPassword ? [] : credentials).map(
        (credential): Part => ({
          changes: [hidden('password', false)],
          run: async (admin) => {
            const { id = '' } = await existingUser(admin, realm, username)
            await admin.client.users.resetPassword({ realm, id, credential })
          },
        }),
      ),
      ...memberships,
    ])
  })
}

async function existingUser({ client }: Admin, realm: string, username: string): Promise<UserRepresentation> {
  return found(await findUserByName({ client, realm }, username), `user ${username}`)
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
        const clientUniqueId = await findClientUuid({ client: admin.client, realm }, clientId)
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
function membershipParts(
  realm: string,
  username: string,
  absent: { roles: RoleNames; groups: readonly string[] },
  isNew: boolean,
): readonly Part[] {
  const at = async (admin: Admin) => ({ realm, id: (await existingUser(admin, realm, username)).id ?? '' })
  const roles = roleParts(realm, absent.roles, isNew, {
    realm: async (admin, given) =>
      await admin.client.users.addRealmRoleMappings({ ...(await at(admin)), roles: given }),
    client: async (admin, clientUniqueId, given) =>
      await admin.client.users.addClientRoleMappings({ ...(await at(admin)), clientUniqueId, roles: given }),
  })
  const groups = absent.groups.map(
    (path, index): Part => ({
      // Of what is created the trail has lists: each part has the list as it is by then.
      changes: isNew
        ? [{ path: ['groups'], before: undefined, after: absent.groups.slice(0, index + 1) }]
        : given([`groups${path}`]),
      run: async (admin) => {
        const finder = createGroupFinder(admin, realm)
        // One that the definition declares is there by now; of any other the plan has seen that no second one is meant.
        const group = (await finder.findExactly(path)) ?? (await finder.find(path))
        const groupId = found(group?.id, `group ${path}`)
        await admin.client.users.addToGroup({ ...(await at(admin)), groupId })
      },
    }),
  )
  return [...roles, ...groups]
}

function toCredential(password: string): { type: string; value: string; temporary: boolean } {
  return { type: 'password', value: password, temporary: false }
}
