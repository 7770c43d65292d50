import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asClient, codeOf, exchange, granted, password, tokensOf } from '../src/grants.ts'
import { send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm()
afterAll(() => realm.close())

let alice: string
let signingKey: string
beforeAll(async () => {
  alice = await realm.addUser('alice', { roles: ['admin', 'user'], firstName: 'Alice', lastName: 'Adams' })
  const { keys } = (await send(`${realm.oidc}/certs`)).json()
  signingKey = keys.find((key: { use: string }) => key.use === 'sig').kid
})

const access = async (more: Record<string, string> = {}) =>
  decode((await tokensOf(realm, 'alice', more)).access_token)

describe('access token', () => {
  it('is signed with RS256 by a key of the JWKS', async () => {
    expect((await access()).header).toEqual({ alg: 'RS256', typ: 'JWT', kid: signingKey })
  })

  it('has these claims in this order', async () => {
    expect(shapeOf((await access()).claims)).toBe(
      '{exp: number, iat: number, jti: string, iss: string, aud: string, sub: string, typ: string, azp: string, ' +
        'sid: string, acr: string, allowed-origins: [string], realm_access: {roles: [string]}, ' +
        'resource_access: {account: {roles: [string]}}, scope: string, email_verified: boolean, name: string, ' +
        'preferred_username: string, given_name: string, family_name: string, email: string}',
    )
  })

  it('names the user, the client and the issuer', async () => {
    const { claims } = await access()
    expect(claims).toMatchObject({
      iss: realm.issuer,
      aud: 'account',
      sub: alice,
      typ: 'Bearer',
      azp: 'app',
      acr: '1',
      'allowed-origins': ['https://app.example'],
      email_verified: true,
      name: 'Alice Adams',
      preferred_username: 'alice',
      given_name: 'Alice',
      family_name: 'Adams',
      email: 'alice@example.org',
    })
    expect(claims.exp - claims.iat).toBe(300)
    expect(claims.sid).toMatch(/^[A-Za-z0-9_-]{24}$/)
    expect(claims.scope.split(' ').toSorted()).toEqual(['email', 'openid', 'profile'])
  })

  it('contains the roles of the user, including the default roles', async () => {
    const { claims } = await access()
    expect(claims.realm_access.roles.toSorted()).toEqual(
      ['admin', `default-roles-${realm.name}`, 'offline_access', 'uma_authorization', 'user'].toSorted(),
    )
    expect(claims.resource_access.account.roles.toSorted()).toEqual([
      'manage-account',
      'manage-account-links',
      'view-profile',
    ])
  })

  it.each<[string, string, () => Promise<string>]>([
    ['a password grant', 'onrtro', async () => (await tokensOf(realm, 'alice')).access_token],
    [
      'an authorization code',
      'onrtac',
      async () => granted(await exchange(realm, await codeOf(realm, 'alice'))).access_token,
    ],
    [
      'a password grant for offline access',
      'ofrtro',
      async () => (await tokensOf(realm, 'alice', { scope: 'openid offline_access' })).access_token,
    ],
  ])('has a jti whose prefix shows the grant: %s, %s', async (_, prefix, get) => {
    expect(decode(await get()).claims.jti).toMatch(new RegExp(`^${prefix}:[0-9a-f-]{36}$`))
  })

  it('has auth_time after a code flow', async () => {
    const tokens = granted(await exchange(realm, await codeOf(realm, 'alice')))
    const { claims } = decode(tokens.access_token)
    expect(Object.keys(claims).slice(0, 4)).toEqual(['exp', 'iat', 'auth_time', 'jti'])
    expect(claims.acr).toBe('1')
    expect(Math.abs(claims.auth_time - claims.iat)).toBeLessThan(10)
  })

  it('has no profile claims without the scopes profile and email', async () => {
    const id = await realm.addClient({ clientId: 'bare' })
    const scopes = (await realm.api(`/clients/${id}/default-client-scopes`)).json()
    for (const scope of scopes)
      if (['profile', 'email', 'roles'].includes(scope.name))
        await realm.api(`/clients/${id}/default-client-scopes/${scope.id}`, { method: 'DELETE' })
    const { claims } = await access(asClient('bare'))
    expect(Object.keys(claims)).toEqual([
      'exp',
      'iat',
      'jti',
      'iss',
      'sub',
      'typ',
      'azp',
      'sid',
      'acr',
      'allowed-origins',
      'scope',
    ])
    expect(claims.scope).toBe('openid')
  })
})

describe('ID token', () => {
  it('has the client as audience and these claims in this order', async () => {
    const tokens = granted(await exchange(realm, await codeOf(realm, 'alice', { nonce: 'n' })))
    const { header, claims } = decode(tokens.id_token)
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', kid: signingKey })
    expect(shapeOf(claims)).toBe(
      '{exp: number, iat: number, auth_time: number, jti: string, iss: string, aud: string, sub: string, typ: string, ' +
        'azp: string, nonce: string, sid: string, at_hash: string, acr: string, email_verified: boolean, name: string, ' +
        'preferred_username: string, given_name: string, family_name: string, email: string}',
    )
    expect(claims).toMatchObject({
      iss: realm.issuer,
      aud: 'app',
      azp: 'app',
      sub: alice,
      typ: 'ID',
      nonce: 'n',
    })
    expect(claims.jti).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('refresh token', () => {
  it('has the realm as audience and is signed with its HMAC secret', async () => {
    const { header, claims } = decode((await tokensOf(realm, 'alice')).refresh_token)
    expect(header).toEqual({ alg: 'HS512', typ: 'JWT', kid: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect(Object.keys(claims)).toEqual([
      'exp',
      'iat',
      'jti',
      'iss',
      'aud',
      'sub',
      'typ',
      'azp',
      'sid',
      'scope',
      'aud_x',
      'prov',
    ])
    expect(claims).toMatchObject({
      iss: realm.issuer,
      aud: realm.issuer,
      sub: alice,
      typ: 'Refresh',
      azp: 'app',
    })
    expect(claims.exp - claims.iat).toBe(1800)
  })

  it('never expires with offline access', async () => {
    const tokens = await tokensOf(realm, 'alice', { scope: 'openid offline_access' })
    expect(tokens.refresh_expires_in).toBe(0)
    const { claims } = decode(tokens.refresh_token)
    expect(claims).toMatchObject({ typ: 'Offline', azp: 'app' })
    expect(claims).not.toHaveProperty('exp')
    expect(tokens.scope.split(' ')).toContain('offline_access')
  })
})

describe('a mapper adds', () => {
  const mapper = (name: string, protocolMapper: string, config: Record<string, string>) => ({
    name,
    protocol: 'openid-connect',
    protocolMapper,
    config: {
      'access.token.claim': 'true',
      'id.token.claim': 'true',
      'userinfo.token.claim': 'true',
      ...config,
    },
  })
  const withMapper = async (clientId: string, ...protocolMappers: ReturnType<typeof mapper>[]) => {
    await realm.addClient({ clientId, protocolMappers })
    return granted(await realm.token(password('alice', asClient(clientId))))
  }

  it('audience: a client, before the audiences from roles', async () => {
    const config = { 'included.client.audience': 'app', 'id.token.claim': 'false' }
    const tokens = await withMapper('with-audience', mapper('audience', 'oidc-audience-mapper', config))
    expect(decode(tokens.access_token).claims.aud).toEqual(['app', 'account'])
    expect(decode(tokens.id_token).claims.aud).toBe('with-audience')
  })

  it('audience: any string', async () => {
    const config = { 'included.custom.audience': 'https://api.example', 'id.token.claim': 'false' }
    const tokens = await withMapper('custom-audience', mapper('audience', 'oidc-audience-mapper', config))
    expect(decode(tokens.access_token).claims.aud).toEqual(['https://api.example', 'account'])
  })

  it('a fixed claim of the configured type', async () => {
    const tokens = await withMapper(
      'fixed',
      mapper('text', 'oidc-hardcoded-claim-mapper', {
        'claim.name': 'text',
        'claim.value': '42',
        'jsonType.label': 'String',
      }),
      mapper('number', 'oidc-hardcoded-claim-mapper', {
        'claim.name': 'number',
        'claim.value': '42',
        'jsonType.label': 'int',
      }),
      mapper('flag', 'oidc-hardcoded-claim-mapper', {
        'claim.name': 'flag',
        'claim.value': 'true',
        'jsonType.label': 'boolean',
      }),
      mapper('nested', 'oidc-hardcoded-claim-mapper', {
        'claim.name': 'a.b',
        'claim.value': 'c',
        'jsonType.label': 'String',
      }),
    )
    const fixed = { text: '42', number: 42, flag: true, a: { b: 'c' } }
    expect(decode(tokens.access_token).claims).toMatchObject(fixed)
    expect(decode(tokens.id_token).claims).toMatchObject(fixed)
    const userinfo = await send(`${realm.oidc}/userinfo`, { bearer: tokens.access_token })
    expect(userinfo.json()).toMatchObject(fixed)
  })

  it('a claim only to the tokens that it is enabled for', async () => {
    const config = { 'claim.name': 'x', 'claim.value': 'y', 'jsonType.label': 'String' }
    const nowhere = {
      ...config,
      'access.token.claim': 'false',
      'id.token.claim': 'true',
      'userinfo.token.claim': 'false',
    }
    const tokens = await withMapper('id-only', mapper('x', 'oidc-hardcoded-claim-mapper', nowhere))
    expect(decode(tokens.id_token).claims.x).toBe('y')
    expect(decode(tokens.access_token).claims).not.toHaveProperty('x')
    const userinfo = await send(`${realm.oidc}/userinfo`, { bearer: tokens.access_token })
    expect(userinfo.json()).not.toHaveProperty('x')
  })

  it('the groups of a user, as paths or names', async () => {
    const { id: staff } = await realm.admin.client.groups.create({ name: 'staff' })
    const { id: crew } = await realm.admin.client.groups.createChildGroup({ id: staff }, { name: 'crew' })
    await realm.admin.client.users.addToGroup({ id: alice, groupId: crew })
    const tokens = await withMapper(
      'grouped',
      mapper('paths', 'oidc-group-membership-mapper', { 'claim.name': 'paths', 'full.path': 'true' }),
      mapper('names', 'oidc-group-membership-mapper', { 'claim.name': 'names', 'full.path': 'false' }),
    )
    expect(decode(tokens.access_token).claims).toMatchObject({ paths: ['/staff/crew'], names: ['crew'] })
  })

  it('the realm roles in another claim', async () => {
    const config = { 'claim.name': 'roles', multivalued: 'true', 'jsonType.label': 'String' }
    const tokens = await withMapper('flat-roles', mapper('roles', 'oidc-usermodel-realm-role-mapper', config))
    expect(decode(tokens.access_token).claims.roles).toEqual(expect.arrayContaining(['admin', 'user']))
  })
})

describe('client roles and full scope', () => {
  it('client roles are in resource_access, and the client is an audience', async () => {
    const [user, id] = [await realm.addUser('reader'), await realm.addClient({ clientId: 'api' })]
    await realm.admin.client.clients.createRole({ id, name: 'reader' })
    const role = await realm.admin.client.clients.findRole({ id, roleName: 'reader' })
    const roles = [{ id: role?.id ?? '', name: 'reader' }]
    await realm.admin.client.users.addClientRoleMappings({ id: user, clientUniqueId: id, roles })
    const { claims } = decode((await tokensOf(realm, 'reader')).access_token)
    expect(claims.resource_access.api).toEqual({ roles: ['reader'] })
    expect(claims.aud.toSorted()).toEqual(['account', 'api'])
    const own = decode((await tokensOf(realm, 'reader', asClient('api'))).access_token)
    expect(own.claims.aud).toBe('account')
  })

  it('without full scope, the token has only the roles in scope', async () => {
    await realm.addClient({ clientId: 'narrow', fullScopeAllowed: false })
    const { claims } = await access(asClient('narrow'))
    expect(claims).not.toHaveProperty('realm_access')
    expect(claims).not.toHaveProperty('resource_access')
  })
})
