import { type ApiClient, type ApiClientOptions, createApiClient } from 'cloakwright/clients'
import { appSecret, appUrl, type LoginRealm, openLoginRealm } from '../../session/support/realm.ts'

/** A mapper that adds a client to the audience of tokens. */
export function audienceMapper(client: string) {
  return {
    name: `audience-${client}`,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': client, 'access.token.claim': 'true' },
  }
}

/** A service `app` that calls the API `stock`: as itself, and for its users by token exchange. */
export const appClient = {
  clientId: 'app',
  secret: appSecret,
  standardFlowEnabled: true,
  directAccessGrantsEnabled: true,
  serviceAccountsEnabled: true,
  redirectUris: [`${appUrl}/auth/callback`],
  attributes: { 'standard.token.exchange.enabled': 'true' },
  protocolMappers: [audienceMapper('app'), audienceMapper('stock')],
}

/** A client of the realm that signs in to nothing. */
export function plainClient(clientId: string, more: object = {}): object {
  return { clientId, secret: appSecret, standardFlowEnabled: false, ...more }
}

/** Opens the realm of the service and its API, with more clients. */
export async function openApiRealm(clients: readonly object[] = [], realm: object = {}): Promise<LoginRealm> {
  return await openLoginRealm({ clients: [appClient, plainClient('stock'), ...clients], ...realm })
}

/** The service's client of the API. */
export function apiClientOf(realm: LoginRealm, options: Partial<ApiClientOptions> = {}): ApiClient {
  return createApiClient({
    issuer: realm.issuer,
    clientId: 'app',
    ...(options.clientKey === undefined ? { clientSecret: appSecret } : {}),
    origin: 'https://stock.example.com',
    audience: 'stock',
    ...options,
  })
}

/** A user's token by the password grant. */
export async function tokenOf(
  { issuer }: LoginRealm,
  form: Record<string, string> = {},
): Promise<{ readonly access_token: string; readonly refresh_token: string }> {
  const fields = { grant_type: 'password', client_id: 'app', username: 'alice', password: 'alice', ...form }
  const secret = form['client_id'] === undefined ? { client_secret: appSecret } : {}
  const response = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...fields, ...secret }),
  })
  if (!response.ok) throw new Error(`No token: ${await response.text()}`)
  return (await response.json()) as { access_token: string; refresh_token: string }
}

/** Counts the requests to the token endpoint by grant. */
export function countGrants() {
  const grants: URLSearchParams[] = []
  return {
    grants,
    fetch: async (url: string, init: RequestInit): Promise<Response> => {
      if (init.body instanceof URLSearchParams) grants.push(init.body)
      return await fetch(url, init)
    },
  }
}
