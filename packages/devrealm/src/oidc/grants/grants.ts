import type { ClientRequest } from '../endpoint.ts'
import { leftOutGrant, leftOutGrants } from '../left-out.ts'
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
  ...Object.fromEntries(leftOutGrants.map((grant) => [grant, () => Promise.reject(leftOutGrant(grant))])),
}

type GrantHandler = (request: ClientRequest) => Promise<unknown>
