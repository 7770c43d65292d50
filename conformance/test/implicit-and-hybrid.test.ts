import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchange } from '../src/grants.ts'
import { type Reply, send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

// OpenID Connect Core sections 3.2 and 3.3.

const realm = await openRealm()
afterAll(() => realm.close())
beforeAll(async () => {
  const implicitOnly = { publicClient: true, implicitFlowEnabled: true, standardFlowEnabled: false }
  await realm.addClient({ clientId: 'implicit', ...implicitOnly })
  await realm.addClient({
    clientId: 'both',
    implicitFlowEnabled: true,
    attributes: { 'access.token.lifespan': '120' },
  })
  await realm.addUser('alice')
})

const request = (parameters: Record<string, string>) =>
  realm.authUrl({ client_id: 'both', nonce: 'n1', ...parameters })
const ask = (parameters: Record<string, string>): Promise<Reply> => send(request(parameters))
const login = async (parameters: Record<string, string>) =>
  fragmentOf(await realm.browser().login(request(parameters), 'alice', 'alice'))

function fragmentOf(reply: Reply): Record<string, string> {
  expect(reply.status).toBe(302)
  const url = reply.location()
  expect([url.origin + url.pathname, url.search]).toEqual(['https://app.example/callback', ''])
  return Object.fromEntries(new URLSearchParams(url.hash.slice(1)))
}

function refusalOf(reply: Reply): Record<string, string> {
  expect(reply.status).toBe(302)
  const { hash, search } = reply.location()
  const given = Object.fromEntries(new URLSearchParams(hash.slice(1) || search.slice(1)))
  return { where: hash === '' ? 'query' : 'fragment', ...given }
}

const hashOf = (text = '') => createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')
const always = ['state', 'session_state', 'iss']

describe('a login returns in the fragment', () => {
  it.each([
    ['token', [...always, 'access_token', 'token_type', 'expires_in']],
    ['id_token', [...always, 'id_token']],
    ['id_token id_token', [...always, 'id_token']],
    ['id_token token', [...always, 'id_token', 'access_token', 'token_type', 'expires_in']],
    ['token id_token', [...always, 'id_token', 'access_token', 'token_type', 'expires_in']],
    ['code id_token', [...always, 'code', 'id_token']],
    ['code token', [...always, 'code', 'access_token', 'token_type', 'expires_in']],
    ['code id_token token', [...always, 'code', 'id_token', 'access_token', 'token_type', 'expires_in']],
  ])('for %s: %j', async (response_type, names) => {
    const given = await login({ response_type })
    expect(Object.keys(given)).toEqual(names)
    expect(given).toMatchObject({ state: 'st', iss: realm.issuer })
    const { code, id_token, access_token } = given
    // The client's own lifespan counts only together with a code.
    const lifespan = code === undefined ? 900 : 120
    if (access_token !== undefined) {
      const { claims } = decode(access_token)
      expect(given).toMatchObject({ token_type: 'Bearer', expires_in: String(lifespan) })
      expect(claims).toMatchObject({ typ: 'Bearer', azp: 'both', sid: given['session_state'] })
      expect(claims['jti']).toMatch(/^onrtna:/)
      expect(claims).not.toHaveProperty('nonce')
      const userinfo = await send(`${realm.oidc}/userinfo`, { bearer: access_token })
      expect(userinfo.json().preferred_username).toBe('alice')
    }
    if (id_token !== undefined) {
      const { claims } = decode(id_token)
      expect(claims).toMatchObject({ typ: 'ID', aud: 'both', nonce: 'n1', s_hash: hashOf('st') })
      expect((claims['exp'] as number) - (claims['iat'] as number)).toBe(lifespan)
      expect([claims['at_hash'], claims['c_hash']]).toEqual([
        access_token === undefined ? undefined : hashOf(access_token),
        code === undefined ? undefined : hashOf(code),
      ])
    }
    if (code !== undefined) {
      const tokens = (await exchange(realm, code, { client_id: 'both' })).json()
      expect(decode(tokens.id_token).claims).toMatchObject({ nonce: 'n1', aud: 'both' })
    }
  })

  it('the hashes after the session, and after the level', async () => {
    const { id_token } = await login({ response_type: 'code id_token token' })
    const names = Object.keys(decode(id_token ?? '').claims)
    expect(names.slice(names.indexOf('nonce'), names.indexOf('s_hash') + 1)).toEqual([
      'nonce',
      'sid',
      'at_hash',
      'c_hash',
      'acr',
      's_hash',
    ])
  })

  it('no refresh token, and no token for a session that has ended', async () => {
    const browser = realm.browser()
    const given = fragmentOf(
      await browser.login(request({ response_type: 'id_token token' }), 'alice', 'alice'),
    )
    expect(given).not.toHaveProperty('refresh_token')
    const { sub } = decode(given['id_token'] ?? '').claims
    await realm.api(`/users/${sub as string}/logout`, { method: 'POST' })
    const after = await send(`${realm.oidc}/userinfo`, { bearer: given['access_token'] ?? '' })
    expect(after.status).toBe(401)
  })

  it('or in a form', async () => {
    const url = request({ response_type: 'code id_token token', response_mode: 'form_post' })
    const page = await realm.browser().login(url, 'alice', 'alice')
    expect(page.status).toBe(200)
    const names = [...page.text.matchAll(/NAME="([a-z_]+)" VALUE/g)].map(([, name]) => name)
    expect(names.toSorted()).toEqual(
      [...always, 'code', 'id_token', 'access_token', 'token_type', 'expires_in'].toSorted(),
    )
  })
})

describe('a request is refused', () => {
  const disabled = (flow: string) => ({
    error: 'unauthorized_client',
    error_description: `Client is not allowed to initiate browser login with given response_type. ${flow} flow is disabled for the client.`,
  })
  it.each([
    ['token', 'app', 'fragment', disabled('Implicit')],
    ['id_token', 'app', 'fragment', disabled('Implicit')],
    ['code token', 'app', 'fragment', disabled('Implicit')],
    ['code', 'implicit', 'query', disabled('Standard')],
    ['none', 'implicit', 'query', disabled('Standard')],
    ['code id_token', 'implicit', 'fragment', disabled('Standard')],
    ['code none', 'both', 'query', { error: 'unsupported_response_type' }],
    ['none token', 'both', 'query', { error: 'unsupported_response_type' }],
    ['id_token foo', 'both', 'query', { error: 'unsupported_response_type' }],
  ])('with %s of the client %s', async (response_type, client_id, where, error) => {
    const refusal = refusalOf(await ask({ response_type, client_id }))
    expect(refusal).toEqual({ where, ...error, state: 'st', iss: realm.issuer })
  })

  it.each(['id_token', 'id_token token', 'code id_token', 'code id_token token'])(
    'with %s but without a nonce',
    async (response_type) => {
      expect(refusalOf(await ask({ response_type, nonce: '' }))).toMatchObject({
        where: 'fragment',
        error: 'invalid_request',
        error_description: 'Missing parameter: nonce',
      })
    },
  )

  it.each(['token', 'id_token', 'code token'])('with %s in the query', async (response_type) => {
    expect(refusalOf(await ask({ response_type, response_mode: 'query' }))).toMatchObject({
      where: 'query',
      error: 'invalid_request',
      error_description: "Response_mode 'query' not allowed for implicit or hybrid flow",
    })
  })

  it('with an unknown scope', async () => {
    expect(refusalOf(await ask({ response_type: 'token', scope: 'openid flying' }))).toMatchObject({
      where: 'fragment',
      error: 'invalid_scope',
    })
  })

  it('without a session and without a login', async () => {
    for (const response_type of ['token', 'code id_token'])
      expect(refusalOf(await ask({ response_type, prompt: 'none' }))).toEqual({
        where: 'fragment',
        error: 'login_required',
        state: 'st',
        iss: realm.issuer,
      })
  })
})

it.each(['token', 'code token'])('%s needs no nonce', async (response_type) => {
  expect((await ask({ response_type, nonce: '' })).status).toBe(200)
})
