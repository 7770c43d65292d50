import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loginPage, secondsLeft, seenOn } from '../src/expect.ts'
import { appSecret, callbackUrl, openRealm } from '../src/realm.ts'

/** The realm with a certified client library and a JOSE library, without handwritten requests. */
const realm = await openRealm()
afterAll(() => realm.close())

let alice: string
let client: oidc.Configuration
beforeAll(async () => {
  alice = await realm.addUser('alice', { roles: ['admin'] })
  const options = { execute: [oidc.allowInsecureRequests] }
  client = await oidc.discovery(new URL(realm.issuer), 'app', appSecret, undefined, options)
})

/** A whole login: state, nonce and PKCE checked by the library. */
async function signIn(scope = 'openid') {
  const [pkceCodeVerifier, expectedState, expectedNonce] = [
    oidc.randomPKCECodeVerifier(),
    oidc.randomState(),
    oidc.randomNonce(),
  ]
  const url = oidc.buildAuthorizationUrl(client, {
    redirect_uri: callbackUrl,
    scope,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  const browser = realm.browser()
  const page = await browser.login(url, 'alice', 'alice')
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }
  return { browser, tokens: await oidc.authorizationCodeGrant(client, page.location(), checks) }
}

describe('openid-client', () => {
  it('signs a user in, with PKCE, state, nonce and iss', async () => {
    const { tokens } = await signIn()
    expect(tokens.claims()).toMatchObject({ iss: realm.issuer, sub: alice, aud: 'app' })
    expect(tokens.token_type).toBe('bearer')
  })

  it('reads userinfo', async () => {
    const { tokens } = await signIn()
    const user = await oidc.fetchUserInfo(client, tokens.access_token, alice)
    expect(user).toMatchObject({ sub: alice, preferred_username: 'alice', email: 'alice@example.org' })
  })

  it('refreshes', async () => {
    const { tokens } = await signIn()
    const next = await oidc.refreshTokenGrant(client, tokens.refresh_token ?? '')
    expect(next.claims()?.sub).toBe(alice)
    expect(next.access_token).not.toBe(tokens.access_token)
  })

  it('revokes', async () => {
    const { tokens } = await signIn()
    await oidc.tokenRevocation(client, tokens.refresh_token ?? '')
    await expect(oidc.refreshTokenGrant(client, tokens.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
      error_description: 'Session not active',
    })
  })

  it('introspects', async () => {
    const { tokens } = await signIn()
    const hint = { token_type_hint: 'refresh_token' }
    expect(await oidc.tokenIntrospection(client, tokens.refresh_token ?? '', hint)).toMatchObject({
      active: true,
      sub: alice,
      client_id: 'app',
    })
  })

  it('gets a token for the client itself', async () => {
    const tokens = await oidc.clientCredentialsGrant(client)
    expect(tokens.expires_in).toEqual(secondsLeft(300))
    expect(tokens.refresh_token).toBeUndefined()
  })

  it('signs out', async () => {
    const { browser, tokens } = await signIn()
    const url = oidc.buildEndSessionUrl(client, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: callbackUrl,
      state: 'left',
    })
    expect((await browser.open(url)).location().href).toBe(`${callbackUrl}?state=left`)
    expect(seenOn(await browser.open(realm.authUrl()))).toEqual(loginPage())
  })

  it('signs out in the browser after the refresh token was revoked, without a question', async () => {
    const { browser, tokens } = await signIn()
    await oidc.tokenRevocation(client, tokens.refresh_token ?? '')
    const url = oidc.buildEndSessionUrl(client, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: callbackUrl,
    })
    expect((await browser.open(url)).location().href).toBe(callbackUrl)
    expect(seenOn(await browser.open(realm.authUrl()))).toEqual(loginPage())
  })

  it('needs a new login after the refresh token was revoked, if no other client has the session', async () => {
    const { browser, tokens } = await signIn()
    await oidc.tokenRevocation(client, tokens.refresh_token ?? '')
    expect(seenOn(await browser.open(realm.authUrl()))).toEqual(loginPage())
  })

  it('reads the error of a rejected login', async () => {
    const url = oidc.buildAuthorizationUrl(client, {
      redirect_uri: callbackUrl,
      scope: 'openid',
      prompt: 'none',
    })
    const page = await realm.browser().open(url)
    await expect(oidc.authorizationCodeGrant(client, page.location())).rejects.toMatchObject({
      error: 'login_required',
    })
  })
})

describe('jose', () => {
  it('verifies access and ID tokens with the JWKS of the realm', async () => {
    const { tokens } = await signIn()
    const keys = createRemoteJWKSet(new URL(`${realm.oidc}/certs`))
    const access = await jwtVerify(tokens.access_token, keys, { issuer: realm.issuer, audience: 'account' })
    expect(access.payload).toMatchObject({ typ: 'Bearer', azp: 'app', sub: alice })
    const id = await jwtVerify(tokens.id_token ?? '', keys, { issuer: realm.issuer, audience: 'app' })
    expect(id.payload).toMatchObject({ typ: 'ID', sub: alice })
  })
})
