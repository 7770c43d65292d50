import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, errorPage, json, loginPage, redirectOf, seenOn } from '../src/expect.ts'
import { callbackUrl, openRealm } from '../src/realm.ts'

const realm = await openRealm()
afterAll(() => realm.close())
beforeAll(async () => {
  await realm.addClient({ clientId: 'spa', publicClient: true })
  await realm.addClient({
    clientId: 'pkce',
    publicClient: true,
    attributes: { 'pkce.code.challenge.method': 'S256' },
  })
  await realm.addClient({ clientId: 'no-code', standardFlowEnabled: false })
  await realm.addClient({ clientId: 'off', enabled: false })
  await realm.addClient({ clientId: 'bearer', bearerOnly: true })
})

const open = (parameters: Record<string, string>) => realm.browser().open(realm.authUrl(parameters))
const codeChallenge = 'a'.repeat(43)

describe('an untrusted request shows an error page and never redirects', () => {
  it.each<[string, Record<string, string>, number, string]>([
    ['no client', { client_id: '' }, 400, 'Invalid Request'],
    ['an unknown client', { client_id: 'ghost' }, 400, 'Client not found.'],
    ['a disabled client', { client_id: 'off' }, 400, 'Client disabled.'],
    [
      'a bearer-only client',
      { client_id: 'bearer' },
      403,
      'Bearer-only applications are not allowed to initiate browser login',
    ],
    ['no redirect URI', { redirect_uri: '' }, 400, 'Invalid parameter: redirect_uri'],
    ['a malformed request object', { request: 'abc' }, 400, 'Invalid Request'],
    ['a max_age that is not a number', { max_age: 'x' }, 400, 'Invalid Request'],
  ])('%s', async (_, parameters, status, message) => {
    expect(seenOn(await open(parameters))).toEqual(errorPage(status, message))
  })

  it('two client_id parameters', async () => {
    const page = await realm.browser().open(`${realm.authUrl()}&client_id=app`)
    expect(seenOn(page)).toEqual(errorPage(400, 'Invalid Request'))
  })

  it('the error page must not be framed', async () => {
    const { headers } = await open({ client_id: 'ghost' })
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
    expect(headers.get('content-security-policy')).toBe(
      "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
    )
  })
})

describe('redirect URI', () => {
  it.each([
    'https://evil.example/',
    'https://app.example/callback/',
    'https://app.example/callback?x=1',
    'https://app.example/callback#fragment',
    'https://app.example/Callback',
    'https://APP.example/callback',
    'https://app.example:443/callback',
    'https://app.example:8443/callback',
    'http://app.example/callback',
    'https://app.example@evil.example/callback',
    'https://user@app.example/callback',
    'https://app.example.evil.example/callback',
    'https://app.example\\@evil.example/callback',
    'https://app.example/callback%0d%0aX: y',
    ' https://app.example/callback',
    'https://app.example/deep/../evil',
    'https://app.example/deep/%2e%2e/evil',
    'https://app.example/deep/%252e%252e/evil',
    'https://app.example/deeper',
    'javascript:alert(1)',
    '/callback',
    '//app.example/callback',
  ])('refuses %j', async (redirect_uri) => {
    expect(seenOn(await open({ redirect_uri }))).toEqual(errorPage(400, 'Invalid parameter: redirect_uri'))
  })

  it.each([
    'https://app.example/callback',
    'https://app.example/deep/x?y=1',
    'https://app.example/deep/x#fragment',
    'https://app.example/deep',
    'https://app.example/deep//x',
    'https://app.example/deep/*',
  ])('accepts %j', async (redirect_uri) => {
    expect(seenOn(await open({ redirect_uri }))).toEqual(loginPage())
  })
})

describe('any other error is returned to the client', () => {
  const iss: [string, string] = ['iss', realm.issuer]
  const state: [string, string] = ['state', 'st']
  const flow = (name: string): [string, string] => [
    'error_description',
    `Client is not allowed to initiate browser login with given response_type. ${name} flow is disabled for the client.`,
  ]

  it.each<[string, Record<string, string>, ...string[]]>([
    ['no response type', { response_type: '' }, 'invalid_request', 'Missing parameter: response_type'],
    ['an unknown response type', { response_type: 'nope' }, 'unsupported_response_type'],
    [
      'an unknown response mode',
      { response_mode: 'nope' },
      'invalid_request',
      'Invalid parameter: response_mode',
    ],
    ['an unknown scope', { scope: 'openid nope' }, 'invalid_scope', 'Invalid scopes: openid nope'],
    ['the code flow off', { client_id: 'no-code' }, 'unauthorized_client', flow('Standard')[1]],
    [
      'PKCE is required, no challenge',
      { client_id: 'pkce' },
      'invalid_request',
      'Missing parameter: code_challenge_method',
    ],
    [
      'PKCE is required, no method',
      { client_id: 'pkce', code_challenge: codeChallenge },
      'invalid_request',
      'Missing parameter: code_challenge_method',
    ],
    [
      'PKCE S256 is required, plain is given',
      { client_id: 'pkce', code_challenge: codeChallenge, code_challenge_method: 'plain' },
      'invalid_request',
      'Invalid parameter: code challenge method is not matching the configured one',
    ],
    [
      'an unknown PKCE method',
      { client_id: 'spa', code_challenge: codeChallenge, code_challenge_method: 'S512' },
      'invalid_request',
      'Invalid parameter: code_challenge_method',
    ],
    [
      'a PKCE method without challenge',
      { client_id: 'spa', code_challenge_method: 'S256' },
      'invalid_request',
      'Missing parameter: code_challenge',
    ],
    [
      'a PKCE challenge that is too short',
      { client_id: 'spa', code_challenge: 'abc', code_challenge_method: 'S256' },
      'invalid_request',
      'Invalid parameter: code_challenge',
    ],
    ['no session and prompt=none', { prompt: 'none' }, 'login_required'],
    ['prompt=none together with another prompt', { prompt: 'none login' }, 'login_required'],
  ])('%s', async (_, parameters, error, description) => {
    const page = await open(parameters)
    const described: [string, string][] = description ? [['error_description', description]] : []
    expect(redirectOf(page)).toEqual({
      status: 302,
      to: callbackUrl,
      query: [['error', error ?? ''], ...described, state, iss],
    })
    expect(page.headers.get('cache-control')).toBe('no-store, must-revalidate, max-age=0')
  })

  it('in the fragment for the implicit flow', async () => {
    expect(redirectOf(await open({ response_type: 'token' }))).toEqual({
      status: 302,
      to: callbackUrl,
      fragment: [['error', 'unauthorized_client'], flow('Implicit'), state, iss],
    })
  })

  it('in the fragment if the client asks for it', async () => {
    expect(redirectOf(await open({ prompt: 'none', response_mode: 'fragment' }))).toEqual({
      status: 302,
      to: callbackUrl,
      fragment: [['error', 'login_required'], state, iss],
    })
  })

  it('without a state if the request has none', async () => {
    expect(redirectOf(await open({ prompt: 'none', state: '' }))).toEqual({
      status: 302,
      to: callbackUrl,
      query: [['error', 'login_required'], iss],
    })
  })

  it('for a duplicate parameter, with the first state', async () => {
    const page = await realm.browser().open(`${realm.authUrl()}&state=other`)
    expect(redirectOf(page)).toEqual({
      status: 302,
      to: callbackUrl,
      query: [['error', 'invalid_request'], ['error_description', 'duplicated parameter'], state, iss],
    })
  })
})

describe('a login can start', () => {
  it('by POST', async () => {
    const form = { client_id: 'app', response_type: 'code', redirect_uri: callbackUrl, scope: 'openid' }
    expect(seenOn(await realm.browser().open(`${realm.oidc}/auth`, { form }))).toEqual(loginPage())
  })

  it('but not by PUT', async () => {
    const reply = await realm.browser().request(`${realm.oidc}/auth`, { method: 'PUT' })
    expect(answerOf(reply)).toEqual(json(405, { error: 'HTTP 405 Method Not Allowed' }))
  })

  it.each([
    ['no scope', { scope: '' }],
    ['an unknown prompt', { prompt: 'junk' }],
    ['a PKCE challenge without method', { client_id: 'spa', code_challenge: codeChallenge }],
    ['an identity provider that does not exist', { kc_idp_hint: 'nope' }],
    ['an unknown parameter', { whatever: 'x' }],
  ])('with %s', async (_, parameters) => {
    expect(seenOn(await open(parameters as Record<string, string>))).toEqual(loginPage())
  })
})
