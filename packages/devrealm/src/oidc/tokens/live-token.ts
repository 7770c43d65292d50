import { type Claims, readPublic } from '../../crypto/index.ts'
import type { Client, ClientSession, User, UserSession } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { liveSession } from '../sessions.ts'

/** A valid access token: signed by this realm, not expired, not revoked, its session active. */
export interface LiveToken {
  readonly claims: Claims
  readonly client: Readonly<Client>
  readonly user: Readonly<User>
  /** Absent for a service account token. */
  readonly session?: Readonly<UserSession>
  /** Also absent for a transient token, of a token exchange. */
  readonly clientSession?: ClientSession
  readonly offline: boolean
}

/** The names in a token's `scope`; a lightweight or foreign token may have none. */
export function scopeOf(claims: Claims): string {
  return typeof claims.scope === 'string' ? claims.scope : ''
}

/** Whether an access token is lightweight: its id has `lt` after the letters for the session. */
export function isLightweight(claims: Claims): boolean {
  return String(claims.jti).slice(2, 4) === 'lt'
}

/** Whether an access token is from a token exchange: its scope can differ from that of the client's session. */
export function isExchanged(claims: Claims): boolean {
  return String(claims.jti).slice(4, 6) === 'te'
}

/** The scope names that a token's claims are made from: those of its login, which the token itself may not show. */
export function grantedScope({ claims, clientSession }: LiveToken): string {
  return (isExchanged(claims) ? undefined : clientSession?.scope) ?? scopeOf(claims)
}

/** Why a token is invalid, with Keycloak's message. */
export interface DeadToken {
  readonly reason: string
}

const unverified: DeadToken = { reason: 'Token verification failed' }

/**
 * Checks an access token of this realm. Tokens are not stored: signature, times and session decide.
 *
 * @param types accepted values of `typ`: `Bearer` and `DPoP` for access tokens
 */
export async function readLiveToken(
  realm: RealmStore,
  token: string,
  issuer: string,
  now: number,
  types: readonly string[] = ['Bearer', 'DPoP'],
): Promise<LiveToken | DeadToken> {
  const claims = await readPublic(realm, token, issuer)
  if (claims === undefined || !types.includes(String(claims.typ)) || !(Number(claims.exp) > now))
    return unverified
  const issuedAt = Number(claims.iat)
  const client = realm.clientByName.get(String(claims.azp))
  if (client === undefined || !client.enabled) return unverified
  if (issuedAt < Math.max(realm.info.notBefore, client.notBefore)) return unverified
  if (realm.revokedTokens.get(String(claims.jti)) !== undefined) return unverified
  if (claims.sid === undefined) {
    const user =
      typeof claims.sub === 'string' ? realm.users.get(claims.sub) : realm.serviceAccount(client.id)
    return user === undefined || issuedAt < user.notBefore
      ? unverified
      : check({ claims, client, user, offline: false })
  }
  const kind = String(claims.jti).slice(0, 2)
  const offline = kind === 'of' || kind === 'ft'
  const session = liveSession(realm, claims.sid, now, offline)
  // A transient token ends with the session too, but its client has no part in it.
  const isTransient = kind === 'nt' || kind === 'ft'
  const clientSession = isTransient ? undefined : session?.clients[client.id]
  if (session === undefined || (clientSession === undefined && !isTransient))
    return { reason: 'user_session_not_found' }
  const user = realm.users.get(session.userId)
  if (user === undefined || issuedAt < user.notBefore) return unverified
  return check({
    claims,
    client,
    user,
    session,
    offline,
    ...(clientSession !== undefined && { clientSession }),
  })
}

function check(token: LiveToken): LiveToken | DeadToken {
  return token.user.enabled ? token : { reason: 'User disabled' }
}
