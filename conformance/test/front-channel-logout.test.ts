import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser } from '../src/browser.ts'
import { mediaType, redirectOf } from '../src/expect.ts'
import { asClient, exchange, granted } from '../src/grants.ts'
import type { Json } from '../src/http.ts'
import type { Page } from '../src/page.ts'
import { callbackUrl, openRealm } from '../src/realm.ts'

const realm = await openRealm()
afterAll(() => realm.close())

let alice: string
beforeAll(async () => {
  alice = await realm.addUser('alice')
  await addClient('with-query', { url: 'https://query.example/out?x=1&y=2' }, { name: 'The <First>' })
  await addClient('with-session', { url: 'https://session.example/out', 'session.required': 'true' })
  await addClient('no-session', { url: 'https://plain.example/out', 'session.required': 'false' })
  await addClient(
    'relative',
    { url: '/below', 'session.required': 'false' },
    { rootUrl: 'https://root.example' },
  )
  await addClient('no-url', {})
})

const addClient = (clientId: string, options: Record<string, string>, more: object = {}) =>
  realm.addClient({
    clientId,
    frontchannelLogout: true,
    attributes: Object.fromEntries(
      Object.entries(options).map(([name, value]) => [`frontchannel.logout.${name}`, value]),
    ),
    ...more,
  })

/** Signs alice in to these clients, in one session. */
const signIn = async (...clients: string[]) => {
  const browser = realm.browser()
  const tokens: Record<string, Json> = {}
  for (const client_id of clients) {
    const opened = await browser.open(realm.authUrl({ client_id }))
    const page = opened.headers.has('location')
      ? opened
      : await browser.submit(opened, 'kc-form-login', { username: 'alice', password: 'alice' })
    const code = page.location().searchParams.get('code') ?? ''
    tokens[client_id] = granted(await exchange(realm, code, asClient(client_id)))
  }
  return { browser, tokens, sid: Object.values(tokens)[0].session_state as string }
}

const leave = (browser: Browser, parameters: Record<string, string>) =>
  browser.open(`${realm.oidc}/logout?${new URLSearchParams(parameters)}`)

/** The clients on the page, sorted: Keycloak's order depends on their ids. */
const frames = (page: Page) =>
  [...page.text.matchAll(/<li>\s*([^<]*?)\s*<iframe src="([^"]*)"/g)]
    .map(([, name, url]) => `${name} ${url?.replaceAll('&amp;', '&')}`)
    .sort()
const sessions = async () => (await realm.api(`/users/${alice}/sessions`)).json().length

describe('front-channel logout', () => {
  it('shows a page with a frame for each client with a URL, and ends the session', async () => {
    const clients = ['app', 'with-query', 'with-session', 'no-session', 'relative', 'no-url']
    const { browser, tokens, sid } = await signIn(...clients)
    const page = await leave(browser, {
      id_token_hint: tokens['app'].id_token,
      post_logout_redirect_uri: callbackUrl,
      state: 'a b',
    })
    expect([page.status, mediaType(page)]).toEqual([200, 'text/html'])
    expect(page.textOf('kc-page-title')).toBe('Logging out')
    expect(page.text).toContain('<p>You are logging out from following apps</p>')
    const session = new URLSearchParams({ sid, iss: realm.issuer }).toString()
    expect(frames(page)).toEqual([
      'The &lt;First&gt; https://query.example/out?x=1&y=2&' + session,
      'no-session https://plain.example/out',
      'relative /below',
      `with-session https://session.example/out?${session}`,
    ])
    expect(await sessions()).toBe(0)
  })

  it('continues to post_logout_redirect_uri with the state', async () => {
    const { browser, tokens } = await signIn('with-session')
    const parameters = { post_logout_redirect_uri: callbackUrl, state: 'a b' }
    const page = await leave(browser, { id_token_hint: tokens['with-session'].id_token, ...parameters })
    const target = `${callbackUrl}?state=a+b`
    expect(page.attributesOf('continue')?.['href']).toBe(target)
    expect(page.text).toContain(`window.location.replace("${target}")`)
  })

  it('stays on the page without post_logout_redirect_uri', async () => {
    const { browser, tokens } = await signIn('with-session')
    const page = await leave(browser, { id_token_hint: tokens['with-session'].id_token })
    expect(frames(page)).toHaveLength(1)
    expect(page.attributesOf('continue')).toBeUndefined()
    expect(page.text).not.toContain('window.location.replace')
  })

  it('allows the frames in its content security policy', async () => {
    const { browser, tokens } = await signIn('with-session')
    const page = await leave(browser, { id_token_hint: tokens['with-session'].id_token })
    expect(page.headers.get('content-security-policy')).toBe(
      "frame-src 'self' session.example ; frame-ancestors 'self'; object-src 'none';",
    )
    expect(page.headers.get('x-frame-options')).toBe('SAMEORIGIN')
  })

  it('happens after the confirmation too', async () => {
    const { browser } = await signIn('with-session', 'app')
    const page = await leave(browser, { client_id: 'app', post_logout_redirect_uri: callbackUrl })
    expect(frames(page)).toEqual([])
    const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const session_code = /name="session_code" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const form = { session_code, confirmLogout: 'Logout' }
    const confirmed = await browser.open(new URL(action, realm.issuer), { form })
    expect(frames(confirmed)).toHaveLength(1)
    expect(confirmed.attributesOf('continue')?.['href']).toBe(callbackUrl)
  })

  it('is for disabled clients too', async () => {
    const id = await addClient('disabled', { url: 'https://disabled.example/out' })
    const { browser, tokens } = await signIn('app', 'disabled')
    await realm.api(`/clients/${id}`, { method: 'PUT', json: { enabled: false } })
    expect(frames(await leave(browser, { id_token_hint: tokens['app'].id_token }))).toHaveLength(1)
  })

  it.each([
    ['no client has a URL', async () => signIn('no-url')],
    [
      'the browser has no cookies',
      async () => ({ ...(await signIn('with-session')), browser: realm.browser() }),
    ],
  ])('shows no page if %s', async (_, begin) => {
    const { browser, tokens } = await begin()
    const parameters = { post_logout_redirect_uri: callbackUrl }
    const page = await leave(browser, { id_token_hint: Object.values(tokens)[0].id_token, ...parameters })
    expect(redirectOf(page)).toMatchObject({ status: 302, to: callbackUrl })
    expect(await sessions()).toBe(0)
  })
})
