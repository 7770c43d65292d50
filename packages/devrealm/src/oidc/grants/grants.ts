import type { ClientRequest } from '../endpoint.ts'
import { invalidGrant, type OidcError } from '../errors.ts'
import { authorizationCodeGrant } from './authorization-code.ts'
import { clientCredentialsGrant } from './client-credentials.ts'
import { deviceCodeGrant } from './device-code.ts'
import { passwordGrant } from './password.ts'
import { refreshTokenGrant } from './refresh-token.ts'
import { tokenExchangeGrant } from './token-exchange.ts'

/** The handler of a `grant_type` at the token endpoint. */
export const grants: Record<string, GrantHandler> = {
  authorization_code: authorizationCodeGrant,
  client_credentials: clientCredentialsGrant,
  password: passwordGrant,
  refresh_token: refreshTokenGrant,
  'urn:ietf:params:oauth:grant-type:token-exchange': tokenExchangeGrant,
  'urn:ietf:params:oauth:grant-type:device_code': deviceCodeGrant,
  'urn:openid:params:grant-type:ciba': refuse(invalidGrant('Client not allowed OIDC CIBA Grant')),
  'urn:ietf:params:oauth:grant-type:jwt-bearer': refuse(invalidGrant('Missing parameter:assertion')),
}

type GrantHandler = (request: ClientRequest) => Promise<unknown>

/** Keycloak grants that are not supported here fail as for a client that may not use them. */
function refuse(error: OidcError): GrantHandler {
  return () => Promise.reject(error)
}
