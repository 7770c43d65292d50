import type { Client, ClientScope, Role, User } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'

interface Expansions {
  /** The version of the realm's roles that these are of. */
  readonly version: number
  readonly sets: Map<string, ReadonlySet<string>>
}

/** Each request of the Admin API asks for its caller's roles; in master, these are 20 for each realm. */
const expansions = new WeakMap<RealmStore, Expansions>()
const mostExpansions = 100

/** Adds all composites of the roles, at any depth. */
export function expandRoles(realm: RealmStore, ids: Iterable<string>): ReadonlySet<string> {
  const { version } = realm.roles
  let kept = expansions.get(realm)
  if (kept?.version !== version || kept.sets.size >= mostExpansions) {
    kept = { version, sets: new Map() }
    expansions.set(realm, kept)
  }
  const list = [...ids]
  const key = JSON.stringify(list)
  const found = kept.sets.get(key)
  if (found !== undefined) return found
  const all = withComposites(realm, list)
  kept.sets.set(key, all)
  return all
}

function withComposites(realm: RealmStore, ids: readonly string[]): Set<string> {
  const all = new Set<string>()
  const waiting = [...ids]
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const role = realm.roles.get(id)
    if (role === undefined || all.has(id)) continue
    all.add(id)
    waiting.push(...role.composites)
  }
  return all
}

/** Ids of all roles of the user: direct ones, those of groups and their parents, and all composites. */
function effectiveRoles(realm: RealmStore, user: Readonly<User>): ReadonlySet<string> {
  const ids = [...user.roles]
  for (const groupId of user.groups) {
    for (const group of realm.groupLine(realm.groups.get(groupId))) ids.push(...group.roles)
  }
  return expandRoles(realm, ids)
}

/** Whether the user has the role, named as in flow configurations: a realm role, or `client.role`. */
export function hasRole(realm: RealmStore, user: Readonly<User>, name: string): boolean {
  return [...effectiveRoles(realm, user)].some((id) => {
    const role = realm.roles.get(id)
    if (role === undefined) return false
    const client = role.clientId === undefined ? undefined : realm.clients.get(role.clientId)
    return name === (client === undefined ? role.name : `${client.clientId}.${role.name}`)
  })
}

/** The user's roles that a token for the client may have with the given client scopes. */
export function rolesInScope(
  realm: RealmStore,
  user: Readonly<User>,
  client: Readonly<Client>,
  scopes: readonly Readonly<ClientScope>[],
): Readonly<Role>[] {
  const ids = roleIdsInScope(realm, user, client, scopes)
  return [...ids].map((id) => realm.roles.get(id) as Readonly<Role>)
}

/** The ids of {@link rolesInScope}. */
export function roleIdsInScope(
  realm: RealmStore,
  user: Readonly<User>,
  client: Readonly<Client>,
  scopes: readonly Readonly<ClientScope>[],
): ReadonlySet<string> {
  const roles = effectiveRoles(realm, user)
  if (client.fullScopeAllowed) return roles
  const own = realm.rolesOfClient.all(client.id).map((role) => role.id)
  const mapped = [...client.scopeMappings, ...scopes.flatMap((scope) => scope.scopeMappings)]
  const allowed = expandRoles(realm, [...own, ...mapped])
  return new Set([...roles].filter((id) => allowed.has(id)))
}
