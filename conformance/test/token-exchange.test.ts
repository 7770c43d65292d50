import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, oauthError, secondsLeft } from '../src/expect.ts'
import { type Reply, send } from '../src/http.ts'
import { appSecret, openRealm, type TestRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

// Standard token exchange (RFC 8693), which Keycloak has since 26.2.

describe('token exchange', () => {
  let realm: TestRealm
  let tokens: Record<'access_token' | 'refresh_token' | 'id_token', string>

  beforeAll(async () => {
    realm = await openRealm()
    const { client } = realm.admin
    const on = { attributes: { 'standard.token.exchange.enabled': 'true' } }
    await realm.addClient({ clientId: 'shop', ...on, protocolMappers: [audience('shop')] })
    await realm.addClient({
      clientId: 'web',
      publicClient: true,
      protocolMappers: [audience('shop'), audience('renewing'), audience('asking')],
    })
    await realm.addClient({ clientId: 'stranger', publicClient: true })
    await realm.addClient({
      clientId: 'public',
      publicClient: true,
      ...on,
      protocolMappers: [audience('public')],
    })
    await realm.addClient({ clientId: 'off', protocolMappers: [audience('off')] })
    await realm.addClient({
      clientId: 'bound',
      attributes: { ...on.attributes, 'dpop.bound.access.tokens': 'true' },
    })
    await realm.addClient({
      clientId: 'renewing',
      attributes: {
        ...on.attributes,
        'standard.token.exchange.enableRefreshRequestedTokenType': 'SAME_SESSION',
      },
    })
    await realm.addClient({
      clientId: 'asking',
      ...on,
      consentRequired: true,
      protocolMappers: [audience('asking')],
    })
    await realm.addClient({
      clientId: 'light',
      attributes: { ...on.attributes, 'client.use.lightweight.access.token.enabled': 'true' },
    })
    await realm.addClient({ clientId: 'stock' })
    await realm.addClient({ clientId: 'closed', enabled: false })
    const { id: scopeId } = await client.clientScopes.create({
      name: 'stock-read',
      protocol: 'openid-connect',
      attributes: { 'include.in.token.scope': 'true' },
      protocolMappers: [audience('stock')],
    })
    const [shop] = await client.clients.find({ clientId: 'shop' })
    await client.clients.addOptionalClientScope({ id: shop?.id ?? '', clientScopeId: scopeId })
    await realm.addUser('alice')
    tokens = await login('shop')
  })
  afterAll(() => realm.close())

  async function login(client_id: string, scope = 'openid') {
    const secret = publicClients.has(client_id) ? undefined : appSecret
    const form = { grant_type: 'password', client_id, username: 'alice', password: 'alice', scope }
    const reply = await realm.token({ ...form, ...(secret === undefined ? {} : { client_secret: secret }) })
    expect(reply.status).toBe(200)
    return reply.json() as typeof tokens
  }

  async function serviceToken(client_id: string): Promise<string> {
    const form = { grant_type: 'client_credentials', client_id, client_secret: appSecret }
    return ((await realm.token(form)).json() as typeof tokens).access_token
  }

  async function introspect(client_id: string, token: string): Promise<Record<string, unknown>> {
    const form = { client_id, client_secret: appSecret, token }
    return (await send(`${realm.oidc}/token/introspect`, { form })).json() as Record<string, unknown>
  }

  /** An exchange by `shop` of its own token; a parameter '' is omitted. */
  function exchange(form: Record<string, string> = {}): Promise<Reply> {
    const standard = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      client_id: 'shop',
      client_secret: appSecret,
      subject_token: tokens.access_token,
      subject_token_type: type('access_token'),
    }
    const given = Object.entries({ ...standard, ...form }).filter(([, value]) => value !== '')
    return realm.token(Object.fromEntries(given))
  }

  const invalid = (description: string) => oauthError(400, 'invalid_request', description)

  it('returns an access token of the same session, without a refresh token', async () => {
    const reply = await exchange({ audience: 'stock', scope: 'stock-read' })
    const subject = decode(tokens.access_token).claims
    const { access_token, ...members } = reply.json() as Record<string, string>
    expect(members).toEqual({
      expires_in: secondsLeft(300),
      refresh_expires_in: 0,
      token_type: 'Bearer',
      'not-before-policy': 0,
      session_state: subject['sid'],
      scope: expect.stringMatching(/\bstock-read\b/) as unknown,
      issued_token_type: type('access_token'),
    })
    const { claims } = decode(access_token ?? '')
    const { sub, sid } = subject
    expect(claims).toMatchObject({ aud: 'stock', azp: 'shop', sub, sid, typ: 'Bearer' })
    expect(claims['jti']).toMatch(/^onrtte:/)
  })

  it.each<[string, Record<string, string>, unknown]>([
    ['without an audience: those of the scopes', { scope: 'stock-read' }, ['account', 'shop', 'stock']],
    ['for the client itself', { audience: 'shop' }, 'shop'],
    ['of one of two audiences', { audience: 'shop', scope: 'stock-read' }, 'shop'],
    ['with a resource, which is ignored', { resource: 'https://stock.example' }, ['account', 'shop']],
    [
      'with an actor, which is ignored',
      { actor_token: 'x', actor_token_type: type('access_token') },
      ['account', 'shop'],
    ],
  ])('%s', async (_name, form, aud) => {
    const reply = await exchange(form)
    const { claims } = decode((reply.json() as { access_token: string }).access_token)
    const found = claims['aud'] as unknown
    // In no fixed order.
    expect(Array.isArray(found) ? found.toSorted() : found).toEqual(aud)
  })

  it('accepts the token of another client whose audience contains this one', async () => {
    const { access_token } = await login('web')
    expect((await exchange({ subject_token: access_token })).status).toBe(200)
  })

  it('keeps only the roles of the requested audience, and those of the realm', async () => {
    const { claims } = decode((await exchange({ audience: 'account' })).json().access_token as string)
    const subject = decode(tokens.access_token).claims
    const { account } = subject['resource_access'] as Record<string, unknown>
    expect(claims['aud']).toBe('account')
    expect(claims['resource_access']).toEqual({ account })
    expect(claims['realm_access']).toEqual(subject['realm_access'])
    const shop = decode((await exchange({ audience: 'shop' })).json().access_token as string).claims
    expect(shop['resource_access']).toEqual({})
  })

  it('names all audiences that it lacks', async () => {
    const reply = await realm.token(
      {},
      { form: [...(await pairs()), ['audience', 'web'], ['audience', 'off']] },
    )
    expect(answerOf(reply)).toEqual(invalid('Requested audience not available: web, off'))
  })

  it('takes several audiences and resources, and every other parameter once', async () => {
    const given = await pairs()
    const two = await realm.token({}, { form: [...given, ['audience', 'shop'], ['audience', 'account']] })
    expect((decode(two.json().access_token as string).claims['aud'] as string[]).toSorted()).toEqual([
      'account',
      'shop',
    ])
    const resources = [...given, ['resource', 'https://a.example'], ['resource', 'https://b.example']]
    expect((await realm.token({}, { form: resources as [string, string][] })).status).toBe(200)
    const twice = [...given, ['subject_token', 'x']] as [string, string][]
    expect(answerOf(await realm.token({}, { form: twice }))).toEqual(invalid('duplicated parameter'))
  })

  async function pairs(): Promise<[string, string][]> {
    return [
      ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      ['client_id', 'shop'],
      ['client_secret', appSecret],
      ['subject_token', (await login('shop')).access_token],
      ['subject_token_type', type('access_token')],
    ]
  }

  it('has an ID token besides if the scope asks for it', async () => {
    const reply = (await exchange({ scope: 'openid' })).json()
    expect(Object.keys(reply as object)).toEqual([
      'access_token',
      'expires_in',
      'refresh_expires_in',
      'token_type',
      'id_token',
      'not-before-policy',
      'session_state',
      'scope',
      'issued_token_type',
    ])
    const { claims } = decode(reply.id_token as string)
    expect(claims).toMatchObject({
      aud: 'shop',
      azp: 'shop',
      typ: 'ID',
      at_hash: expect.any(String) as unknown,
    })
  })

  it('returns an ID token as N_A', async () => {
    const reply = (await exchange({ requested_token_type: type('id_token'), audience: 'shop' })).json()
    expect(reply).toMatchObject({ token_type: 'N_A', issued_token_type: type('id_token') })
    expect(reply).not.toHaveProperty('id_token')
    const { claims } = decode(reply.access_token as string)
    expect(claims).toMatchObject({ aud: 'shop', typ: 'ID', azp: 'shop' })
    expect(claims).not.toHaveProperty('at_hash')
  })

  it('the token of another client gives a transient one: the session does not list the client', async () => {
    const { access_token: subject_token } = await login('web')
    const { access_token: token } = (
      await exchange({ subject_token, scope: 'openid' })
    ).json() as typeof tokens
    const { claims } = decode(token)
    expect(claims['jti']).toMatch(/^ntrtte:/)
    expect(await introspect('shop', token)).toMatchObject({ active: true, client_id: 'shop' })
    const userinfo = await send(`${realm.oidc}/userinfo`, { bearer: token })
    expect(userinfo.json()).toMatchObject({ sub: claims['sub'], preferred_username: 'alice' })
    const sessions = (await realm.api(`/users/${claims['sub'] as string}/sessions`)).json() as {
      id: string
      clients: object
    }[]
    const session = sessions.find(({ id }) => id === claims['sid'])
    expect(Object.values(session?.clients ?? {})).toEqual(['web'])
  })

  it('of an offline session and of a service account', async () => {
    const { access_token: offline } = await login('shop', 'openid offline_access')
    const ofOffline = (await exchange({ subject_token: offline })).json() as typeof tokens
    expect(decode(ofOffline.access_token).claims['jti']).toMatch(/^ftrtte:/)
    expect(await introspect('shop', ofOffline.access_token)).toMatchObject({ active: true })
    const ofService = (await exchange({ subject_token: await serviceToken('shop') })).json()
    expect(ofService).not.toHaveProperty('session_state')
    const { claims } = decode(ofService.access_token as string)
    expect(claims).toMatchObject({ azp: 'shop', preferred_username: 'service-account-shop' })
    expect(claims['jti']).toMatch(/^trrtte:/)
    expect(claims).not.toHaveProperty('sid')
  })

  it('for offline access without a refresh token leaves no offline session', async () => {
    const { access_token: token } = (await exchange({ scope: 'offline_access' })).json() as typeof tokens
    expect(decode(token).claims['jti']).toMatch(/^ofrtte:/)
    expect(await introspect('shop', token)).toEqual({ active: false })
  })

  it('of a lightweight token is lightweight', async () => {
    const { access_token } = await login('light')
    const reply = await exchange({ client_id: 'light', subject_token: access_token })
    const { claims } = decode((reply.json() as typeof tokens).access_token)
    expect(claims['jti']).toMatch(/^onltte:/)
    expect(Object.keys(claims)).toEqual(['exp', 'iat', 'jti', 'iss', 'typ', 'azp', 'sid', 'scope'])
  })

  it('is introspected by those in its own audience', async () => {
    const reply = await exchange({ audience: 'stock', scope: 'stock-read' })
    const { access_token: token } = reply.json() as typeof tokens
    const found = await introspect('stock', token)
    expect(found).toMatchObject({ active: true, client_id: 'shop' })
    // As it would be without the request's audience.
    expect((found['aud'] as string[]).toSorted()).toEqual(['account', 'shop', 'stock'])
    expect(await introspect('shop', token)).toEqual({ active: false })
  })

  it('narrows what the token may do at the Admin API', async () => {
    const { client } = realm.admin
    const on = { 'standard.token.exchange.enabled': 'true' }
    await realm.addClient({ clientId: 'console', fullScopeAllowed: false, attributes: on })
    const name = 'administration'
    const { id: scopeId } = await client.clientScopes.create({ name, protocol: 'openid-connect' })
    const [management] = await client.clients.find({ clientId: 'realm-management' })
    const [console] = await client.clients.find({ clientId: 'console' })
    const role = (await realm.api(`/clients/${management?.id}/roles/view-users`)).json()
    await realm.addUser('adam')
    const [adam] = await client.users.find({ username: 'adam' })
    for (const path of [
      `/client-scopes/${scopeId}/scope-mappings/clients/${management?.id}`,
      `/users/${adam?.id}/role-mappings/clients/${management?.id}`,
    ]) {
      expect((await realm.api(path, { method: 'POST', json: [role] })).status).toBe(204)
    }
    await client.clients.addOptionalClientScope({ id: console?.id ?? '', clientScopeId: scopeId })
    const form = { client_id: 'console', client_secret: appSecret }
    const user = { grant_type: 'password', username: 'adam', password: 'adam', scope: `openid ${name}` }
    const { access_token: subject_token } = (await realm.token({ ...form, ...user })).json() as typeof tokens
    const narrow = (await exchange({ ...form, subject_token, scope: 'openid' })).json() as typeof tokens
    const users = `${realm.issuer.replace('/realms/', '/admin/realms/')}/users`
    const statusFor = async (token: string) =>
      (await send(users, { headers: { authorization: `Bearer ${token}` } })).status
    expect([await statusFor(subject_token), await statusFor(narrow.access_token)]).toEqual([200, 403])
  })

  it('returns a refresh token if the client may have one, and joins the session', async () => {
    const { access_token: subject_token } = await login('web')
    const requested_token_type = type('refresh_token')
    const reply = await exchange({
      client_id: 'renewing',
      subject_token,
      requested_token_type,
      scope: 'openid',
    })
    const { access_token, refresh_token, ...members } = reply.json() as typeof tokens
    expect(members).toMatchObject({
      token_type: 'Bearer',
      refresh_expires_in: secondsLeft(1800),
      issued_token_type: requested_token_type,
    })
    const { claims } = decode(access_token)
    expect(claims['jti']).toMatch(/^onrtte:/)
    const sessions = (await realm.api(`/users/${claims['sub'] as string}/sessions`)).json() as {
      id: string
      clients: object
    }[]
    const session = sessions.find(({ id }) => id === claims['sid'])
    expect(Object.values(session?.clients ?? {}).toSorted()).toEqual(['renewing', 'web'])
    const client = { client_id: 'renewing', client_secret: appSecret }
    const refreshed = await realm.token({ grant_type: 'refresh_token', ...client, refresh_token })
    expect(refreshed.status).toBe(200)
  })

  it.each<[string, () => Promise<Record<string, string>>, Record<string, unknown>]>([
    [
      'an audience without a mapper',
      async () => ({ audience: 'stock' }),
      invalid('Requested audience not available: stock'),
    ],
    [
      'an unknown audience',
      async () => ({ audience: 'nowhere' }),
      oauthError(400, 'invalid_client', 'Audience not found'),
    ],
    [
      'a disabled audience',
      async () => ({ audience: 'closed' }),
      oauthError(400, 'invalid_client', 'Client disabled'),
    ],
    [
      'an unknown scope',
      async () => ({ scope: 'flying' }),
      oauthError(400, 'invalid_scope', 'Invalid scopes: flying'),
    ],
    [
      'a token for others',
      async () => ({ subject_token: (await login('stranger')).access_token }),
      oauthError(403, 'access_denied', 'Client is not within the token audience'),
    ],
    [
      'a public client',
      async () => ({
        client_id: 'public',
        client_secret: '',
        subject_token: (await login('public')).access_token,
      }),
      oauthError(400, 'invalid_client', 'Public client is not allowed to exchange token'),
    ],
    [
      'a client for which it is off',
      async () => ({ client_id: 'off', subject_token: (await login('off')).access_token }),
      invalid('Standard token exchange is not enabled for the requested client'),
    ],
    ['a token that is none', async () => ({ subject_token: 'garbage' }), invalid('Invalid token')],
    ['an ID token', async () => ({ subject_token: tokens.id_token }), invalid('Invalid token')],
    ['a refresh token', async () => ({ subject_token: tokens.refresh_token }), invalid('Invalid token')],
    [
      'no token',
      async () => ({ subject_token: '' }),
      invalid("Parameter 'subject_token' required for standard token exchange"),
    ],
    ['an empty token', async () => ({ subject_token: '\t' }), invalid('Invalid token')],
    [
      'another subject',
      async () => ({ requested_subject: 'bob', subject_token: '' }),
      invalid("Parameter 'requested_subject' is not supported for standard token exchange"),
    ],
    [
      'another issuer',
      async () => ({ requested_issuer: 'x' }),
      invalid("Parameter 'requested_issuer' is not supported for standard token exchange"),
    ],
    [
      'the token of another issuer',
      async () => ({ subject_issuer: 'x' }),
      invalid("Parameter 'subject_issuer' is not supported for standard token exchange"),
    ],
    [
      'a client without the consent of the user',
      async () => ({ client_id: 'asking', subject_token: (await login('web')).access_token }),
      oauthError(400, 'invalid_scope', 'Missing consents for Token Exchange in client asking'),
    ],
    [
      'an ID token for an audience without a mapper',
      async () => ({ audience: 'stock', requested_token_type: type('id_token') }),
      invalid('Requested audience not available: stock'),
    ],
    [
      'a refresh token with offline access',
      async () => ({
        client_id: 'renewing',
        subject_token: (await login('web')).access_token,
        requested_token_type: type('refresh_token'),
        scope: 'offline_access',
      }),
      invalid('Scope offline_access not allowed for token exchange'),
    ],
    [
      'a refresh token for an offline session',
      async () => ({
        client_id: 'renewing',
        subject_token: (await login('renewing', 'openid offline_access')).access_token,
        requested_token_type: type('refresh_token'),
      }),
      invalid('Refresh token not valid as requested_token_type because creating a new session is needed'),
    ],
    [
      'a refresh token for a service account',
      async () => ({
        client_id: 'renewing',
        subject_token: await serviceToken('renewing'),
        requested_token_type: type('refresh_token'),
      }),
      invalid('Refresh token not valid as requested_token_type because creating a new session is needed'),
    ],
    [
      'no type of the token',
      async () => ({ subject_token_type: '' }),
      invalid("Parameter 'subject_token_type' required for standard token exchange"),
    ],
    [
      'another type of the token',
      async () => ({ subject_token_type: type('jwt') }),
      invalid("Parameter 'subject_token' supports access tokens only"),
    ],
    [
      'a refresh token to return',
      async () => ({ requested_token_type: type('refresh_token') }),
      invalid('requested_token_type unsupported'),
    ],
    [
      'a JWT to return',
      async () => ({ requested_token_type: type('jwt') }),
      invalid('requested_token_type unsupported'),
    ],
  ])('is refused: %s', async (_name, form, expected) => {
    expect(answerOf(await exchange(await form()))).toEqual(expected)
  })

  it('is refused after a logout, and the exchanged token is no longer active', async () => {
    const { access_token: subject_token, refresh_token } = await login('shop')
    const reply = await exchange({ subject_token, audience: 'stock', scope: 'stock-read' })
    const { access_token: token } = reply.json() as { access_token: string }
    const client = { client_id: 'shop', client_secret: appSecret }
    const url = `${realm.oidc}/logout`
    await fetch(url, { method: 'POST', body: new URLSearchParams({ ...client, refresh_token }) })
    expect(answerOf(await exchange({ subject_token }))).toEqual(invalid('Invalid token'))
    const form = new URLSearchParams({ client_id: 'stock', client_secret: appSecret, token })
    const introspected = await fetch(`${realm.oidc}/token/introspect`, { method: 'POST', body: form })
    expect(await introspected.json()).toEqual({ active: false })
  })
})

const publicClients: ReadonlySet<string> = new Set(['web', 'stranger', 'public'])

function type(name: string): string {
  return `urn:ietf:params:oauth:token-type:${name}`
}

function audience(client: string) {
  return {
    name: `audience-${client}`,
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': client, 'access.token.claim': 'true' },
  }
}
