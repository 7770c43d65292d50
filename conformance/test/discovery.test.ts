import { afterAll, describe, expect, it } from 'vitest'
import { answerOf, json, mediaType } from '../src/expect.ts'
import { appClient } from '../src/grants.ts'
import { send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'
import { onKeycloak } from '../src/target.ts'

const realm = await openRealm()
afterAll(() => realm.close())

describe('discovery document', () => {
  const read = () => send(`${realm.issuer}/.well-known/openid-configuration`)

  it('is JSON with no-store', async () => {
    const reply = await read()
    expect([reply.status, mediaType(reply)]).toEqual([200, 'application/json'])
    expect(reply.headers.get('cache-control')).toBe('no-cache, must-revalidate, no-transform, no-store')
  })

  it('starts with the issuer and the endpoints in this order', async () => {
    const document = (await read()).json()
    const names = Object.keys(document).filter((name) => !name.startsWith('frontchannel_'))
    expect(names.slice(0, 8)).toEqual([
      'issuer',
      'authorization_endpoint',
      'token_endpoint',
      'introspection_endpoint',
      'userinfo_endpoint',
      'end_session_endpoint',
      'jwks_uri',
      'check_session_iframe',
    ])
    expect(document).toMatchObject({
      issuer: realm.issuer,
      authorization_endpoint: `${realm.oidc}/auth`,
      token_endpoint: `${realm.oidc}/token`,
      introspection_endpoint: `${realm.oidc}/token/introspect`,
      userinfo_endpoint: `${realm.oidc}/userinfo`,
      end_session_endpoint: `${realm.oidc}/logout`,
      jwks_uri: `${realm.oidc}/certs`,
      revocation_endpoint: `${realm.oidc}/revoke`,
    })
  })

  it('lists grants, response types, algorithms and scopes', async () => {
    const document = (await read()).json()
    expect(document.grant_types_supported).toEqual(
      expect.arrayContaining(['authorization_code', 'client_credentials', 'password', 'refresh_token']),
    )
    expect(document.response_types_supported).toContain('code')
    expect(document.response_modes_supported).toEqual(
      expect.arrayContaining(['query', 'fragment', 'form_post']),
    )
    expect(document.token_endpoint_auth_methods_supported).toEqual(
      expect.arrayContaining(['client_secret_basic', 'client_secret_post']),
    )
    expect(document.id_token_signing_alg_values_supported).toContain('RS256')
    expect(document.scopes_supported).toEqual(
      expect.arrayContaining(['openid', 'profile', 'email', 'roles', 'offline_access']),
    )
    expect(document).toMatchObject({
      code_challenge_methods_supported: ['plain', 'S256'],
      prompt_values_supported: expect.arrayContaining(['none', 'login']) as unknown,
      claim_types_supported: ['normal'],
      acr_values_supported: ['0', '1'],
      authorization_response_iss_parameter_supported: true,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    })
  })
})

describe('what discovery promises', () => {
  const read = async () => (await send(`${realm.issuer}/.well-known/openid-configuration`)).json()

  it('is also where RFC 8414 puts it', async () => {
    const { server } = realm.target
    const document = await read()
    for (const url of [
      `${realm.issuer}/.well-known/oauth-authorization-server`,
      `${server}/.well-known/oauth-authorization-server/realms/${realm.name}`,
    ]) {
      const reply = await send(url, { headers: { origin: 'https://x.example' } })
      expect([reply.status, mediaType(reply), reply.json()]).toEqual([200, 'application/json', document])
      expect(reply.headers.get('access-control-allow-origin')).toBe('https://x.example')
      expect(reply.headers.get('cache-control')).toBe('no-cache, must-revalidate, no-transform, no-store')
    }
    const unknown = await send(`${server}/.well-known/oauth-authorization-server/realms/no-such-realm`)
    expect([unknown.status, unknown.text]).toEqual([404, '{"error":"Realm does not exist"}'])
  })

  it('exists: no URL in it is unknown', async () => {
    const document = await read()
    const urls = Object.values({ ...document, ...document.mtls_endpoint_aliases }).filter(
      (value): value is string => typeof value === 'string' && value !== realm.issuer,
    )
    expect(urls.length).toBeGreaterThan(8)
    for (const url of urls) {
      const replies = await Promise.all(['GET', 'POST'].map((method) => send(url, { method })))
      expect([url, replies.map(({ status }) => status === 404 || status === 405)]).not.toEqual([
        url,
        [true, true],
      ])
      // Keycloak itself fails at some.
      if (!onKeycloak) expect(replies.some(({ status }) => status >= 500)).toBe(false)
    }
  })

  it('is known: every grant type', async () => {
    // `implicit` is none of the token endpoint.
    const listed: string[] = (await read()).grant_types_supported
    for (const grant_type of listed.filter((name) => name !== 'implicit')) {
      const { text } = await realm.token({ grant_type, ...appClient })
      expect([grant_type, text]).not.toEqual([grant_type, expect.stringContaining('unsupported_grant_type')])
      expect(text).not.toContain('not in the embedded realm')
    }
    const { text } = await realm.token({ grant_type: 'urn:example:unknown', ...appClient })
    expect(text).toContain('unsupported_grant_type')
  })

  it('is known: every response type and mode', async () => {
    const document = await read()
    const { id } = (await realm.admin.client.clients.find({ clientId: 'app' }))[0] ?? {}
    await realm.admin.client.clients.update({ id: id ?? '' }, { clientId: 'app', implicitFlowEnabled: true })
    for (const response_type of document.response_types_supported) {
      const reply = await send(realm.authUrl({ response_type, nonce: 'n' }))
      expect([response_type, reply.status]).toEqual([response_type, 200])
    }
    for (const response_mode of document.response_modes_supported) {
      const reply = await send(realm.authUrl({ response_mode }))
      expect([response_mode, reply.status]).toEqual([response_mode, 200])
    }
  })
})

describe('the JWKS', () => {
  it('has one RSA key for signatures and one for encryption, each with a certificate', async () => {
    const reply = await send(`${realm.oidc}/certs`)
    expect([reply.status, mediaType(reply), reply.headers.get('cache-control')]).toEqual([
      200,
      'application/json',
      'no-cache',
    ])
    const { keys } = reply.json()
    const shape =
      '{kid: string, kty: string, alg: string, use: string, x5c: [string], x5t: string, x5t#S256: string, n: string, e: string}'
    expect(keys.map(shapeOf)).toEqual([shape, shape])
    const uses = keys.map(({ kty, alg, use }: Record<string, string>) => [kty, alg, use])
    expect(uses.toSorted()).toEqual([
      ['RSA', 'RS256', 'sig'],
      ['RSA', 'RSA-OAEP', 'enc'],
    ])
  })

  it('contains no private members', async () => {
    const { keys } = (await send(`${realm.oidc}/certs`)).json()
    for (const key of keys) expect(Object.keys(key)).not.toEqual(expect.arrayContaining(['d']))
  })
})

describe('the realm endpoint', () => {
  it('returns the public key and the service URLs', async () => {
    const reply = await send(realm.issuer)
    expect([reply.status, mediaType(reply), reply.headers.get('cache-control')]).toEqual([
      200,
      'application/json',
      'no-cache',
    ])
    const { public_key, ...rest } = reply.json()
    expect(shapeOf(reply.json())).toBe(
      '{realm: string, public_key: string, token-service: string, account-service: string, tokens-not-before: number}',
    )
    expect(rest).toEqual({
      realm: realm.name,
      'token-service': realm.oidc,
      'account-service': `${realm.issuer}/account`,
      'tokens-not-before': 0,
    })
    expect(public_key).toMatch(/^MII[A-Za-z0-9+/]+={0,2}$/)
  })

  it.each([
    ['its page', 'GET', ''],
    ['its discovery document', 'GET', '/.well-known/openid-configuration'],
    ['its keys', 'GET', '/protocol/openid-connect/certs'],
    ['its login', 'GET', '/protocol/openid-connect/auth?client_id=app'],
    ['its token endpoint', 'POST', '/protocol/openid-connect/token'],
  ])('returns 404 for an unknown realm: %s', async (_, method, path) => {
    const form = method === 'POST' ? { form: { grant_type: 'password' } } : {}
    const reply = await send(`${realm.target.server}/realms/no-such-realm${path}`, { method, ...form })
    expect(answerOf(reply)).toEqual(json(404, { error: 'Realm does not exist' }))
  })

  it('returns 404 for an unknown endpoint', async () => {
    const reply = await send(`${realm.oidc}/no-such-endpoint`)
    expect(answerOf(reply)).toEqual(json(404, { error: 'HTTP 404 Not Found' }))
  })
})
