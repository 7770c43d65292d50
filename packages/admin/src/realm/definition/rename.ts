import type { RoleNames } from '../../lookup/index.ts'
import { defaultRoleOf } from './built-in.ts'
import type { ClientDefinition, GroupDefinition, RealmDefinition, RoleDefinition } from './model.ts'

/**
 * The same definition for a realm of another name: what has the name in it changes too, that is, the default role and the
 * URLs below `/realms/NAME/` and `/admin/NAME/` of Keycloak's own clients.
 *
 * @example
 * ```ts
 * import { definitionFor, type RealmDefinition } from '@cloakwright/admin/realm'
 *
 * export const production = (staging: RealmDefinition): RealmDefinition => definitionFor('shop', staging)
 * ```
 */
export function definitionFor(realm: string, definition: RealmDefinition): RealmDefinition {
  if (realm === definition.realm) return definition
  const { roles, clients, groups, users } = definition
  const names = renameRoles(defaultRoleOf(definition.realm), defaultRoleOf(realm))
  const role = (each: RoleDefinition): RoleDefinition => ({
    ...each,
    name: names.one(each.name),
    ...(each.composites && { composites: names.all(each.composites) }),
  })
  const group = (each: GroupDefinition): GroupDefinition => ({
    ...each,
    ...(each.roles && { roles: names.all(each.roles) }),
    ...(each.subGroups && { subGroups: each.subGroups.map(group) }),
  })
  return {
    ...definition,
    realm,
    ...(roles && {
      roles: {
        ...roles,
        ...(roles.realm && { realm: roles.realm.map(role) }),
        ...(roles.client && { client: mapValues(roles.client, (list) => list.map(role)) }),
      },
    }),
    ...(clients && { clients: clients.map((each) => withUrls(each, definition.realm, realm)) }),
    ...(groups && { groups: groups.map(group) }),
    ...(users && {
      users: users.map((each) => ({ ...each, ...(each.roles && { roles: names.all(each.roles) }) })),
    }),
  }
}

function renameRoles(from: string, to: string) {
  const one = (name: string): string => (name === from ? to : name)
  const all = (roles: RoleNames): RoleNames => ({
    ...roles,
    ...(roles.realm && { realm: roles.realm.map(one) }),
  })
  return { one, all }
}

function withUrls(client: ClientDefinition, from: string, to: string): ClientDefinition {
  const url = (value: string): string =>
    value.replace(/^\/(realms|admin)\/([^/]+)(?=\/|$)/, (whole, part: string, name: string) =>
      name === from ? `/${part}/${to}` : whole,
    )
  const { baseUrl, adminUrl, rootUrl, redirectUris } = client
  return {
    ...client,
    ...(baseUrl !== undefined && { baseUrl: url(baseUrl) }),
    ...(adminUrl !== undefined && { adminUrl: url(adminUrl) }),
    ...(rootUrl !== undefined && { rootUrl: url(rootUrl) }),
    ...(redirectUris && { redirectUris: redirectUris.map(url) }),
  }
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}
