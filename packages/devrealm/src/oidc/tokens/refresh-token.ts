import { type Claims, readPrivate } from '../../crypto/index.ts'
import type { Client, ClientSession, User, UserSession } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { invalidGrant } from '../errors.ts'
import { liveSession } from '../sessions.ts'

/** The used claims of a refresh token. */
export interface RefreshToken {
  readonly id: string
  readonly type: 'Refresh' | 'Offline'
  readonly clientId: string
  readonly sessionId: string
  readonly scope: string
  readonly issuedAt: number
  readonly expiresAt: number | undefined
  readonly reuseId: string | undefined
  readonly claims: Claims
}

/** Reads a refresh token of this realm; {@link checkRefreshToken} checks expiry and session. */
export async function readRefreshToken(
  realm: RealmStore,
  text: string,
  issuer: string,
): Promise<RefreshToken | undefined> {
  const claims = await readPrivate(realm, text, issuer)
  if (claims === undefined || (claims.typ !== 'Refresh' && claims.typ !== 'Offline')) return undefined
  return {
    id: String(claims.jti),
    type: claims.typ,
    clientId: String(claims.azp),
    sessionId: String(claims.sid),
    scope: String(claims.scope),
    issuedAt: Number(claims.iat),
    expiresAt: typeof claims.exp === 'number' ? claims.exp : undefined,
    reuseId: typeof claims.reuse_id === 'string' ? claims.reuse_id : undefined,
    claims,
  }
}

/** @throws {OidcError} invalid_grant, with Keycloak's message */
export function checkRefreshToken(
  realm: RealmStore,
  client: Readonly<Client>,
  token: RefreshToken,
  now: number,
): { offline: boolean; session: Readonly<UserSession>; clientSession: ClientSession; user: Readonly<User> } {
  const offline = token.type === 'Offline'
  if (token.expiresAt !== undefined && token.expiresAt <= now) throw invalidGrant('Token is not active')
  if (token.issuedAt < Math.max(realm.info.notBefore, client.notBefore)) throw invalidGrant('Stale token')
  if (token.clientId !== client.clientId) {
    throw invalidGrant("Invalid refresh token. Token client and authorized client don't match")
  }
  const session = liveSession(realm, token.sessionId, now, offline)
  if (session === undefined) {
    throw invalidGrant(offline ? 'Offline user session not found' : 'Session not active')
  }
  const user = realm.users.get(session.userId)
  if (user === undefined) throw invalidGrant('Unknown user')
  if (!user.enabled) throw invalidGrant('User disabled')
  if (token.issuedAt < user.notBefore) throw invalidGrant('Stale token')
  const clientSession = session.clients[client.id]
  if (clientSession === undefined) throw invalidGrant("Session doesn't have required client")
  return { offline, session, clientSession, user }
}
