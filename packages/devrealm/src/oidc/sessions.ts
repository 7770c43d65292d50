import { randomBytes, randomUUID } from 'node:crypto'
import type { Client, ClientSession, Realm, User, UserSession } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'

/** A new unguessable identifier, as long as Keycloak's session ids. */
function newSessionId(): string {
  return randomBytes(18).toString('base64url')
}

/** A user session that is not stored yet. Times are seconds since the epoch. */
export function newSession(
  user: Readonly<User>,
  ipAddress: string,
  now: number,
  notes: Record<string, string> = {},
): UserSession {
  return {
    id: newSessionId(),
    userId: user.id,
    ipAddress,
    start: now,
    lastAccess: now,
    rememberMe: false,
    notes,
    clients: {},
  }
}

/** Adds or renews the client session, and stores the session. */
export function joinSession(
  realm: RealmStore,
  session: Readonly<UserSession>,
  client: Readonly<Client>,
  part: { scope: string; issuer: string; now: number; notes?: Record<string, string> },
): { session: Readonly<UserSession>; clientSession: ClientSession } {
  const before = session.clients[client.id]
  const isFirst = Object.keys(session.clients).length === 0
  const beginsOffline = isFirst && part.scope.split(' ').includes('offline_access')
  const clientSession: ClientSession = {
    id: before?.id ?? randomUUID(),
    clientId: client.id,
    start: before?.start ?? part.now,
    refreshed: part.now,
    scope: part.scope,
    issuer: part.issuer,
    notes: part.notes ?? {},
    ...(beginsOffline ? { isOfflineLogin: true } : {}),
    ...(before?.refreshTokens === undefined ? {} : { refreshTokens: before.refreshTokens }),
  }
  const joined = realm.sessions.put({
    ...session,
    lastAccess: part.now,
    clients: { ...session.clients, [client.id]: clientSession },
  })
  return { session: joined, clientSession }
}

/** The maximum lifespan and the idle timeout of the session, in seconds since the epoch. */
export function sessionEnds(
  info: Readonly<Realm>,
  session: Readonly<UserSession>,
  offline: boolean,
): { max: number; idle: number } {
  if (offline) {
    return {
      max: info.offlineSessionMaxLifespanEnabled
        ? session.start + info.offlineSessionMaxLifespan
        : Number.POSITIVE_INFINITY,
      idle: session.lastAccess + info.offlineSessionIdleTimeout,
    }
  }
  const remembered = (value: number, otherwise: number): number =>
    session.rememberMe && value > 0 ? value : otherwise
  return {
    max: session.start + remembered(info.ssoSessionMaxLifespanRememberMe, info.ssoSessionMaxLifespan),
    idle: session.lastAccess + remembered(info.ssoSessionIdleTimeoutRememberMe, info.ssoSessionIdleTimeout),
  }
}

/** The session if it is active. An expired one is removed. */
export function liveSession(
  realm: RealmStore,
  id: unknown,
  now: number,
  offline = false,
): Readonly<UserSession> | undefined {
  const sessions = offline ? realm.offlineSessions : realm.sessions
  const session = typeof id === 'string' ? sessions.get(id) : undefined
  if (session === undefined) return undefined
  const ends = sessionEnds(realm.info, session, offline)
  if (now < ends.max && now < ends.idle) return session
  sessions.delete(session.id)
  return undefined
}

/** The active ones of these sessions. */
export function liveSessions(
  realm: RealmStore,
  sessions: readonly Readonly<UserSession>[],
  now: number,
  offline = false,
): Readonly<UserSession>[] {
  return sessions.filter(({ id }) => liveSession(realm, id, now, offline) !== undefined)
}

/** Ends a client session; the user session continues. */
export function leaveSession(realm: RealmStore, sessionId: string, clientId: string, offline = false): void {
  const sessions = offline ? realm.offlineSessions : realm.sessions
  const session = sessions.get(sessionId)
  if (session === undefined || !Object.hasOwn(session.clients, clientId)) return
  const { [clientId]: _gone, ...clients } = session.clients
  if (offline && Object.keys(clients).length === 0) sessions.delete(sessionId)
  else sessions.put({ ...session, clients })
}

/** Removes expired sessions and revocations. */
export function sweep(realm: RealmStore, now: number): void {
  for (const offline of [false, true]) {
    const sessions = offline ? realm.offlineSessions : realm.sessions
    for (const session of sessions.values()) liveSession(realm, session.id, now, offline)
  }
  for (const token of realm.revokedTokens.values())
    if (token.expiresAt < now) realm.revokedTokens.delete(token.id)
}
