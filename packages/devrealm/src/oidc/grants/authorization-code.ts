import { createHash } from 'node:crypto'
import { type AuthorizationCode, baseUrl, issuerOf, seconds } from '../../context/index.ts'
import type { Claims } from '../../crypto/index.ts'
import { requireConsent } from '../consents.ts'
import type { ClientRequest } from '../endpoint.ts'
import { invalidGrant, invalidRequest, OidcError } from '../errors.ts'
import { isOffline, restoreScope } from '../scopes.ts'
import { leaveSession, liveSession } from '../sessions.ts'
import { issueTokens } from '../tokens/index.ts'
import { goOffline, requireOfflineAccess } from './offline.ts'

/** Tokens for an authorization code (RFC 6749 section 4.1.3) with PKCE (RFC 7636). */
export async function authorizationCodeGrant({
  context,
  request,
  realm,
  client,
  form,
  jkt,
}: ClientRequest): Promise<Claims> {
  const text = form.get('code')
  if (text === undefined) throw invalidRequest('Missing parameter: code')
  const taken = context.codes.take(realm, text, context.now())
  if (taken === undefined) throw invalidGrant('Code not valid')
  const { code, state } = taken
  if (state === 'used') {
    // RFC 6749 section 4.1.2: a second use revokes the tokens of the first.
    leaveSession(realm, code.sessionId, code.clientId)
    leaveSession(realm, code.sessionId, code.clientId, true)
    throw invalidGrant('Code not valid')
  }
  if (state === 'expired') throw invalidGrant('Code not valid')
  const now = seconds(context)
  const session = liveSession(realm, code.sessionId, now)
  const user = session === undefined ? undefined : realm.users.get(session.userId)
  if (session === undefined || user === undefined) throw invalidGrant('Code not valid')
  if (!user.enabled) throw invalidGrant('User disabled')
  if (code.clientId !== client.id)
    throw invalidGrant('Auth error: Found different client_id in clientSession')
  const clientSession = session.clients[client.id]
  if (clientSession === undefined) throw invalidGrant('Code not valid')
  if (form.get('redirect_uri') !== code.redirectUri) throw invalidGrant('Incorrect redirect_uri')
  if (!client.standardFlowEnabled) {
    throw new OidcError(400, 'unauthorized_client', 'Client not allowed to exchange code')
  }
  checkVerifier(code, form.get('code_verifier'))
  if (code.dpopJkt !== undefined && jkt === undefined) throw invalidRequest('DPoP Proof missing')
  if (code.dpopJkt !== undefined && jkt !== code.dpopJkt)
    throw invalidRequest('DPoP Proof public key thumbprint does not match dpop_jkt')

  const scope = restoreScope(realm, client, code.scope)
  requireConsent(realm, user, client, scope)
  const offline = isOffline(scope)
  if (offline) {
    requireOfflineAccess(realm, user, client, scope)
    goOffline(realm, client, session)
  }
  const notes = { ...clientSession.notes, acr: code.acr }
  return issueTokens({
    realm,
    // Of the login: the client may reach this endpoint by another host name.
    issuer: clientSession.issuer ?? issuerOf(context, request, realm),
    base: baseUrl(context, request),
    client,
    jkt,
    user,
    scope,
    now,
    type: 'ac',
    session,
    clientSession: {
      ...clientSession,
      notes: code.nonce === undefined ? notes : { ...notes, nonce: code.nonce },
    },
    offline,
  })
}

/**
 * RFC 7636 section 4.6.
 *
 * @throws {OidcError} invalid_grant
 */
export function checkVerifier(
  code: Pick<AuthorizationCode, 'challenge' | 'challengeMethod'>,
  verifier: string | undefined,
): void {
  if (code.challenge === undefined) {
    if (verifier === undefined) return
    throw invalidGrant('PKCE code verifier specified but challenge not present in authorization')
  }
  if (verifier === undefined) throw invalidGrant('PKCE code verifier not specified')
  if (!/^[A-Za-z0-9\-._~]{43,128}$/.test(verifier)) {
    throw invalidGrant('PKCE verification failed: Invalid code verifier')
  }
  const answer =
    code.challengeMethod === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier
  if (answer !== code.challenge) throw invalidGrant('PKCE verification failed: Code mismatch')
}
