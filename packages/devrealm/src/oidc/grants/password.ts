import { isActionEnabled, keepVerifyEmail, verifyUser } from '../../authentication/index.ts'
import { baseUrl, issuerOf, seconds } from '../../context/index.ts'
import type { Claims } from '../../crypto/index.ts'
import type { ClientRequest } from '../endpoint.ts'
import { invalidGrant, invalidRequest, OidcError } from '../errors.ts'
import { grantScope, isOffline } from '../scopes.ts'
import { joinSession, newSession } from '../sessions.ts'
import { issueTokens } from '../tokens/index.ts'
import { goOffline, requireOfflineAccess } from './offline.ts'

/** The direct grant (RFC 6749 section 4.3): user name, password and, for users with OTP, a one-time code. */
export async function passwordGrant({
  context,
  request,
  realm,
  client,
  form,
  jkt,
}: ClientRequest): Promise<Claims> {
  if (!client.directAccessGrantsEnabled) {
    throw new OidcError(400, 'unauthorized_client', 'Client not allowed for direct access grants')
  }
  if (client.consentRequired) throw new OidcError(400, 'invalid_client', 'Client requires user consent')
  const scope = grantScope(realm, client, form.get('scope'))
  const username = form.get('username')
  if (username === undefined) throw invalidRequest('Missing parameter: username', 401)
  const outcome = await verifyUser(context, realm, {
    username,
    password: form.get('password') ?? '',
    ipAddress: request.ip,
  })
  if (outcome.result === 'disabled') throw invalidGrant('Account disabled')
  if (outcome.result !== 'verified') throw invalidGrant('Invalid user credentials')
  const { user } = outcome
  if (!outcome.checkOtp(form.get('totp') ?? form.get('otp'))) throw invalidGrant('Invalid user credentials')
  keepVerifyEmail(realm, user)
  // Includes disabled required actions, which the browser login would skip.
  const isOff = (alias: string): boolean => !isActionEnabled(realm, alias)
  if (outcome.requiredActions.length > 0 || user.requiredActions.some(isOff))
    throw invalidGrant('Account is not fully set up')

  const now = seconds(context)
  const offline = isOffline(scope)
  if (offline) requireOfflineAccess(realm, user, client, scope)
  const begun = newSession(user, request.ip, now)
  const issuer = issuerOf(context, request, realm)
  const { session, clientSession } = joinSession(realm, begun, client, { scope: scope.full, issuer, now })
  if (offline) goOffline(realm, client, session)
  return issueTokens({
    realm,
    issuer,
    base: baseUrl(context, request),
    client,
    jkt,
    user,
    scope,
    now,
    type: 'ro',
    session,
    clientSession,
    offline,
  })
}
