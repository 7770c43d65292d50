import type { EndpointRoutes } from './endpoint-routes.ts'
import { OidcError } from './errors.ts'

/** Keycloak's grants that the embedded realm does not have. */
export const leftOutGrants: readonly string[] = [
  'urn:openid:params:grant-type:ciba',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'urn:ietf:params:oauth:grant-type:uma-ticket',
]

export function leftOutGrant(grant: string): OidcError {
  return new OidcError(400, 'unsupported_grant_type', notHere(`The grant type ${grant}`))
}

/** Keycloak's endpoints that the embedded realm does not have, by what they are for. */
const leftOutPaths: Record<string, readonly string[]> = {
  'Client-initiated backchannel authentication (CIBA)': [
    '/protocol/openid-connect/ext/ciba/auth',
    '/protocol/openid-connect/ext/ciba/auth/callback',
  ],
  'Dynamic client registration': ['/clients-registrations/*'],
  SAML: ['/protocol/saml', '/protocol/saml/*'],
  'Authorization services': ['/.well-known/uma2-configuration', '/authz/*'],
}

/** Answers requests to what is left out: a client sees at once why it fails here. */
export function leftOutRoutes({ on }: EndpointRoutes): void {
  for (const [what, paths] of Object.entries(leftOutPaths)) {
    for (const path of paths) {
      on(['GET', 'POST', 'PUT', 'DELETE'], path, () =>
        Promise.reject(new OidcError(501, 'not_implemented', notHere(what))),
      )
    }
  }
}

function notHere(what: string): string {
  return `${what}: not in the embedded realm; use the real Keycloak`
}
