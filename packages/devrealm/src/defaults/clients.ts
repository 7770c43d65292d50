import { randomUUID } from 'node:crypto'
import type { Client } from '../model/index.ts'

/** Keycloak's defaults for a client with only a client id. */
export function newClient(clientId: string, given: Partial<Client> = {}): Client {
  return {
    id: randomUUID(),
    clientId,
    surrogateAuthRequired: false,
    enabled: true,
    alwaysDisplayInConsole: false,
    clientAuthenticatorType: 'client-secret',
    redirectUris: [],
    webOrigins: [],
    notBefore: 0,
    bearerOnly: false,
    consentRequired: false,
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
    publicClient: false,
    frontchannelLogout: false,
    protocol: 'openid-connect',
    attributes: {},
    authenticationFlowBindingOverrides: {},
    fullScopeAllowed: true,
    nodeReRegistrationTimeout: 0,
    defaultClientScopes: ['web-origins', 'acr', 'profile', 'roles', 'basic', 'email'],
    optionalClientScopes: ['address', 'phone', 'offline_access', 'organization', 'microprofile-jwt'],
    scopeMappings: [],
    ...given,
  }
}

/** The built-in clients of every realm. */
export function builtInClients(realm: string): Client[] {
  const account = {
    rootUrl: `\${authBaseUrl}`,
    baseUrl: `/realms/${realm}/account/`,
    redirectUris: [`/realms/${realm}/account/*`],
    publicClient: true,
    fullScopeAllowed: false,
  }
  const pkce = { 'post.logout.redirect.uris': '+', 'pkce.code.challenge.method': 'S256' }
  const lightweight = { 'client.use.lightweight.access.token.enabled': 'true' }
  return [
    named('account', { ...account, attributes: { realm_client: 'false', 'post.logout.redirect.uris': '+' } }),
    named('account-console', {
      ...account,
      attributes: { realm_client: 'false', ...pkce },
      protocolMappers: [
        {
          id: randomUUID(),
          name: 'audience resolve',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-audience-resolve-mapper',
          consentRequired: false,
          config: {},
        },
      ],
    }),
    named('admin-cli', {
      standardFlowEnabled: false,
      directAccessGrantsEnabled: true,
      publicClient: true,
      attributes: { realm_client: 'false', ...lightweight },
    }),
    named('broker', { bearerOnly: true, fullScopeAllowed: false, attributes: { realm_client: 'true' } }),
    named('security-admin-console', {
      rootUrl: `\${authAdminUrl}`,
      baseUrl: `/admin/${realm}/console/`,
      redirectUris: [`/admin/${realm}/console/*`],
      webOrigins: ['+'],
      publicClient: true,
      attributes: { realm_client: 'false', ...lightweight, ...pkce },
      protocolMappers: [
        {
          id: randomUUID(),
          name: 'locale',
          protocol: 'openid-connect',
          protocolMapper: 'oidc-usermodel-attribute-mapper',
          consentRequired: false,
          config: {
            'introspection.token.claim': 'true',
            'userinfo.token.claim': 'true',
            'user.attribute': 'locale',
            'id.token.claim': 'true',
            'access.token.claim': 'true',
            'claim.name': 'locale',
            'jsonType.label': 'String',
          },
        },
      ],
    }),
  ]
}

/** The client whose roles administer a realm: `realm-management` in the realm itself, `{realm}-realm` in master. */
export function managementClient(clientId: string, given: Partial<Client> = {}): Client {
  return newClient(clientId, {
    bearerOnly: true,
    fullScopeAllowed: false,
    attributes: { realm_client: 'true' },
    ...given,
  })
}

function named(clientId: string, given: Partial<Client>): Client {
  return newClient(clientId, { name: `\${client_${clientId}}`, ...given })
}
