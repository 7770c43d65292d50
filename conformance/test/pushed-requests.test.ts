import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, errorPage, json, loginPage, oauthError, redirectOf, seenOn } from '../src/expect.ts'
import { challengeOf, exchange } from '../src/grants.ts'
import { type Reply, send } from '../src/http.ts'
import { appSecret, callbackUrl, openRealm } from '../src/realm.ts'

const realm = await openRealm()
afterAll(() => realm.close())
const required = { 'require.pushed.authorization.requests': 'true' }
beforeAll(async () => {
  await realm.addClient({ clientId: 'spa', publicClient: true })
  await realm.addClient({ clientId: 'pushes', attributes: required })
  await realm.addClient({ clientId: 'no-code', standardFlowEnabled: false })
  await realm.addClient({ clientId: 'off', enabled: false })
  await realm.addClient({
    clientId: 'pkce',
    attributes: { 'pkce.code.challenge.method': 'S256' },
  })
  await realm.addUser('ann')
})

const standard = {
  client_id: 'app',
  client_secret: appSecret,
  response_type: 'code',
  redirect_uri: callbackUrl,
  scope: 'openid',
  state: 'pushed',
}
const endpoint = `${realm.oidc}/ext/par/request`
/** Pushes a request; a parameter '' is omitted. */
const push = (parameters: Record<string, string> = {}): Promise<Reply> => {
  const given = Object.entries({ ...standard, ...parameters }).filter(([, value]) => value !== '')
  return send(endpoint, { form: Object.fromEntries(given) })
}
const pushedUri = async (parameters: Record<string, string> = {}): Promise<string> =>
  (await push(parameters)).json().request_uri
const authUrl = (parameters: Record<string, string>) =>
  `${realm.oidc}/auth?${new URLSearchParams({ client_id: 'app', ...parameters })}`
const open = (parameters: Record<string, string>) => realm.browser().open(authUrl(parameters))
const invalid = errorPage(400, 'Invalid Request')
/** Keycloak's page for a login whose pushed request is gone. */
const failed = errorPage(400, 'Invalid username or password.')

describe('the endpoint', () => {
  it('returns a URI and its lifetime, with 201', async () => {
    const reply = await push()
    expect([reply.status, Object.keys(reply.json())]).toEqual([201, ['request_uri', 'expires_in']])
    expect(reply.json()).toEqual({
      request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:[0-9a-f-]{36}$/),
      expires_in: 60,
    })
    expect(reply.headers.get('cache-control')).toBeNull()
  })

  it('is in the discovery document', async () => {
    const document = (await send(`${realm.issuer}/.well-known/openid-configuration`)).json()
    expect(document).toMatchObject({
      pushed_authorization_request_endpoint: endpoint,
      require_pushed_authorization_requests: false,
    })
  })

  it('takes a public client, and a secret by HTTP Basic', async () => {
    expect((await push({ client_id: 'spa', client_secret: '' })).status).toBe(201)
    const { client_id, client_secret, ...form } = standard
    expect((await send(endpoint, { form, basic: [client_id, client_secret] })).status).toBe(201)
  })

  it('is for POST only', async () => {
    expect(answerOf(await send(endpoint))).toEqual(json(405, { error: 'HTTP 405 Method Not Allowed' }))
  })

  it.each<[string, Record<string, string>]>([
    ['a wrong secret', { client_secret: 'wrong' }],
    ['no client', { client_id: '' }],
    ['an unknown client', { client_id: 'ghost' }],
    ['a disabled client', { client_id: 'off' }],
  ])('refuses %s', async (_, parameters) => {
    expect(answerOf(await push(parameters))).toEqual(
      oauthError(401, 'invalid_request', 'Authentication failed.'),
    )
  })

  const flow =
    'Client is not allowed to initiate browser login with given response_type. Standard flow is disabled for the client.'
  it.each<[string, Record<string, string>, number, string, string]>([
    [
      'a foreign redirect URI',
      { redirect_uri: 'https://evil.example/' },
      400,
      '',
      'Invalid parameter: redirect_uri',
    ],
    ['no redirect URI', { redirect_uri: '' }, 400, '', 'Invalid parameter: redirect_uri'],
    ['no response type', { response_type: '' }, 400, '', 'Missing parameter: response_type'],
    ['an unknown response type', { response_type: 'nope' }, 400, '', 'Unsupported response type'],
    ['the code flow off', { client_id: 'no-code' }, 401, 'unauthorized_client', flow],
    ['an unknown response mode', { response_mode: 'nope' }, 400, '', 'Invalid parameter: response_mode'],
    ['an unknown scope', { scope: 'openid nope' }, 400, '', 'Invalid scopes: openid nope'],
    [
      'no challenge where it is required',
      { client_id: 'pkce' },
      400,
      '',
      'Missing parameter: code_challenge_method',
    ],
    [
      'a malformed challenge',
      { code_challenge_method: 'S256', code_challenge: 'a' },
      400,
      '',
      'Invalid parameter: code_challenge',
    ],
    ['a max_age that is not a number', { max_age: 'x' }, 400, '', 'invalidRequestMessage'],
    [
      'a malformed request object',
      { request: 'abc' },
      400,
      'invalid_request_object',
      'invalidRequestMessage',
    ],
    [
      'a request_uri',
      { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
      400,
      '',
      'It is not allowed to include request_uri to PAR.',
    ],
  ])('refuses %s', async (_, parameters, status, error, description) => {
    expect(answerOf(await push(parameters))).toEqual(
      oauthError(status, error || 'invalid_request', description),
    )
  })

  it('refuses a parameter that was sent twice', async () => {
    const reply = await send(endpoint, { form: [...Object.entries(standard), ['scope', 'openid']] })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'duplicated parameter'))
  })

  it('allows the origins of the client', async () => {
    const { headers } = await send(endpoint, {
      form: standard,
      headers: { origin: 'https://app.example' },
    })
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(headers.get('access-control-expose-headers')).toBe('Access-Control-Allow-Methods')
  })
})

describe('a DPoP proof', () => {
  const proof = async (): Promise<string> => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const claims = { jti: randomUUID(), htm: 'POST', htu: endpoint, iat: Math.floor(Date.now() / 1000) }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(publicKey) })
      .sign(privateKey)
  }
  const pushWith = (dpop: string, more: Record<string, string> = {}) =>
    send(endpoint, { form: { ...standard, ...more }, headers: { dpop } })

  it('binds the code to its key', async () => {
    const { request_uri } = (await pushWith(await proof())).json()
    const page = await realm.browser().login(authUrl({ request_uri }), 'ann', 'ann')
    const reply = await exchange(realm, page.location().searchParams.get('code') ?? '')
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'DPoP Proof missing'))
  })

  it('must be valid, and of the key that dpop_jkt names', async () => {
    expect(answerOf(await pushWith('x'))).toEqual(
      oauthError(400, 'invalid_request', 'DPoP header verification failure'),
    )
    expect(answerOf(await pushWith(await proof(), { dpop_jkt: 'other' }))).toEqual(
      oauthError(400, 'invalid_request', 'DPoP Proof public key thumbprint does not match dpop_jkt.'),
    )
  })
})

describe('the authorization endpoint', () => {
  it('uses the pushed parameters, whatever else is in the URL', async () => {
    const request_uri = await pushedUri()
    const page = await realm
      .browser()
      .login(
        authUrl({ request_uri, state: 'url', redirect_uri: 'https://evil.example/', scope: 'nope' }),
        'ann',
        'ann',
      )
    expect(redirectOf(page)).toMatchObject({
      status: 302,
      to: callbackUrl,
      query: [
        ['state', 'pushed'],
        ['session_state', expect.anything()],
        ['iss', realm.issuer],
        ['code', expect.anything()],
      ],
    })
    const tokens = await exchange(realm, page.location().searchParams.get('code') ?? '')
    expect(tokens.status).toBe(200)
  })

  it('takes from the URL what was not pushed', async () => {
    const request_uri = await pushedUri({ state: '' })
    const page = await realm.browser().login(authUrl({ request_uri, state: 'url' }), 'ann', 'ann')
    expect(page.location().searchParams.get('state')).toBe('url')
  })

  it('keeps a pushed challenge', async () => {
    const request_uri = await pushedUri({ client_id: 'pkce', ...challengeOf('v'.repeat(43)) })
    const page = await realm.browser().login(authUrl({ client_id: 'pkce', request_uri }), 'ann', 'ann')
    const code = page.location().searchParams.get('code') ?? ''
    const reply = await exchange(realm, code, { client_id: 'pkce' })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_grant', 'PKCE code verifier not specified'))
  })

  it('opens a request again until a login has used it', async () => {
    const request_uri = await pushedUri()
    const browser = realm.browser()
    expect(seenOn(await open({ request_uri }))).toEqual(loginPage())
    await browser.login(authUrl({ request_uri }), 'ann', 'ann')
    expect(seenOn(await browser.open(authUrl({ request_uri })))).toEqual(invalid)
    expect(seenOn(await open({ request_uri }))).toEqual(invalid)
  })

  it('completes one login, however many began', async () => {
    const url = authUrl({ request_uri: await pushedUri() })
    const [first, second] = [realm.browser(), realm.browser()]
    const pages = [await first.open(url), await second.open(url)] as const
    const ann = { username: 'ann', password: 'ann' }
    expect(redirectOf(await first.submit(pages[0], 'kc-form-login', ann))).toMatchObject({ to: callbackUrl })
    expect(seenOn(await second.submit(pages[1], 'kc-form-login', ann))).toEqual(failed)
  })

  it('opens a request again after an error', async () => {
    const request_uri = await pushedUri({ prompt: 'none' })
    for (let times = 0; times < 2; times++) {
      expect((await open({ request_uri })).location().searchParams.get('error')).toBe('login_required')
    }
  })

  it('uses up the request of a signed-in browser', async () => {
    const browser = realm.browser()
    await browser.login(realm.authUrl(), 'ann', 'ann')
    const request_uri = await pushedUri()
    expect((await browser.open(authUrl({ request_uri }))).location().searchParams.has('code')).toBe(true)
    expect(seenOn(await browser.open(authUrl({ request_uri })))).toEqual(invalid)
  })

  it('refuses the request of another client, and keeps it for its own', async () => {
    const request_uri = await pushedUri()
    expect(seenOn(await open({ client_id: 'spa', request_uri }))).toEqual(invalid)
    expect(seenOn(await open({ request_uri }))).toEqual(loginPage())
  })

  it.each<[string, Record<string, string>]>([
    [
      'an unknown one',
      { request_uri: 'urn:ietf:params:oauth:request_uri:00000000-0000-4000-8000-000000000000' },
    ],
    ['one without an id', { request_uri: 'urn:ietf:params:oauth:request_uri:' }],
    ['one of another site', { request_uri: 'https://evil.example/request' }],
  ])('refuses %s', async (_, parameters) => {
    expect(seenOn(await open(parameters))).toEqual(invalid)
  })

  it('refuses a request_uri together with a request object, or without a client', async () => {
    const request_uri = await pushedUri()
    expect(seenOn(await open({ request_uri, request: 'x.y.z' }))).toEqual(invalid)
    expect(seenOn(await realm.browser().open(`${realm.oidc}/auth?request_uri=${request_uri}`))).toEqual(
      invalid,
    )
  })

  it('takes it by POST', async () => {
    const form = { client_id: 'app', request_uri: await pushedUri() }
    expect(seenOn(await realm.browser().open(`${realm.oidc}/auth`, { form }))).toEqual(loginPage())
  })
})

describe('a client that must push', () => {
  const direct = (parameters: Record<string, string> = {}) =>
    realm.browser().open(realm.authUrl({ client_id: 'pushes', ...parameters }))
  const refused = (...query: [string, string][]) => ({
    status: 302,
    to: callbackUrl,
    query: [...query, ['state', 'st'], ['iss', realm.issuer]],
  })

  it('cannot log in without', async () => {
    const only = refused(
      ['error', 'invalid_request'],
      ['error_description', 'Pushed Authorization Request is only allowed.'],
    )
    expect(redirectOf(await direct())).toEqual(only)
    expect(redirectOf(await direct({ scope: 'openid nope' }))).toEqual(only)
  })

  it('learns first what else is wrong', async () => {
    expect(redirectOf(await direct({ response_type: '' }))).toEqual(
      refused(['error', 'invalid_request'], ['error_description', 'Missing parameter: response_type']),
    )
    expect(seenOn(await direct({ redirect_uri: 'https://evil.example/' }))).toEqual(
      errorPage(400, 'Invalid parameter: redirect_uri'),
    )
  })

  it('logs in with a pushed request', async () => {
    const request_uri = await pushedUri({ client_id: 'pushes' })
    expect(seenOn(await open({ client_id: 'pushes', request_uri }))).toEqual(loginPage())
  })
})

describe('the lifespan of the realm', () => {
  it('ends a request, and the login that it began', async () => {
    const short = await openRealm({ attributes: { parRequestUriLifespan: '1' } })
    try {
      await short.addUser('ann')
      const { client_id, ...parameters } = standard
      const reply = await send(`${short.oidc}/ext/par/request`, { form: { client_id, ...parameters } })
      expect(reply.json().expires_in).toBe(1)
      const url = `${short.oidc}/auth?client_id=app&request_uri=${reply.json().request_uri}`
      const browser = short.browser()
      const page = await browser.open(url)
      expect(seenOn(page)).toEqual(loginPage())
      await expect
        .poll(async () => seenOn(await short.browser().open(url)), { timeout: 10_000 })
        .toEqual(invalid)
      const end = await browser.submit(page, 'kc-form-login', { username: 'ann', password: 'ann' })
      expect(seenOn(end)).toEqual(failed)
    } finally {
      await short.close()
    }
  })
})
