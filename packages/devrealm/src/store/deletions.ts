import type { RealmStore } from './realm-store.ts'

/** Deletes the role and every reference to it. */
export function deleteRole(realm: RealmStore, id: string): void {
  const without = (ids: readonly string[]): string[] => ids.filter((other) => other !== id)
  for (const user of realm.usersWithRole.all(id)) realm.users.put({ ...user, roles: without(user.roles) })
  for (const group of realm.groups.values()) {
    if (group.roles.includes(id)) realm.groups.put({ ...group, roles: without(group.roles) })
  }
  for (const role of realm.roles.values()) {
    if (role.composites.includes(id)) realm.roles.put({ ...role, composites: without(role.composites) })
  }
  for (const client of realm.clients.values()) {
    if (client.scopeMappings.includes(id)) {
      realm.clients.put({ ...client, scopeMappings: without(client.scopeMappings) })
    }
  }
  for (const scope of realm.clientScopes.values()) {
    if (scope.scopeMappings.includes(id)) {
      realm.clientScopes.put({ ...scope, scopeMappings: without(scope.scopeMappings) })
    }
  }
  realm.roles.delete(id)
}

/** Deletes the group with its subgroups and memberships. */
export function deleteGroup(realm: RealmStore, id: string): void {
  const gone = new Set([id])
  // Iterating a set includes entries that are added during the iteration.
  for (const each of gone) for (const child of realm.groupsIn.all(each)) gone.add(child.id)
  const without = (ids: readonly string[]): string[] => ids.filter((other) => !gone.has(other))
  for (const each of gone) {
    for (const user of realm.usersInGroup.all(each))
      realm.users.put({ ...user, groups: without(user.groups) })
  }
  if (realm.info.defaultGroups.some((each) => gone.has(each))) {
    realm.update({ ...realm.info, defaultGroups: without(realm.info.defaultGroups) })
  }
  for (const each of gone) realm.groups.delete(each)
}

/** Deletes the user with its sessions. */
export function deleteUser(realm: RealmStore, id: string): void {
  for (const session of realm.sessionsOfUser.all(id)) realm.sessions.delete(session.id)
  for (const session of realm.offlineSessionsOfUser.all(id)) realm.offlineSessions.delete(session.id)
  realm.users.delete(id)
}

/** Deletes the client with its roles, service account and client sessions. */
export function deleteClient(realm: RealmStore, id: string): void {
  for (const role of realm.rolesOfClient.all(id)) deleteRole(realm, role.id)
  const account = realm.serviceAccount(id)
  if (account !== undefined) deleteUser(realm, account.id)
  for (const sessions of [realm.sessions, realm.offlineSessions]) {
    for (const session of sessions.values()) {
      if (!Object.hasOwn(session.clients, id)) continue
      const { [id]: _gone, ...clients } = session.clients
      sessions.put({ ...session, clients })
    }
  }
  for (const user of realm.users.values()) {
    if (user.consents?.[id] === undefined) continue
    const { [id]: _consent, ...consents } = user.consents
    realm.users.put({ ...user, consents })
  }
  realm.clients.delete(id)
}

/** Deletes the client scope and its references in clients and realm defaults. */
export function deleteClientScope(realm: RealmStore, id: string): void {
  const name = realm.clientScopes.get(id)?.name
  const without = (names: readonly string[]): string[] => names.filter((other) => other !== name)
  for (const client of realm.clients.values()) {
    const { defaultClientScopes, optionalClientScopes } = client
    if (![...defaultClientScopes, ...optionalClientScopes].some((other) => other === name)) continue
    realm.clients.put({
      ...client,
      defaultClientScopes: without(defaultClientScopes),
      optionalClientScopes: without(optionalClientScopes),
    })
  }
  realm.update({
    ...realm.info,
    defaultDefaultClientScopes: without(realm.info.defaultDefaultClientScopes),
    defaultOptionalClientScopes: without(realm.info.defaultOptionalClientScopes),
  })
  realm.clientScopes.delete(id)
}
