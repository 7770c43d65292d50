import { baseUrl, type DeviceApproval, type DeviceCode, issuerOf, seconds } from '../../context/index.ts'
import type { Claims } from '../../crypto/index.ts'
import type { ClientRequest } from '../endpoint.ts'
import { invalidGrant, invalidRequest, OidcError } from '../errors.ts'
import { isOffline, restoreScope } from '../scopes.ts'
import { liveSession } from '../sessions.ts'
import { issueTokens } from '../tokens/index.ts'
import { checkVerifier } from './authorization-code.ts'
import { goOffline, requireOfflineAccess } from './offline.ts'

/** Whether the client may use the device flow. */
export function mayUseDevices({ attributes }: ClientRequest['client']): boolean {
  return attributes['oauth2.device.authorization.grant.enabled'] === 'true'
}

/** Tokens for a device (RFC 8628 section 3.4), once its user granted access. */
export async function deviceCodeGrant(clientRequest: ClientRequest): Promise<Claims> {
  const { context, realm, client, form } = clientRequest
  if (!mayUseDevices(client)) throw invalidGrant('Client not allowed OAuth 2.0 Device Authorization Grant')
  const text = form.get('device_code')
  if (text === undefined) throw invalidRequest('Missing parameter: device_code')
  const now = context.now()
  const code = context.devices.find(realm, text, now)
  if (code === undefined) throw invalidGrant('Device code not valid')
  if (code.clientId !== client.id) throw invalidGrant('unauthorized client')
  // Keycloak fails here with status 500.
  if (!(code.interval > 0)) throw invalidRequest('The polling interval must be at least one second')
  if (now >= code.expiresAt) throw new OidcError(400, 'expired_token', 'Device code is expired')
  if (!context.devices.poll(code, now)) throw new OidcError(400, 'slow_down', 'Slow down')
  const { decision } = code
  if (decision === undefined)
    throw new OidcError(400, 'authorization_pending', 'The authorization request is still pending')
  if (decision === 'denied')
    throw new OidcError(400, 'access_denied', 'The end user denied the authorization request')
  checkVerifier(code, form.get('code_verifier'))
  return tokensFor(clientRequest, code, decision)
}

function tokensFor(
  { context, request, realm, client, jkt }: ClientRequest,
  code: DeviceCode,
  { sessionId, scope: granted, acr }: DeviceApproval,
): Promise<Claims> {
  const now = seconds(context)
  const session = liveSession(realm, sessionId, now)
  const user = session === undefined ? undefined : realm.users.get(session.userId)
  const clientSession = session?.clients[client.id]
  if (session === undefined || user === undefined || clientSession === undefined)
    throw new OidcError(
      400,
      'authorization_pending',
      'The authorization request is verified but can not lookup the user session yet',
    )
  context.devices.drop(code)
  const { nonce } = code
  if (!user.enabled) throw invalidGrant('User disabled')
  const scope = restoreScope(realm, client, granted)
  const offline = isOffline(scope)
  if (offline) {
    requireOfflineAccess(realm, user, client, scope)
    goOffline(realm, client, session)
  }
  return issueTokens({
    realm,
    // Of the login: the device may reach this endpoint by another host name.
    issuer: clientSession.issuer ?? issuerOf(context, request, realm),
    base: baseUrl(context, request),
    client,
    user,
    scope,
    now,
    type: 'dg',
    session,
    clientSession: {
      ...clientSession,
      notes: { ...clientSession.notes, acr, ...(nonce === undefined ? {} : { nonce }) },
    },
    offline,
    jkt,
  })
}
