import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import {
  type ClientMetadata,
  type Configuration,
  default as Provider,
  type ResourceServer,
} from 'oidc-provider'

/** A running provider that is not Keycloak: the package oidc-provider. */
export interface OtherProvider {
  /** An origin without a path. */
  readonly issuer: string
  /** The user of the next login, which needs no page. */
  user: string
  /** The grants of the token endpoint, in order. */
  readonly grants: string[]
  /** The pushed authorization requests. */
  readonly pushed: number
  close(): Promise<void>
}

/** The resources for which it issues access tokens, by their identifiers (RFC 8707). */
const resources: Readonly<Record<string, ResourceServer>> = {
  'https://api.example.com': { scope: 'read', audience: 'shop-api', accessTokenFormat: 'jwt' },
  'https://opaque.example.com': { scope: 'read', audience: 'shop-api', accessTokenFormat: 'opaque' },
}

/** @param port Of the issuer. */
export async function startOtherProvider(port: number, clients: ClientMetadata[]): Promise<OtherProvider> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const key = { ...(await exportJWK(privateKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, { ...configuration, jwks: { keys: [key] }, clients })
  const state = { issuer, user: 'alice', grants: [] as string[], pushed: 0 }
  provider.on('grant.success', ({ oidc }) => void state.grants.push(String(oidc.params?.['grant_type'])))
  provider.on('pushed_authorization_request.success', () => void state.pushed++)
  const handle = provider.callback()
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/interaction/')) void logIn(provider, state.user, request, response)
    else void handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return Object.assign(state, {
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

const configuration: Configuration = {
  cookies: { keys: ['only-for-tests'] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  issueRefreshToken: () => true,
  // Its own fetch refuses loopback addresses, where the apps of the tests are.
  fetch: (url, { method, headers, body, signal } = {}) =>
    fetch(url, { method, headers, body, signal } as RequestInit),
  ttl: { AccessToken: 300, Grant: 3600, IdToken: 300, Interaction: 300, RefreshToken: 3600, Session: 3600 },
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true, allowedPolicy: async () => true },
    revocation: { enabled: true, allowedPolicy: async () => true },
    pushedAuthorizationRequests: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    backchannelLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => resources[resource] as ResourceServer,
    },
  },
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
}

/** Signs the user in, and consents to whatever the client asks for. */
async function logIn(
  provider: Provider,
  accountId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response)
  if (prompt.name === 'login')
    return await provider.interactionFinished(request, response, { login: { accountId } })
  const grant = new provider.Grant({
    accountId: session?.accountId ?? '',
    clientId: String(params['client_id']),
  })
  grant.addOIDCScope(String(params['scope']))
  if (typeof params['resource'] === 'string') grant.addResourceScope(params['resource'], 'read')
  const result = { consent: { grantId: await grant.save() } }
  return await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true })
}
