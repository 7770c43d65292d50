import type { UserSession } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'

/** UserSessionRepresentation, with times in milliseconds. */
export function sessionOf(realm: RealmStore, session: Readonly<UserSession>): Record<string, unknown> {
  const clients = Object.keys(session.clients).map((id) => [id, realm.clients.get(id)?.clientId])
  return {
    id: session.id,
    username: realm.users.get(session.userId)?.username,
    userId: session.userId,
    ipAddress: session.ipAddress,
    start: session.start * 1000,
    lastAccess: session.lastAccess * 1000,
    rememberMe: session.rememberMe,
    clients: Object.fromEntries(clients) as Record<string, string>,
    transientUser: false,
  }
}
