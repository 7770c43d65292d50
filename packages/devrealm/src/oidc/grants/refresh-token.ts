import { baseUrl, issuerOf, seconds } from '../../context/index.ts'
import type { Claims } from '../../crypto/index.ts'
import type { Client, ClientSession, UserSession } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { requireConsent } from '../consents.ts'
import { boundKey, requireKey } from '../dpop.ts'
import type { ClientRequest } from '../endpoint.ts'
import { invalidGrant, invalidRequest } from '../errors.ts'
import { type GrantedScope, grantScope, restoreScope } from '../scopes.ts'
import { leaveSession } from '../sessions.ts'
import { checkRefreshToken, issueTokens, type RefreshToken, readRefreshToken } from '../tokens/index.ts'

/** New tokens for a refresh token (RFC 6749 section 6). */
export async function refreshTokenGrant({
  context,
  request,
  realm,
  client,
  form,
  jkt,
}: ClientRequest): Promise<Claims> {
  const text = form.get('refresh_token')
  if (text === undefined) throw invalidRequest('No refresh token')
  const requested = form.get('scope')
  const narrowed = requested === undefined ? undefined : grantScope(realm, client, requested)
  const issuer = issuerOf(context, request, realm)
  const now = seconds(context)
  const token = await readRefreshToken(realm, text, issuer)
  if (token === undefined) throw invalidGrant('Invalid refresh token')
  const { offline, session, clientSession, user } = checkRefreshToken(realm, client, token, now)

  requireKey(boundKey(token.claims), jkt, invalidGrant)
  const used = spendRefreshToken(realm, session, clientSession, token, now, offline)
  const scope =
    narrowed === undefined
      ? restoreScope(realm, client, token.scope)
      : within(realm, client, token.scope, narrowed.full)
  requireConsent(realm, user, client, scope)
  return issueTokens({
    realm,
    issuer,
    base: baseUrl(context, request),
    client,
    jkt,
    user,
    scope,
    now,
    type: 'rt',
    session: used,
    clientSession,
    offline,
    ...(token.reuseId === undefined ? {} : { reuseId: token.reuseId }),
  })
}

/**
 * Records the use in the session. If the realm revokes refresh tokens, using a token more often than allowed ends the client
 * session: the holder of the newer token may be a thief.
 */
function spendRefreshToken(
  realm: RealmStore,
  session: Readonly<UserSession>,
  clientSession: ClientSession,
  token: RefreshToken,
  now: number,
  offline: boolean,
): Readonly<UserSession> {
  const sessions = offline ? realm.offlineSessions : realm.sessions
  const withPart = (part: ClientSession): UserSession => ({
    ...session,
    lastAccess: now,
    clients: { ...session.clients, [part.clientId]: part },
  })
  if (!realm.info.revokeRefreshToken) return sessions.touch(withPart({ ...clientSession, refreshed: now }))
  const chain = token.reuseId ?? ''
  const last = clientSession.refreshTokens?.[chain]
  const isLast = last?.id === token.id
  if (last !== undefined && !isLast && token.issuedAt < last.usedAt) {
    leaveSession(realm, session.id, clientSession.clientId, offline)
    throw invalidGrant('Stale token')
  }
  const uses = isLast ? last.uses + 1 : 0
  if (uses > realm.info.refreshTokenMaxReuse) {
    leaveSession(realm, session.id, clientSession.clientId, offline)
    throw invalidGrant('Maximum allowed refresh token reuse exceeded')
  }
  const refreshTokens = { ...clientSession.refreshTokens, [chain]: { id: token.id, uses, usedAt: now } }
  return sessions.put(withPart({ ...clientSession, refreshed: now, refreshTokens }))
}

/**
 * A request can narrow the access token's scope, never widen it: scopes that the first grant did not have are ignored. The
 * refresh token keeps the whole scope, and an ID token is issued as before.
 */
function within(
  realm: RealmStore,
  client: Readonly<Client>,
  granted: string,
  requested: string,
): GrantedScope {
  const had = new Set(granted.split(' '))
  const names = requested.split(' ').filter((name) => had.has(name))
  return { ...restoreScope(realm, client, names.join(' ')), openid: had.has('openid'), full: granted }
}
