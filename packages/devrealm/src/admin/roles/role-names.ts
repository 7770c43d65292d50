import type { RealmStore } from '../../store/index.ts'

/** Ids of the realm and client roles that a body names; unknown names are ignored. */
export function roleIdsOf(
  realm: RealmStore,
  realmRoles: readonly string[] = [],
  clientRoles: Readonly<Record<string, readonly string[]>> = {},
): string[] {
  const ofRealm = realmRoles.map((name) => realm.role(name))
  const ofClients = Object.entries(clientRoles).flatMap(([clientId, names]) => {
    const client = realm.clientByName.get(clientId)
    return names.map((name) => (client === undefined ? undefined : realm.role(name, client.id)))
  })
  return [...ofRealm, ...ofClients].filter((role) => role !== undefined).map((role) => role.id)
}
