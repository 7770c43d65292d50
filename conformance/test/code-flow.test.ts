import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser } from '../src/browser.ts'
import { answerOf, loginPage, oauthError, secondsLeft, seenOn } from '../src/expect.ts'
import { asClient, challengeOf, codeOf, exchange, granted, refresh } from '../src/grants.ts'
import { send } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm()
afterAll(() => realm.close())
beforeAll(async () => {
  await realm.addUser('alice')
  await realm.addClient({ clientId: 'spa', publicClient: true })
  await realm.addClient({ clientId: 'other' })
})

const codeVerifier = 'v'.repeat(43)
const s256 = challengeOf(codeVerifier)

describe('exchanging an authorization code', () => {
  it('returns the tokens in this order, with no-store', async () => {
    const reply = await exchange(realm, await codeOf(realm, 'alice'))
    expect(reply.status).toBe(200)
    expect([reply.headers.get('cache-control'), reply.headers.get('pragma')]).toEqual([
      'no-store',
      'no-cache',
    ])
    const body = reply.json()
    expect(Object.keys(body)).toEqual([
      'access_token',
      'expires_in',
      'refresh_expires_in',
      'refresh_token',
      'token_type',
      'id_token',
      'not-before-policy',
      'session_state',
      'scope',
    ])
    expect(body).toMatchObject({
      expires_in: secondsLeft(300),
      refresh_expires_in: secondsLeft(1800),
      token_type: 'Bearer',
      'not-before-policy': 0,
    })
    expect(body.scope.split(' ').toSorted()).toEqual(['email', 'openid', 'profile'])
    expect(body.session_state).toBe(decode(body.access_token).claims.sid)
  })

  it('returns tokens with the issuer of the login, whatever URL the client uses', async () => {
    const elsewhere = (url: string) => url.replace('localhost', '127.0.0.1')
    const browser = new Browser(elsewhere(realm.target.server))
    const page = await browser.login(elsewhere(realm.authUrl()), 'alice', 'alice')
    const tokens = granted(await exchange(realm, page.location().searchParams.get('code') ?? ''))
    for (const token of [tokens.access_token, tokens.id_token, tokens.refresh_token]) {
      expect(decode(token).claims.iss).toBe(elsewhere(realm.issuer))
    }
  })

  it('returns no ID token without the scope openid', async () => {
    const body = (await exchange(realm, await codeOf(realm, 'alice', { scope: '' }))).json()
    expect(body).not.toHaveProperty('id_token')
    expect(body.scope.split(' ').toSorted()).toEqual(['email', 'profile'])
  })

  it('puts the nonce only into the ID token', async () => {
    const body = granted(await exchange(realm, await codeOf(realm, 'alice', { nonce: 'n-1' })))
    expect(decode(body.id_token).claims.nonce).toBe('n-1')
    expect(decode(body.access_token).claims).not.toHaveProperty('nonce')
  })

  it.each<[string, Record<string, string>, string]>([
    ['another redirect URI', { redirect_uri: 'https://app.example/deep/x' }, 'Incorrect redirect_uri'],
    ['an empty redirect URI', { redirect_uri: '' }, 'Incorrect redirect_uri'],
    ['another client', asClient('other'), 'Auth error: Found different client_id in clientSession'],
    [
      'another, public client',
      { client_id: 'spa' },
      'Auth error: Found different client_id in clientSession',
    ],
  ])('is rejected with %s', async (_, more, description) => {
    const reply = await exchange(realm, await codeOf(realm, 'alice'), more)
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_grant', description))
  })

  it.each([
    ['unknown', 'junk'],
    [
      'invented in the right format',
      '6b1f9a0e-5b1c-4d1e-9f3a-0c9d8e7f6a5b.abcdefghijklmnopqrstuvwx.6b1f9a0e-5b1c-4d1e-9f3a-0c9d8e7f6a5b',
    ],
  ])('is rejected when the code is %s', async (_, code) => {
    expect(answerOf(await exchange(realm, code))).toEqual(oauthError(400, 'invalid_grant', 'Code not valid'))
  })

  it('is rejected with an empty code', async () => {
    const reply = await exchange(realm, '', {})
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_grant', 'Code not valid'))
  })

  it('is rejected without the parameter', async () => {
    const reply = await realm.token({ grant_type: 'authorization_code', ...asClient('app') })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'Missing parameter: code'))
  })
})

describe('an authorization code used twice', () => {
  it('is rejected', async () => {
    const code = await codeOf(realm, 'alice')
    granted(await exchange(realm, code))
    expect(answerOf(await exchange(realm, code))).toEqual(oauthError(400, 'invalid_grant', 'Code not valid'))
  })

  it('revokes the access and refresh token from its first use', async () => {
    const code = await codeOf(realm, 'alice')
    const tokens = granted(await exchange(realm, code))
    await exchange(realm, code)
    const userinfo = await send(`${realm.oidc}/userinfo`, { bearer: tokens.access_token })
    expect(answerOf(userinfo, 'www-authenticate')).toEqual({
      status: 401,
      type: 'text/plain',
      'www-authenticate': `Bearer realm="${realm.name}", error="invalid_token", error_description="user_session_not_found"`,
      body: '',
    })
    const refreshed = await refresh(realm, tokens.refresh_token)
    expect(answerOf(refreshed)).toEqual(
      oauthError(400, 'invalid_grant', "Session doesn't have required client"),
    )
  })

  it('keeps the browser signed in', async () => {
    const browser = realm.browser()
    const code = await codeOf(realm, 'alice', {}, browser)
    await exchange(realm, code)
    await exchange(realm, code)
    const page = await browser.open(realm.authUrl())
    expect(page.location().searchParams.get('code')).toBeTruthy()
  })

  it('is used up by a failed attempt too', async () => {
    const code = await codeOf(realm, 'alice', s256)
    await exchange(realm, code)
    const reply = await exchange(realm, code, { code_verifier: codeVerifier })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_grant', 'Code not valid'))
  })
})

describe('PKCE', () => {
  it.each<[string, string, Record<string, string>]>([
    ['S256', 'app', s256],
    ['S256 for a public client', 'spa', s256],
    ['plain', 'app', { code_challenge: codeVerifier, code_challenge_method: 'plain' }],
    ['no method, which means plain', 'app', { code_challenge: codeVerifier }],
  ])('accepts %s', async (_, client, challenge) => {
    const code = await codeOf(realm, 'alice', { client_id: client, ...challenge })
    const reply = await exchange(realm, code, { ...asClient(client), code_verifier: codeVerifier })
    expect([reply.status, reply.json().token_type]).toEqual([200, 'Bearer'])
  })

  it.each<[string, Record<string, string>, Record<string, string>, string]>([
    ['no verifier', s256, {}, 'PKCE code verifier not specified'],
    ['a wrong verifier', s256, { code_verifier: 'w'.repeat(43) }, 'PKCE verification failed: Code mismatch'],
    [
      'a verifier that is too short',
      s256,
      { code_verifier: 'short' },
      'PKCE verification failed: Invalid code verifier',
    ],
    [
      'the challenge as the verifier',
      s256,
      { code_verifier: s256.code_challenge },
      'PKCE verification failed: Code mismatch',
    ],
    [
      'a verifier without a challenge',
      {},
      { code_verifier: codeVerifier },
      'PKCE code verifier specified but challenge not present in authorization',
    ],
  ])('rejects %s', async (_, challenge, verifier, description) => {
    const reply = await exchange(realm, await codeOf(realm, 'alice', challenge), verifier)
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_grant', description))
  })
})

describe('the session of a code flow', () => {
  it('is shared by all clients in a browser', async () => {
    const browser = realm.browser()
    const first = granted(await exchange(realm, await codeOf(realm, 'alice', {}, browser)))
    const page = await browser.open(realm.authUrl({ client_id: 'other' }))
    const second = granted(
      await exchange(realm, page.location().searchParams.get('code') ?? '', asClient('other')),
    )
    expect(second.session_state).toBe(first.session_state)
    expect(decode(second.access_token).claims.azp).toBe('other')
  })

  it('ends when an administrator logs the user out', async () => {
    const browser = realm.browser()
    const tokens = granted(await exchange(realm, await codeOf(realm, 'alice', {}, browser)))
    const id = decode(tokens.access_token).claims.sub
    expect((await realm.api(`/users/${id}/logout`, { method: 'POST' })).status).toBe(204)
    const reply = await refresh(realm, tokens.refresh_token)
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_grant', 'Session not active'))
    expect(seenOn(await browser.open(realm.authUrl()))).toEqual(loginPage())
  })
})
