import type {
  Admin,
  ClientRepresentation,
  GroupRepresentation,
  RealmRepresentation,
  RoleRepresentation,
  UserRepresentation,
} from '../client/index.ts'
import { type RoleName, roleTitle } from '../lookup/index.ts'
import { type Difference, type Edit, wholeFields } from './edit.ts'
import { withCredentials, withLists, withTexts } from './edit-forms.ts'
import { fixedOfClient, fixedOfGroup, fixedOfRealm, fixedOfRole, fixedOfUser } from './fixed-fields.ts'
import type { Kind } from './merge-write.ts'
import { keptInPut } from './realm-put.ts'

// Of what a dry run has not created there is no id, and nothing to read: it is as it would be created.

export function userKind({ client, realm }: Admin, user: UserRepresentation): Kind<UserRepresentation> {
  const { users } = client
  const { id = '' } = user
  return {
    kind: 'user',
    id,
    name: ({ username = id }) => username,
    read: async () => (id === '' ? inLowerCase(user) : ((await users.findOne({ realm, id })) ?? undefined)),
    fixed: fixedOfUser,
    wanted: (edit) => inLowerCase(withLists(withCredentials(edit))),
    // With attributes and without them, a PUT erases the names and the address.
    body: (current, changes) => {
      const { email, firstName, lastName } = current
      const names = changes.some(({ field }) => field === 'attributes') ? { email, firstName, lastName } : {}
      return { ...names, ...wholeFields(current, changes) }
    },
    write: (body) => users.update({ realm, id }, body),
    lostBecause:
      'Check the realm: its user profile must declare the attribute or allow unmanaged attributes, and a required action must exist. If e-mail addresses are user names, change the e-mail address.',
  }
}

/** The name of the change is the path that the group is found by. */
export function groupKind(
  { client, realm }: Admin,
  group: GroupRepresentation & { readonly path: string },
): Kind<GroupRepresentation> {
  const { groups } = client
  const { id = '', path } = group
  return {
    kind: 'group',
    id,
    name: () => path,
    read: async () => (id === '' ? group : ((await groups.findOne({ realm, id })) ?? undefined)),
    fixed: fixedOfGroup,
    wanted: withLists,
    body: described,
    write: (body) => groups.update({ realm, id }, body),
    lostBecause: 'Check the value: Keycloak accepted the request, but did not save it.',
  }
}

export function roleKind(
  { client, realm }: Admin,
  role: RoleName,
  current: RoleRepresentation,
): Kind<RoleRepresentation> {
  const { roles } = client
  const { id = '' } = current
  return {
    kind: role.client === undefined ? 'realm role' : 'client role',
    id,
    name: ({ name = role.name }) => roleTitle({ ...role, name }),
    read: async () => (id === '' ? current : ((await roles.findOneById({ realm, id })) ?? undefined)),
    fixed: fixedOfRole,
    wanted: withLists,
    body: described,
    write: (body) => roles.updateById({ realm, id }, body),
    lostBecause: 'Check the value: Keycloak accepted the request, but did not save it.',
  }
}

export function clientKind(
  { client: { clients }, realm }: Admin,
  { id = '', clientId: found = '' }: ClientRepresentation,
): Kind<ClientRepresentation> {
  return {
    kind: 'client',
    id,
    name: ({ clientId = found }) => clientId,
    read: async () => (await clients.findOne({ realm, id })) ?? undefined,
    fixed: fixedOfClient,
    wanted: withTexts,
    // Only the keys that differ: Keycloak leaves the others alone, and removes an attribute that is null, a flow that is ''.
    body: (current, changes) => ({
      ...wholeFields(current, changes),
      ...keysOf('attributes', changes, null),
      ...keysOf('authenticationFlowBindingOverrides', changes, ''),
    }),
    write: (body) => clients.update({ realm, id }, body),
    lostBecause:
      'Check the other fields: this one may depend on them (a public client has no secret). An update can only add to registeredNodes.',
  }
}

export function realmKind({ client: { realms }, realm }: Admin): Kind<RealmRepresentation> {
  return {
    kind: 'realm',
    id: realm,
    name: () => realm,
    read: async (written = []) => {
      const renamed = written.find(({ field }) => field === 'realm')?.after
      return (await realms.findOne({ realm: typeof renamed === 'string' ? renamed : realm })) ?? undefined
    },
    fixed: fixedOfRealm,
    wanted: withTexts,
    body: (current, changes) => ({
      ...keptInPut(
        current,
        changes.map(({ field }) => field),
      ),
      ...wholeFields(current, changes),
      ...keysOf('browserSecurityHeaders', changes, ''),
    }),
    write: (body) => realms.update({ realm }, body),
    lostBecause:
      'Check the other settings of the realm and the enabled features of the server: this field may depend on them.',
  }
}

/** Keycloak keeps user names and addresses in lower case only. */
function inLowerCase<T extends Pick<Edit<UserRepresentation>, 'username' | 'email'>>(user: T): T {
  const { username, email } = user
  return { ...user, username: username?.toLowerCase(), email: email?.toLowerCase() ?? email }
}

/** A PUT of a group or a role erases the description that it does not have, and leaves attributes alone. */
function described(
  current: GroupRepresentation | RoleRepresentation,
  changes: readonly Difference[],
): object {
  const { name, description } = current
  return { name, description, ...wholeFields(current, changes) }
}

/** The keys of a map that differ, and nothing else: of a map that Keycloak merges. */
function keysOf(map: string, changes: readonly Difference[], removed: null | ''): object {
  const keys = changes.flatMap(({ field, key, after }) =>
    field === map && key !== undefined ? [[key, after ?? removed] as const] : [],
  )
  return keys.length === 0 ? {} : { [map]: Object.fromEntries(keys) }
}
