import { baseUrl, issuerOf, seconds } from '../../context/index.ts'
import type { Claims } from '../../crypto/index.ts'
import type { ClientRequest } from '../endpoint.ts'
import { OidcError } from '../errors.ts'
import { grantScope } from '../scopes.ts'
import { issueTokens } from '../tokens/index.ts'

/** Tokens for the client's service account (RFC 6749 section 4.4). No session, no refresh token. */
export async function clientCredentialsGrant({
  context,
  request,
  realm,
  client,
  form,
  jkt,
}: ClientRequest): Promise<Claims> {
  if (client.publicClient) {
    throw new OidcError(401, 'unauthorized_client', 'Public client not allowed to retrieve service account')
  }
  const user = realm.serviceAccount(client.id)
  if (!client.serviceAccountsEnabled || user === undefined) {
    throw new OidcError(401, 'unauthorized_client', 'Client not enabled to retrieve service account')
  }
  const scope = grantScope(realm, client, form.get('scope'))
  if (!user.enabled) throw new OidcError(401, 'invalid_request', `User '${user.username}' disabled`)
  return issueTokens({
    realm,
    issuer: issuerOf(context, request, realm),
    base: baseUrl(context, request),
    client,
    jkt,
    user,
    scope,
    now: seconds(context),
    type: 'cc',
    notes: { client_id: client.clientId, clientHost: request.ip, clientAddress: request.ip },
  })
}
