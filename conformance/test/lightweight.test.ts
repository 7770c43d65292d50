import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json } from '../src/expect.ts'
import { asClient, codeOf, exchange, granted, refresh, tokensOf } from '../src/grants.ts'
import { type Json, send } from '../src/http.ts'
import { appSecret, openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'
import { decode } from '../src/token.ts'

// Clients with lightweight access tokens, which only identify the token; introspection returns the claims.

const realm = await openRealm()
const introspectionUrl = `${realm.oidc}/token/introspect`
afterAll(() => realm.close())

const lightClient = asClient('light')
const lightweight = { 'client.use.lightweight.access.token.enabled': 'true' }
const audience = (config: Record<string, string> = {}) => ({
  name: 'api',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: {
    'included.client.audience': 'api',
    'access.token.claim': 'true',
    'introspection.token.claim': 'true',
    ...config,
  },
})
const subject = {
  name: 'subject',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-sub-mapper',
  config: { 'access.token.claim': 'true', 'lightweight.claim': 'true', 'introspection.token.claim': 'true' },
}
const realmRoles = {
  name: 'roles',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-usermodel-realm-role-mapper',
  config: {
    'claim.name': 'realm_access.roles',
    'jsonType.label': 'String',
    multivalued: 'true',
    'access.token.claim': 'true',
    'lightweight.claim': 'true',
    'introspection.token.claim': 'true',
  },
}

let alice: string
let tokens: Json
beforeAll(async () => {
  alice = await realm.addUser('alice', { roles: ['admin'] })
  await realm.addClient({ clientId: 'api' })
  await realm.addClient({ clientId: 'light', attributes: lightweight, protocolMappers: [audience()] })
  await realm.addClient({ clientId: 'light-for-none', attributes: lightweight })
  await realm.addClient({
    clientId: 'light-and-more',
    attributes: lightweight,
    protocolMappers: [audience({ 'lightweight.claim': 'true' }), realmRoles, subject],
  })
  await realm.addClient({
    clientId: 'light-without-scopes',
    attributes: lightweight,
    fullScopeAllowed: false,
    defaultClientScopes: ['basic'],
    optionalClientScopes: [],
    protocolMappers: [audience()],
  })
  await realm.addClient({
    clientId: 'light-without-basic',
    attributes: lightweight,
    defaultClientScopes: ['profile'],
  })
  await realm.addClient({ clientId: 'full-without-basic', defaultClientScopes: ['profile'] })
  tokens = await tokensOf(realm, 'alice', lightClient)
})

const introspect = (token: string, client = 'api') =>
  send(introspectionUrl, { form: { token, token_type_hint: 'access_token' }, basic: [client, appSecret] })

describe('a lightweight access token', () => {
  it('has no audience, subject or roles', () => {
    const { header, claims } = decode(tokens.access_token)
    expect(header).toMatchObject({ alg: 'RS256', typ: 'JWT' })
    expect(shapeOf(claims)).toBe(
      '{exp: number, iat: number, jti: string, iss: string, typ: string, azp: string, sid: string, scope: string}',
    )
    expect(claims).toMatchObject({ iss: realm.issuer, typ: 'Bearer', azp: 'light' })
  })

  it('comes with a regular ID token and a refresh token without a subject', () => {
    expect(decode(tokens.id_token).claims).toMatchObject({ sub: alice, aud: 'light', typ: 'ID' })
    expect(Object.keys(decode(tokens.refresh_token).claims)).toEqual([
      'exp',
      'iat',
      'jti',
      'iss',
      'aud',
      'typ',
      'azp',
      'sid',
      'scope',
      'prov',
    ])
  })

  it.each(['light', 'light-without-basic'])(
    'of a service account has a subject, whatever the scopes: %s',
    async (name) => {
      const form = { grant_type: 'client_credentials', ...asClient(name) }
      const { access_token } = granted(await realm.token(form))
      expect(shapeOf(decode(access_token).claims)).toBe(
        '{exp: number, iat: number, jti: string, iss: string, sub: string, typ: string, azp: string, scope: string}',
      )
    },
  )

  it('has the claims of mappers for lightweight tokens', async () => {
    const { access_token } = await tokensOf(realm, 'alice', asClient('light-and-more'))
    const { claims } = decode(access_token)
    expect(shapeOf(claims)).toBe(
      '{exp: number, iat: number, jti: string, iss: string, aud: string, sub: string, typ: string, azp: string, ' +
        'sid: string, realm_access: {roles: [string]}, scope: string}',
    )
    expect(claims.realm_access.roles).toContain('admin')
  })

  it.each<[string, () => Promise<string>, RegExp]>([
    ['a password grant', async () => tokens.access_token, /^onltro:/],
    [
      'an authorization code',
      async () =>
        granted(await exchange(realm, await codeOf(realm, 'alice', { client_id: 'light' }), lightClient))
          .access_token,
      /^onltac:/,
    ],
    [
      'a refresh',
      async () => granted(await refresh(realm, tokens.refresh_token, lightClient)).access_token,
      /^onltrt:/,
    ],
    [
      'offline access',
      async () =>
        (await tokensOf(realm, 'alice', { ...lightClient, scope: 'openid offline_access' })).access_token,
      /^ofltro:/,
    ],
    [
      'a service account',
      async () =>
        granted(await realm.token({ grant_type: 'client_credentials', ...lightClient })).access_token,
      /^trltcc:/,
    ],
    [
      'a password grant of a client without lightweight tokens',
      async () => (await tokensOf(realm, 'alice')).access_token,
      /^onrtro:/,
    ],
  ])('has a jti whose prefix shows its kind, for %s', async (_, token, id) => {
    expect(decode(await token()).claims.jti).toMatch(id)
  })
})

describe('introspection of a lightweight access token', () => {
  it('returns all claims of a regular token', async () => {
    const reply = await introspect(tokens.access_token)
    expect([reply.status, reply.headers.get('cache-control')]).toEqual([200, 'no-cache'])
    expect(shapeOf(reply.json())).toBe(
      '{exp: number, iat: number, jti: string, iss: string, aud: [string], sub: string, typ: string, azp: string, ' +
        'sid: string, acr: string, allowed-origins: [string], realm_access: {roles: [string]}, ' +
        'resource_access: {account: {roles: [string]}}, scope: string, email_verified: boolean, name: string, ' +
        'preferred_username: string, given_name: string, family_name: string, email: string, client_id: string, ' +
        'username: string, token_type: string, active: boolean}',
    )
    const body = reply.json()
    expect(body).toMatchObject({
      ...decode(tokens.access_token).claims,
      aud: ['api', 'account'],
      sub: alice,
      client_id: 'light',
      username: 'alice',
      token_type: 'Bearer',
      active: true,
    })
    expect(body.realm_access.roles).toContain('admin')
  })

  it('names a service account', async () => {
    const { access_token } = granted(await realm.token({ grant_type: 'client_credentials', ...lightClient }))
    const body = (await introspect(access_token)).json()
    expect(body).toMatchObject({ aud: ['api', 'account'], username: 'service-account-light', active: true })
    expect(body.sub).toBe(decode(access_token).claims.sub)
    expect(body).not.toHaveProperty('sid')
  })

  it('returns only the claims from the client’s scopes', async () => {
    const { access_token } = await tokensOf(realm, 'alice', asClient('light-without-scopes'))
    const body = (await introspect(access_token)).json()
    expect(shapeOf(body)).toBe(
      '{exp: number, iat: number, jti: string, iss: string, aud: string, sub: string, typ: string, azp: string, ' +
        'sid: string, scope: string, client_id: string, username: string, token_type: string, active: boolean}',
    )
  })

  it('returns only inactive to a client outside its audience', async () => {
    expect(answerOf(await introspect(tokens.access_token, 'light'))).toEqual(json(200, { active: false }))
    const { access_token } = await tokensOf(realm, 'alice', asClient('light-for-none'))
    expect(answerOf(await introspect(access_token))).toEqual(json(200, { active: false }))
  })

  it('returns inactive after the session has ended', async () => {
    const { access_token, refresh_token } = await tokensOf(realm, 'alice', lightClient)
    await send(`${realm.oidc}/logout`, { form: { ...lightClient, refresh_token } })
    expect(answerOf(await introspect(access_token))).toEqual(json(200, { active: false }))
  })
})

describe('a refresh token has a subject if the access token has one', () => {
  it.each<[string, boolean]>([
    ['app', true],
    ['light', false],
    ['light-and-more', true],
    ['full-without-basic', false],
  ])('%s: %s', async (name, has) => {
    const { access_token, refresh_token } = await tokensOf(realm, 'alice', asClient(name))
    const subject = has ? alice : undefined
    expect([decode(access_token).claims.sub, decode(refresh_token).claims.sub]).toEqual([subject, subject])
    const renewed = granted(await refresh(realm, refresh_token, asClient(name)))
    expect(decode(renewed.refresh_token).claims.sub).toBe(subject)
  })
})

describe('userinfo', () => {
  it.each(['light', 'light-and-more'])('rejects a lightweight token: %s', async (name) => {
    const { access_token } = await tokensOf(realm, 'alice', asClient(name))
    const reply = await send(`${realm.oidc}/userinfo`, { bearer: access_token })
    expect([reply.status, reply.text, reply.headers.get('www-authenticate')]).toEqual([
      401,
      '',
      `Bearer realm="${realm.name}", error="invalid_token", ` +
        'error_description="Lightweight access token not allowed for userinfo endpoint"',
    ])
  })

  it('checks the scope openid first', async () => {
    const { access_token } = await tokensOf(realm, 'alice', { ...lightClient, scope: 'email' })
    const reply = await send(`${realm.oidc}/userinfo`, { bearer: access_token })
    expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([
      403,
      `Bearer realm="${realm.name}", error="insufficient_scope", error_description="Missing openid scope"`,
    ])
  })
})
