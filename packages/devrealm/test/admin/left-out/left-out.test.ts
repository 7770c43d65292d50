import { describe, expect, it } from 'vitest'
import { createDevRealm } from '../../../src/index.ts'

/** What the embedded realm has no effect for, by the JSON path that errors name. */
const settings: Record<string, Record<string, unknown>> = {
  organizationsEnabled: { organizationsEnabled: true },
  identityProviders: { identityProviders: [{ alias: 'corp', providerId: 'oidc' }] },
  directGrantFlow: { directGrantFlow: 'own', authenticationFlows: [{ alias: 'own', topLevel: true }] },
  'components["org.keycloak.storage.UserStorageProvider"][0]': {
    components: { 'org.keycloak.storage.UserStorageProvider': [{ name: 'ldap', providerId: 'ldap' }] },
  },
  'clientPolicies.policies[0]': {
    clientProfiles: { profiles: [{ name: 'strict', executors: [{ executor: 'pkce-enforcer' }] }] },
    clientPolicies: { policies: [{ name: 'all', enabled: true, profiles: ['strict'] }] },
  },
  'authenticationFlows[0].authenticationExecutions[0]': {
    browserFlow: 'own',
    authenticationFlows: [
      {
        alias: 'own',
        topLevel: true,
        authenticationExecutions: [{ authenticator: 'webauthn-authenticator', requirement: 'REQUIRED' }],
      },
    ],
  },
  'clientScopes[0].protocolMappers[0].protocolMapper': {
    clientScopes: [
      {
        name: 'methods',
        protocol: 'openid-connect',
        protocolMappers: [{ name: 'amr', protocol: 'openid-connect', protocolMapper: 'oidc-amr-mapper' }],
      },
    ],
  },
  'clients[0].authorizationServicesEnabled': {
    clients: [{ clientId: 'app', authorizationServicesEnabled: true, serviceAccountsEnabled: true }],
  },
  'clients[0].attributes["minimum.acr.value"]': {
    clients: [{ clientId: 'app', attributes: { 'minimum.acr.value': '2' } }],
  },
  'clients[0].clientAuthenticatorType': {
    clients: [{ clientId: 'app', clientAuthenticatorType: 'client-x509' }],
  },
}

it.each(['client-x509', 'client-secret-jwt', 'one-of-our-own'])(
  'a client with the authentication %s does not sign in with its secret',
  async (clientAuthenticatorType) => {
    const devRealm = await createDevRealm()
    const client = {
      clientId: 'app',
      secret: 'secret',
      serviceAccountsEnabled: true,
      clientAuthenticatorType,
    }
    const realm = { realm: 'left-out', enabled: true, clients: [client] }
    await devRealm.importRealms([realm], { lenient: true })
    const form = { grant_type: 'client_credentials', client_id: 'app', client_secret: 'secret' }
    const { statusCode, body } = await devRealm.app.inject({
      method: 'POST',
      url: '/realms/left-out/protocol/openid-connect/token',
      headers: { host: 'localhost', 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(form).toString(),
    })
    expect([statusCode, JSON.parse(body)]).toEqual([
      401,
      {
        error: 'invalid_client',
        error_description: `The client authentication ${clientAuthenticatorType} is not in the embedded realm; use the real Keycloak`,
      },
    ])
    await devRealm.close()
  },
)

describe('a setting without an effect that changes security or tokens', () => {
  it.each(Object.entries(settings))('is named at import: %s', async (path, members) => {
    const devRealm = await createDevRealm()
    const realm = { realm: 'left-out', enabled: true, ...members }
    await expect(devRealm.importRealms([realm])).rejects.toMatchObject({
      code: 'CW_REALM_INVALID',
      message: expect.stringContaining(`${path} (`),
      hint: expect.stringContaining('--lenient'),
    })
    const [imported] = await devRealm.importRealms([realm], { lenient: true })
    expect(imported?.warnings).toEqual([expect.stringContaining(`${path} (`)])
    await devRealm.close()
  })

  it('is named together with all others of the file, with its source', async () => {
    const devRealm = await createDevRealm()
    const realm = {
      realm: 'left-out',
      organizationsEnabled: true,
      clients: [{ clientId: 'app', attributes: { 'use.refresh.tokens': 'false' } }],
    }
    await expect(devRealm.importRealms([realm], { sources: ['a.json'] })).rejects.toThrow(
      /^a\.json: .*organizationsEnabled \(.*clients\[0\]\.attributes\["use\.refresh\.tokens"\] \(/,
    )
    await devRealm.close()
  })

  it('is refused by the Admin API by name, and changes nothing', async () => {
    const devRealm = await createDevRealm()
    await devRealm.importRealm({ realm: 'demo', enabled: true, clients: [{ clientId: 'app' }] })
    const token = await devRealm.app.inject({
      method: 'POST',
      url: '/realms/master/protocol/openid-connect/token',
      headers: { host: 'localhost', 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'grant_type=password&client_id=admin-cli&username=admin&password=admin',
    })
    const send = async (method: 'GET' | 'POST' | 'PUT', path: string, body?: object) => {
      const response = await devRealm.app.inject({
        method,
        url: `/admin/realms${path}`,
        headers: {
          host: 'localhost',
          authorization: `Bearer ${token.json()['access_token']}`,
          'content-type': 'application/json',
        },
        ...(body === undefined ? {} : { payload: body }),
      })
      return { status: response.statusCode, text: response.body }
    }
    const advice = 'not in the embedded realm; use the real Keycloak'
    const [app] = JSON.parse((await send('GET', '/demo/clients?clientId=app')).text) as [{ id: string }]
    const attributes = { 'tls.client.certificate.bound.access.tokens': 'true' }
    const amr = { name: 'amr', protocol: 'openid-connect', protocolMapper: 'oidc-amr-mapper' }
    const refusals = [
      await send('POST', '', { realm: 'other', organizationsEnabled: true }),
      await send('PUT', '/demo', { organizationsEnabled: true }),
      await send('POST', '/demo/clients', { clientId: 'other', attributes }),
      await send('PUT', `/demo/clients/${app.id}`, { attributes }),
      await send('POST', `/demo/clients/${app.id}/protocol-mappers/models`, amr),
      await send('POST', '/demo/client-scopes', {
        name: 'methods',
        protocol: 'openid-connect',
        protocolMappers: [amr],
      }),
      await send('POST', '/demo/partialImport', { clients: [{ clientId: 'other', attributes }] }),
    ]
    expect(refusals).toEqual(refusals.map(() => ({ status: 400, text: expect.stringContaining(advice) })))
    expect((await send('GET', '/other')).status).toBe(404)
    expect((await send('GET', '/demo/clients?clientId=other')).text).toBe('[]')
    await devRealm.close()
  })
})

it('parts of a realm file that are not used are named with their number', async () => {
  const devRealm = await createDevRealm()
  const [imported] = await devRealm.importRealms([
    { realm: 'demo', registrationAllowed: true, localizationTexts: { de: { a: 'b' } } },
  ])
  expect(imported?.warnings).toEqual([
    'not used: localizationTexts (1 of them), registrationAllowed (no page for it)',
  ])
  await devRealm.close()
})
