import type { Client, User, UserSession } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { OidcError } from '../errors.ts'
import { rolesInScope } from '../roles.ts'
import type { GrantedScope } from '../scopes.ts'

/**
 * Offline access is for users and clients with the role `offline_access`.
 *
 * @throws {OidcError} not_allowed
 */
export function requireOfflineAccess(
  realm: RealmStore,
  user: Readonly<User>,
  client: Readonly<Client>,
  scope: GrantedScope,
): void {
  const roles = rolesInScope(realm, user, client, scope.clientScopes)
  if (!roles.some((role) => role.name === 'offline_access' && role.clientId === undefined)) {
    throw new OidcError(400, 'not_allowed', 'Offline tokens not allowed for the user or client')
  }
}

/**
 * Keeps the client session after the login ends (OpenID Connect Core section 11). A login for offline access leaves no other
 * session, as in Keycloak.
 */
export function goOffline(realm: RealmStore, client: Readonly<Client>, session: Readonly<UserSession>): void {
  const clientSession = session.clients[client.id]
  if (clientSession === undefined) return
  const before = realm.offlineSessions.get(session.id)
  realm.offlineSessions.put({ ...session, clients: { ...before?.clients, [client.id]: clientSession } })
  if (clientSession.isOfflineLogin) realm.sessions.delete(session.id)
}
