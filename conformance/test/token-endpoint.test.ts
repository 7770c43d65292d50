import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json, oauthError, secondsLeft } from '../src/expect.ts'
import { appClient, asClient, password } from '../src/grants.ts'
import { send } from '../src/http.ts'
import { appSecret, openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm()
const tokenUrl = `${realm.oidc}/token`
afterAll(() => realm.close())
beforeAll(async () => {
  await realm.addUser('alice')
  await realm.addUser('carol', { enabled: false })
  await realm.addUser('dave', { email: '', firstName: '', lastName: '' })
  await realm.addUser('erin', { credentials: [{ type: 'password', value: 'erin', temporary: true }] })
  await realm.addClient({ clientId: 'spa', publicClient: true })
  await realm.addClient({ clientId: 'other' })
  await realm.addClient({
    clientId: 'only-code',
    directAccessGrantsEnabled: false,
    serviceAccountsEnabled: false,
  })
  await realm.addClient({ clientId: 'off', enabled: false })
  await realm.addClient({ clientId: 'bearer', bearerOnly: true })
  await realm.addClient({ clientId: 'odd: name/ü', secret: 'p%a+s:s ß' })
})

const passwordGrant = { grant_type: 'password', username: 'alice', password: 'alice' }
const badClient = 'Invalid client or Invalid client credentials'

describe('a client with one allowed authentication method', () => {
  it.each([
    ['client_secret_basic', 'client_secret_post'],
    ['client_secret_post', 'client_secret_basic'],
  ])('is accepted with %s and rejected with %s', async (allowed, other) => {
    const clientId = `only-${allowed}`
    await realm.addClient({
      clientId,
      attributes: { 'client.secret.authentication.allowed.method': allowed },
    })
    const by = (method: string) =>
      method === 'client_secret_basic'
        ? send(tokenUrl, { form: { grant_type: 'client_credentials' }, basic: [clientId, appSecret] })
        : send(tokenUrl, { form: { grant_type: 'client_credentials', ...asClient(clientId) } })

    expect((await by(allowed)).status).toBe(200)
    expect(answerOf(await by(other))).toEqual(
      oauthError(
        401,
        'unauthorized_client',
        `Invalid method used to get client secret. Client requires method '${allowed}' to obtain client secret from the request`,
      ),
    )
  })
})

describe('client authentication', () => {
  it.each<[string, Record<string, string>, Parameters<typeof send>[1]]>([
    ['its secret in the form', appClient, {}],
    ['its secret in the Authorization header', {}, { basic: ['app', appSecret] }],
    ['both', appClient, { basic: ['app', appSecret] }],
    ['both, where the form takes precedence', appClient, { basic: ['other', 'wrong'] }],
    ['special characters, encoded', {}, { basic: ['odd: name/ü', 'p%a+s:s ß'] }],
    ['a public client with its id', { client_id: 'spa' }, {}],
    ['a public client with a secret, which is ignored', { client_id: 'spa', client_secret: 'x' }, {}],
  ])('accepts %s', async (_, form, request) => {
    const reply = await realm.token({ ...passwordGrant, ...form }, request)
    expect([reply.status, reply.json().token_type]).toEqual([200, 'Bearer'])
  })

  it.each<[string, Record<string, string>, Parameters<typeof send>[1], string, string]>([
    ['a wrong secret', {}, { basic: ['app', 'x'] }, 'unauthorized_client', badClient],
    [
      'a wrong secret in the form',
      { client_id: 'app', client_secret: 'x' },
      {},
      'unauthorized_client',
      badClient,
    ],
    ['no secret', { client_id: 'app' }, {}, 'unauthorized_client', badClient],
    ['an unknown client', { client_id: 'ghost', client_secret: 'x' }, {}, 'invalid_client', badClient],
    ['an unknown client without secret', { client_id: 'ghost' }, {}, 'invalid_client', badClient],
    ['no client', {}, {}, 'invalid_client', badClient],
    ['a disabled client', asClient('off'), {}, 'invalid_client', badClient],
    [
      'a malformed Authorization header',
      {},
      { headers: { authorization: 'Basic !!!' } },
      'invalid_client',
      badClient,
    ],
    ['a bearer token', {}, { bearer: 'x' }, 'invalid_client', badClient],
  ])('rejects %s', async (_, form, request, error, description) => {
    const reply = await realm.token({ ...passwordGrant, ...form }, request)
    expect(answerOf(reply, 'cache-control', 'pragma')).toEqual({
      ...oauthError(401, error, description),
      'cache-control': 'no-store',
      pragma: 'no-cache',
    })
  })

  it('rejects a bearer-only client', async () => {
    const reply = await realm.token({ ...passwordGrant, ...asClient('bearer') })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_client', 'Bearer-only not allowed'))
  })
})

describe('a token request', () => {
  it('must be a POST', async () => {
    expect(answerOf(await send(tokenUrl))).toEqual(json(405, { error: 'HTTP 405 Method Not Allowed' }))
  })

  it.each<[string, Parameters<typeof send>[1]]>([
    ['no grant type', { form: appClient }],
    ['nothing', { form: {} }],
    ['no body', { method: 'POST' }],
    ['JSON', { json: { ...passwordGrant, ...appClient } }],
    ['plain text', { body: 'grant_type=password', headers: { 'content-type': 'text/plain' } }],
  ])('must be a form with a grant type, not %s', async (_, request) => {
    const reply = await send(tokenUrl, request)
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'Missing form parameter: grant_type'))
  })

  it('must not have its parameters in the query', async () => {
    const reply = await send(`${tokenUrl}?${new URLSearchParams({ ...passwordGrant, ...appClient })}`, {
      form: {},
    })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'Missing form parameter: grant_type'))
  })

  it('must have a known grant type', async () => {
    const reply = await realm.token({ grant_type: 'nope', ...appClient })
    expect(answerOf(reply)).toEqual(oauthError(400, 'unsupported_grant_type', 'Unsupported grant_type'))
  })

  it.each([['username'], ['scope'], ['unknown']])('must not have a parameter twice: %s', async (name) => {
    const form: [string, string][] = [
      ...Object.entries({ ...passwordGrant, ...appClient, [name]: 'a' }),
      [name, 'b'],
    ]
    const reply = await send(tokenUrl, { form })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'duplicated parameter'))
  })
})

describe('password grant', () => {
  it('returns these fields in this order', async () => {
    const reply = await realm.token({ ...passwordGrant, ...appClient })
    expect(Object.keys(reply.json())).toEqual([
      'access_token',
      'expires_in',
      'refresh_expires_in',
      'refresh_token',
      'token_type',
      'not-before-policy',
      'session_state',
      'scope',
    ])
    expect([reply.headers.get('cache-control'), reply.headers.get('pragma')]).toEqual([
      'no-store',
      'no-cache',
    ])
  })

  it('adds an ID token for the scope openid', async () => {
    expect(Object.keys((await realm.token(password('alice'))).json())[5]).toBe('id_token')
  })

  it('creates a new session each time', async () => {
    const [a, b] = await Promise.all([realm.token(password('alice')), realm.token(password('alice'))])
    expect(a.json().session_state).not.toBe(b.json().session_state)
  })

  it.each<[string, Record<string, string>, number, string, string]>([
    ['a wrong password', { password: 'x' }, 400, 'invalid_grant', 'Invalid user credentials'],
    ['an unknown user', { username: 'nobody' }, 400, 'invalid_grant', 'Invalid user credentials'],
    ['an empty password', { password: '' }, 400, 'invalid_grant', 'Invalid user credentials'],
    ['a disabled user', { username: 'carol', password: 'carol' }, 400, 'invalid_grant', 'Account disabled'],
    [
      'a disabled user, wrong password',
      { username: 'carol' },
      400,
      'invalid_grant',
      'Invalid user credentials',
    ],
    [
      'a user without e-mail and names',
      { username: 'dave', password: 'dave' },
      400,
      'invalid_grant',
      'Account is not fully set up',
    ],
    [
      'a temporary password',
      { username: 'erin', password: 'erin' },
      400,
      'invalid_grant',
      'Account is not fully set up',
    ],
    ['an unknown scope', { scope: 'nope' }, 400, 'invalid_scope', 'Invalid scopes: nope'],
    ['an empty scope', { scope: '' }, 400, 'invalid_scope', 'Invalid scopes: '],
    [
      'an unknown scope among others',
      { scope: 'openid nope' },
      400,
      'invalid_scope',
      'Invalid scopes: openid nope',
    ],
    [
      'a client without direct grants',
      asClient('only-code'),
      400,
      'unauthorized_client',
      'Client not allowed for direct access grants',
    ],
  ])('rejects %s', async (_, form, status, error, description) => {
    const reply = await realm.token({ ...passwordGrant, ...appClient, ...form })
    expect(answerOf(reply)).toEqual(oauthError(status, error, description))
  })

  it('rejects a form without user name', async () => {
    const reply = await realm.token({ grant_type: 'password', password: 'alice', ...appClient })
    expect(answerOf(reply)).toEqual(oauthError(401, 'invalid_request', 'Missing parameter: username'))
  })

  it('rejects a form without password', async () => {
    const reply = await realm.token({ grant_type: 'password', username: 'alice', ...appClient })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_grant', 'Invalid user credentials'))
  })

  it('accepts the e-mail address as user name', async () => {
    const reply = await realm.token({ ...passwordGrant, ...appClient, username: 'Alice@example.org' })
    expect(decode(reply.json().access_token).claims.preferred_username).toBe('alice')
  })
})

describe('client credentials grant', () => {
  const GRANT = { grant_type: 'client_credentials' }

  it('returns these fields in this order, without a refresh token', async () => {
    const body = (await realm.token({ ...GRANT, ...appClient })).json()
    expect(Object.keys(body)).toEqual([
      'access_token',
      'expires_in',
      'refresh_expires_in',
      'token_type',
      'not-before-policy',
      'scope',
    ])
    expect(body).toMatchObject({
      expires_in: secondsLeft(300),
      refresh_expires_in: 0,
      token_type: 'Bearer',
      'not-before-policy': 0,
    })
  })

  it('returns a token of the service account, without a session', async () => {
    const { header, claims } = decode((await realm.token({ ...GRANT, ...appClient })).json().access_token)
    expect(header).toMatchObject({ alg: 'RS256', typ: 'JWT' })
    expect(claims.jti).toMatch(/^trrtcc:/)
    expect(claims).not.toHaveProperty('sid')
    expect(claims).toMatchObject({
      typ: 'Bearer',
      azp: 'app',
      acr: '1',
      aud: 'account',
      client_id: 'app',
      clientHost: expect.any(String),
      clientAddress: expect.any(String),
      preferred_username: 'service-account-app',
      email_verified: false,
    })
  })

  it('adds an ID token for the scope openid', async () => {
    const body = (await realm.token({ ...GRANT, ...appClient, scope: 'openid' })).json()
    expect(decode(body.id_token).claims).toMatchObject({
      typ: 'ID',
      aud: 'app',
      preferred_username: 'service-account-app',
    })
    expect(body).not.toHaveProperty('refresh_token')
  })

  it.each<[string, Record<string, string>, string, string]>([
    [
      'a public client',
      { client_id: 'spa' },
      'unauthorized_client',
      'Public client not allowed to retrieve service account',
    ],
    [
      'a client without service account',
      asClient('only-code'),
      'unauthorized_client',
      'Client not enabled to retrieve service account',
    ],
    ['a wrong secret', { client_id: 'app', client_secret: 'x' }, 'unauthorized_client', badClient],
  ])('rejects %s', async (_, form, error, description) => {
    expect(answerOf(await realm.token({ ...GRANT, ...form }))).toEqual(oauthError(401, error, description))
  })
})
