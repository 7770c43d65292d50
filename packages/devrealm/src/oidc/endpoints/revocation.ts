import type { FastifyReply, FastifyRequest } from 'fastify'
import { issuerOf, type RealmContext, seconds } from '../../context/index.ts'
import { readPublic } from '../../crypto/index.ts'
import { type ClientRequest, forClient } from '../endpoint.ts'
import { invalidRequest, OidcError } from '../errors.ts'
import { leaveSession, liveSession } from '../sessions.ts'
import { readLiveToken, readRefreshToken } from '../tokens/index.ts'

/** POST `revoke` (RFC 7009): for a refresh token it ends the client session, for an access token only the token. */
export function revocationEndpoint(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  return forClient(context, request, reply, revoke)
}

async function revoke({ context, request, reply, realm, client, form }: ClientRequest): Promise<unknown> {
  if (form.hasDuplicates()) throw invalidRequest('duplicated parameter')
  const text = form.get('token')
  if (text === undefined) throw invalidRequest('Token not provided')
  const issuer = issuerOf(context, request, realm)
  const now = seconds(context)
  const invalidToken = new OidcError(200, 'invalid_token', 'Invalid token')
  const unmatching = invalidRequest('Unmatching clients')

  const refresh = await readRefreshToken(realm, text, issuer)
  if (refresh !== undefined) {
    if (refresh.clientId !== client.clientId) throw unmatching
    const offline = refresh.type === 'Offline'
    if (liveSession(realm, refresh.sessionId, now, offline)?.clients[client.id] === undefined)
      throw invalidToken
    leaveSession(realm, refresh.sessionId, client.id, offline)
    endIfEmpty(realm, refresh.sessionId)
    return done(reply)
  }
  const claims = await readPublic(realm, text, issuer)
  if (claims?.typ === 'ID') throw new OidcError(400, 'unsupported_token_type', 'Unsupported token type')
  if (claims !== undefined && claims.azp !== client.clientId) throw unmatching
  if (realm.revokedTokens.get(String(claims?.jti)) !== undefined) return done(reply)
  const token = await readLiveToken(realm, text, issuer, now)
  if ('reason' in token) throw invalidToken
  realm.revokedTokens.put({ id: String(token.claims.jti), expiresAt: Number(token.claims.exp) })
  return done(reply)
}

/** The user session ends with its last client. */
function endIfEmpty(realm: ClientRequest['realm'], sessionId: string): void {
  const session = realm.sessions.get(sessionId)
  if (session !== undefined && Object.keys(session.clients).length === 0) realm.sessions.delete(sessionId)
}

function done(reply: FastifyReply): FastifyReply {
  return reply.code(200).send()
}
