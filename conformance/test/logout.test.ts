import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser } from '../src/browser.ts'
import {
  answerOf,
  empty,
  errorPage,
  loginPage,
  mediaType,
  oauthError,
  redirectOf,
  seenOn,
} from '../src/expect.ts'
import { appClient, asClient, codeOf, exchange, granted, refresh, tokensOf } from '../src/grants.ts'
import { type Json, send } from '../src/http.ts'
import type { Page } from '../src/page.ts'
import { callbackUrl, openRealm } from '../src/realm.ts'

const realm = await openRealm()
const logoutUrl = `${realm.oidc}/logout`
afterAll(() => realm.close())
beforeAll(async () => {
  await realm.addUser('alice')
  await realm.addClient({ clientId: 'other' })
  const more = { 'post.logout.redirect.uris': 'https://app.example/bye##https://app.example/left/*' }
  await realm.addClient({ clientId: 'own-uris', attributes: more })
})

const signIn = async (client = 'app'): Promise<{ browser: Browser; tokens: Json }> => {
  const browser = realm.browser()
  const code = await codeOf(realm, 'alice', { client_id: client }, browser)
  return { browser, tokens: granted(await exchange(realm, code, asClient(client))) }
}
const leave = (browser: Browser, parameters: Record<string, string>) =>
  browser.open(`${logoutUrl}?${new URLSearchParams(parameters)}`)
const alive = async ({ access_token }: Json) =>
  (await send(`${realm.oidc}/userinfo`, { bearer: access_token })).status === 200

/** The logout confirmation page: its text and its button. */
const question = (page: Page) => {
  const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const code = /name="session_code" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  return {
    title: page.textOf('kc-page-title'),
    asks: page.textOfClass('instruction'),
    button: page.attributesOf('kc-logout'),
    confirm: (browser: Browser) =>
      browser.open(new URL(action, realm.issuer), { form: { session_code: code, confirmLogout: 'Logout' } }),
  }
}

describe('logout in the browser with an ID token', () => {
  it('redirects to post_logout_redirect_uri with the state', async () => {
    const { browser, tokens } = await signIn()
    const parameters = { id_token_hint: tokens.id_token, post_logout_redirect_uri: callbackUrl, state: 'a b' }
    const page = await leave(browser, parameters)
    expect(redirectOf(page)).toEqual({ status: 302, to: callbackUrl, query: [['state', 'a b']] })
  })

  it('ends the session: access token, refresh token and browser login', async () => {
    const { browser, tokens } = await signIn()
    await leave(browser, { id_token_hint: tokens.id_token, post_logout_redirect_uri: callbackUrl })
    expect(await alive(tokens)).toBe(false)
    expect(answerOf(await refresh(realm, tokens.refresh_token))).toEqual(
      oauthError(400, 'invalid_grant', 'Session not active'),
    )
    expect(seenOn(await browser.open(realm.authUrl()))).toEqual(loginPage())
  })

  it('can be repeated', async () => {
    const { browser, tokens } = await signIn()
    const parameters = { id_token_hint: tokens.id_token, post_logout_redirect_uri: callbackUrl }
    await leave(browser, parameters)
    expect(redirectOf(await leave(browser, parameters))).toMatchObject({ status: 302, to: callbackUrl })
  })

  it('shows a page without post_logout_redirect_uri', async () => {
    const { browser, tokens } = await signIn()
    const page = await leave(browser, { id_token_hint: tokens.id_token })
    expect([page.status, mediaType(page)]).toEqual([200, 'text/html'])
    expect([page.textOf('kc-page-title'), page.textOfClass('instruction')]).toEqual([
      'You are logged out',
      'You are logged out',
    ])
    expect(await alive(tokens)).toBe(false)
  })

  it('works by POST', async () => {
    const { browser, tokens } = await signIn()
    const form = { id_token_hint: tokens.id_token, post_logout_redirect_uri: callbackUrl, state: 'x' }
    const page = await browser.open(logoutUrl, { form })
    expect(redirectOf(page)).toEqual({ status: 302, to: callbackUrl, query: [['state', 'x']] })
    expect(await alive(tokens)).toBe(false)
  })

  it.each([
    ['https://app.example/bye', true],
    ['https://app.example/left/x', true],
    [callbackUrl, false],
  ])('accepts only the client’s post-logout redirect URIs: %s', async (uri, allowed) => {
    const { browser, tokens } = await signIn('own-uris')
    const page = await leave(browser, { id_token_hint: tokens.id_token, post_logout_redirect_uri: uri })
    if (allowed) expect(redirectOf(page)).toMatchObject({ status: 302, to: uri })
    else expect(seenOn(page)).toEqual(errorPage(400, 'Invalid redirect uri'))
  })
})

describe('logout in the browser is rejected and ends no session', () => {
  it.each<[string, (tokens: Record<string, string>) => Record<string, string>, string]>([
    [
      'a redirect URI of another client',
      ({ id_token = '' }) => ({ id_token_hint: id_token, post_logout_redirect_uri: 'https://evil.example/' }),
      'Invalid redirect uri',
    ],
    [
      'a redirect URI without client or token',
      () => ({ post_logout_redirect_uri: callbackUrl }),
      'Missing parameters: id_token_hint',
    ],
    [
      'a redirect URI with an unknown client',
      () => ({ client_id: 'ghost', post_logout_redirect_uri: callbackUrl }),
      'Invalid redirect uri',
    ],
    ['a malformed token', () => ({ id_token_hint: 'junk' }), 'Invalid parameter: id_token_hint'],
    [
      'a token of another client',
      ({ id_token = '' }) => ({ id_token_hint: id_token, client_id: 'other' }),
      'Invalid parameter: id_token_hint',
    ],
    [
      'an access token',
      ({ access_token = '' }) => ({ id_token_hint: access_token }),
      'Invalid parameter: id_token_hint',
    ],
  ])('%s', async (_, parameters, message) => {
    const { browser, tokens } = await signIn()
    expect(seenOn(await leave(browser, parameters(tokens)))).toEqual(errorPage(400, message))
    expect(await alive(tokens)).toBe(true)
  })
})

describe('logout in the browser without an ID token', () => {
  it('asks for confirmation', async () => {
    const { browser, tokens } = await signIn()
    const page = await leave(browser, {})
    expect(question(page)).toMatchObject({
      title: 'Logging out',
      asks: 'Do you want to log out?',
      button: { name: 'confirmLogout', type: 'submit', value: 'Logout' },
    })
    expect(await alive(tokens)).toBe(true)
  })

  it('ends the session after confirmation, and redirects', async () => {
    const { browser, tokens } = await signIn()
    const page = await leave(browser, { client_id: 'app', post_logout_redirect_uri: callbackUrl, state: 'x' })
    expect(redirectOf(await question(page).confirm(browser))).toEqual({
      status: 302,
      to: callbackUrl,
      query: [['state', 'x']],
    })
    expect(await alive(tokens)).toBe(false)
    expect(seenOn(await browser.open(realm.authUrl()))).toEqual(loginPage())
  })
})

describe('logout with a refresh token (back channel)', () => {
  it('returns 204 and ends the session', async () => {
    const tokens = await tokensOf(realm, 'alice')
    const reply = await send(logoutUrl, { form: { ...appClient, refresh_token: tokens.refresh_token } })
    expect(answerOf(reply)).toEqual(empty(204))
    expect(await alive(tokens)).toBe(false)
  })

  it('returns 204 the second time too', async () => {
    const { refresh_token } = await tokensOf(realm, 'alice')
    await send(logoutUrl, { form: { ...appClient, refresh_token } })
    expect(answerOf(await send(logoutUrl, { form: { ...appClient, refresh_token } }))).toEqual(empty(204))
  })

  it('ends the browser’s session too', async () => {
    const { browser, tokens } = await signIn()
    await send(logoutUrl, { form: { ...appClient, refresh_token: tokens.refresh_token } })
    expect(seenOn(await browser.open(realm.authUrl()))).toEqual(loginPage())
  })

  it.each<[string, (token: string) => Record<string, string>, number, string, string]>([
    [
      'another client',
      (refresh_token) => ({ ...asClient('other'), refresh_token }),
      400,
      'invalid_grant',
      "Invalid refresh token. Token client and authorized client don't match",
    ],
    [
      'a wrong secret',
      (refresh_token) => ({ client_id: 'app', client_secret: 'x', refresh_token }),
      401,
      'unauthorized_client',
      'Invalid client or Invalid client credentials',
    ],
    ['junk', () => ({ ...appClient, refresh_token: 'junk' }), 400, 'invalid_grant', 'Invalid refresh token'],
  ])('rejects %s', async (_, form, status, error, description) => {
    const tokens = await tokensOf(realm, 'alice')
    const reply = await send(logoutUrl, { form: form(tokens.refresh_token) })
    expect(answerOf(reply)).toEqual(oauthError(status, error, description))
    expect(await alive(tokens)).toBe(true)
  })
})
