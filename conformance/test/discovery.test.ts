import { afterAll, describe, expect, it } from 'vitest'
import { answerOf, json, mediaType } from '../src/expect.ts'
import { send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'

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
    expect(Object.keys(document).slice(0, 10)).toEqual([
      'issuer',
      'authorization_endpoint',
      'token_endpoint',
      'introspection_endpoint',
      'userinfo_endpoint',
      'end_session_endpoint',
      'frontchannel_logout_session_supported',
      'frontchannel_logout_supported',
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
      prompt_values_supported: ['none', 'login', 'consent'],
      claim_types_supported: ['normal'],
      acr_values_supported: ['0', '1'],
      authorization_response_iss_parameter_supported: true,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    })
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
