import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RealmContext } from '../../context/realm-context.ts'
import { allowOrigin } from '../cors.ts'
import { type ClientRequest, forbidCaching, forClient, realmOf, sendOidcError } from '../endpoint.ts'
import { invalidGrant, invalidRequest, OidcError } from '../errors.ts'
import { formOf } from '../form.ts'
import { authorizationCodeGrant } from '../grants/authorization-code.ts'
import { clientCredentialsGrant } from '../grants/client-credentials.ts'
import { passwordGrant } from '../grants/password.ts'
import { refreshTokenGrant } from '../grants/refresh-token.ts'

/** POST `token` (RFC 6749 section 3.2). */
export async function tokenEndpoint(
  context: RealmContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  realmOf(context, request)
  forbidCaching(reply)
  const grantType = formOf(request).get('grant_type')
  const grant = grantType === undefined || !Object.hasOwn(grants, grantType) ? undefined : grants[grantType]
  if (grant === undefined) {
    allowOrigin(request, reply, 'Access-Control-Allow-Methods')
    return sendOidcError(
      reply,
      grantType === undefined
        ? invalidRequest('Missing form parameter: grant_type')
        : new OidcError(400, 'unsupported_grant_type', 'Unsupported grant_type'),
    )
  }
  return forClient(context, request, reply, async (clientRequest) => {
    if (clientRequest.form.hasDuplicates) throw invalidRequest('duplicated parameter')
    if (clientRequest.client.bearerOnly) throw new OidcError(400, 'invalid_client', 'Bearer-only not allowed')
    return grant(clientRequest)
  })
}

type GrantHandler = (request: ClientRequest) => Promise<unknown>

/** Grants that Keycloak knows and this realm does not serve answer as they do for a client that may not use them. */
const refuse =
  (error: OidcError): GrantHandler =>
  () =>
    Promise.reject(error)

const grants: Record<string, GrantHandler> = {
  authorization_code: authorizationCodeGrant,
  client_credentials: clientCredentialsGrant,
  password: passwordGrant,
  refresh_token: refreshTokenGrant,
  'urn:ietf:params:oauth:grant-type:token-exchange': refuse(
    invalidRequest('Standard token exchange is not enabled for the requested client'),
  ),
  'urn:ietf:params:oauth:grant-type:device_code': refuse(
    invalidGrant('Client not allowed OAuth 2.0 Device Authorization Grant'),
  ),
  'urn:openid:params:grant-type:ciba': refuse(invalidGrant('Client not allowed OIDC CIBA Grant')),
  'urn:ietf:params:oauth:grant-type:jwt-bearer': refuse(invalidGrant('Missing parameter:assertion')),
}
