import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser } from '../src/browser.ts'
import { answerOf, empty, json, oauthError, redirectOf } from '../src/expect.ts'
import { asClient, exchange, granted, refresh, tokensOf } from '../src/grants.ts'
import { type Json, send } from '../src/http.ts'
import { openLogoutReceiver } from '../src/logout-receiver.ts'
import type { Page } from '../src/page.ts'
import { callbackUrl, openRealm } from '../src/realm.ts'

const realm = await openRealm()
const receiver = await openLogoutReceiver()
afterAll(async () => {
  receiver.close()
  await realm.close()
})

const ids: Record<string, string> = {}
beforeAll(async () => {
  ids['consent'] = await realm.addClient({
    clientId: 'consent',
    name: 'The App',
    consentRequired: true,
    attributes: { 'backchannel.logout.url': `${receiver.url}/consent` },
  })
  await realm.addClient({
    clientId: 'itself',
    consentRequired: true,
    attributes: { 'display.on.consent.screen': 'true', 'consent.screen.text': 'Its own text' },
  })
  await realm.addClient({ clientId: 'nothing', consentRequired: true, defaultClientScopes: ['basic'] })
})

let users = 0
const newUser = async () => {
  const name = `user-${++users}`
  return { name, id: await realm.addUser(name) }
}
const authUrl = (more: Record<string, string> = {}) => realm.authUrl({ client_id: 'consent', ...more })
const begin = async (more: Record<string, string> = {}) => {
  const user = await newUser()
  const browser = realm.browser()
  return { ...user, browser, page: await browser.login(authUrl(more), user.name, user.name) }
}
/** What the page asks, sorted: Keycloak's order depends on ids. */
const asked = (page: Page) =>
  [...page.text.matchAll(/<li>\s*<span>\s*([^<]*?)\s*<\/span>/g)].map(([, text]) => text).sort()
const decide = (browser: Browser, page: Page, decision: 'accept' | 'cancel') => {
  const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const code = /name="code" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  return browser.request(new URL(action, realm.issuer), { form: { code, [decision]: '' } })
}
const accept = async (more: Record<string, string> = {}) => {
  const login = await begin(more)
  const done = await decide(login.browser, login.page, 'accept')
  const code = done.location().searchParams.get('code') ?? ''
  return { ...login, code, tokens: granted(await exchange(realm, code, asClient('consent'))) }
}
const consents = async (id: string): Promise<Json[]> => (await realm.api(`/users/${id}/consents`)).json()
const revoke = (id: string, client = 'consent') =>
  realm.api(`/users/${id}/consents/${client}`, { method: 'DELETE' })

describe('the consent page', () => {
  it('follows the login and names the client and its scopes', async () => {
    const { page } = await begin({ scope: 'openid address phone offline_access microprofile-jwt' })
    expect(page.status).toBe(200)
    expect(page.textOf('kc-page-title')).toBe('Grant Access to The App')
    const all = ['Address', 'Email address', 'Offline Access', 'Phone number', 'User profile', 'User roles']
    expect(asked(page)).toEqual(all)
    expect(page.attributesOf('kc-login')).toMatchObject({ name: 'accept', type: 'submit' })
    expect(page.attributesOf('kc-cancel')).toMatchObject({ name: 'cancel', type: 'submit' })
  })

  it('names the client itself if it wants that', async () => {
    const { page } = await begin({ client_id: 'itself' })
    expect(asked(page)).toEqual(['Email address', 'Its own text', 'User profile', 'User roles'])
  })

  it('is not shown for a client without scopes to show', async () => {
    const { page } = await begin({ client_id: 'nothing' })
    expect(page.location().searchParams.has('code')).toBe(true)
  })

  it('answers access_denied after a denial, and there is no session', async () => {
    const { browser, page, id } = await begin()
    const denied = await decide(browser, page, 'cancel')
    expect(redirectOf(denied)).toEqual({
      status: 302,
      to: callbackUrl,
      query: [
        ['error', 'access_denied'],
        ['state', 'st'],
        ['iss', realm.issuer],
      ],
    })
    expect((await realm.api(`/users/${id}/sessions`)).json()).toEqual([])
    expect((await browser.open(authUrl())).textOf('kc-page-title')).toBe('Sign in to your account')
  })

  it('asks once, and later for new scopes only', async () => {
    const { browser } = await accept()
    expect((await browser.open(authUrl())).location().searchParams.has('code')).toBe(true)
    expect(asked(await browser.open(authUrl({ scope: 'openid phone' })))).toEqual(['Phone number'])
  })

  it('asks for all again with prompt=consent', async () => {
    const { browser } = await accept()
    const page = await browser.open(authUrl({ prompt: 'consent' }))
    expect(asked(page)).toEqual(['Email address', 'User profile', 'User roles'])
    const done = await decide(browser, page, 'accept')
    expect(done.location().searchParams.has('code')).toBe(true)
  })

  it('is not shown to clients that require none, with prompt=consent either', async () => {
    const { browser } = await accept()
    const page = await browser.open(realm.authUrl({ prompt: 'consent' }))
    expect(page.location().searchParams.has('code')).toBe(true)
  })

  it('is not possible with prompt=none: interaction_required, and nothing once it is granted', async () => {
    const { browser, name } = await accept()
    expect((await browser.open(authUrl({ prompt: 'none' }))).location().searchParams.has('code')).toBe(true)
    const other = realm.browser()
    await other.login(realm.authUrl(), name, name)
    const more = { prompt: 'none', scope: 'openid phone' }
    const page = await other.open(authUrl(more))
    expect(redirectOf(page)).toMatchObject({
      query: [
        ['error', 'interaction_required'],
        ['state', 'st'],
        ['iss', realm.issuer],
      ],
    })
  })
})

describe('the consents of a user', () => {
  it('are listed with their scopes and offline access', async () => {
    const { id } = await accept({ scope: 'openid offline_access' })
    const [consent, ...others] = await consents(id)
    expect(others).toEqual([])
    expect(Object.keys(consent)).toEqual([
      'lastUpdatedDate',
      'clientId',
      'createdDate',
      'grantedClientScopes',
      'additionalGrants',
    ])
    expect(consent.clientId).toBe('consent')
    expect(consent.grantedClientScopes.sort()).toEqual(['email', 'offline_access', 'profile', 'roles'])
    expect(consent.additionalGrants).toEqual([{ client: ids['consent'], key: 'Offline Token' }])
    expect(consent.lastUpdatedDate).toBeGreaterThanOrEqual(consent.createdDate)
  })

  it('include clients with offline access only', async () => {
    const { id, name } = await newUser()
    const { refresh_token } = await tokensOf(realm, name, { scope: 'openid offline_access' })
    expect(await consents(id)).toEqual([
      {
        clientId: 'app',
        grantedClientScopes: [],
        additionalGrants: [{ client: expect.any(String) as string, key: 'Offline Token' }],
      },
    ])
    expect(answerOf(await revoke(id, 'app'))).toEqual(empty(204))
    expect(answerOf(await refresh(realm, refresh_token))).toEqual(
      oauthError(400, 'invalid_grant', 'Offline user session not found'),
    )
  })

  it('can be revoked once, which ends the client session and notifies the client', async () => {
    const { id, tokens, browser } = await accept()
    receiver.take()
    expect(answerOf(await revoke(id))).toEqual(empty(204))
    expect(receiver.take().map(({ path }) => path)).toEqual(['/consent'])
    expect(await consents(id)).toEqual([])
    expect(answerOf(await revoke(id))).toEqual(json(404, { error: 'Consent nor offline token not found' }))
    expect(answerOf(await revoke(id, 'unknown'))).toEqual(json(404, { error: 'Client not found' }))
    const refreshed = await refresh(realm, tokens.refresh_token, asClient('consent'))
    expect([refreshed.status, refreshed.json().error]).toEqual([400, 'invalid_grant'])
    expect((await send(`${realm.oidc}/userinfo`, { bearer: tokens.access_token })).status).toBe(401)
    expect((await browser.open(authUrl({ prompt: 'none' }))).location().searchParams.has('code')).toBe(false)
  })

  it('must cover scopes that the client got later', async () => {
    const { tokens } = await accept()
    const scopes: Json[] = (await realm.api('/client-scopes')).json()
    const phone = scopes.find(({ name }) => name === 'phone')?.id as string
    const set = (method: string, kind: string) =>
      realm.api(`/clients/${ids['consent']}/${kind}-client-scopes/${phone}`, { method })
    await set('DELETE', 'optional')
    await set('PUT', 'default')
    const reply = await refresh(realm, tokens.refresh_token, asClient('consent'))
    await set('DELETE', 'default')
    await set('PUT', 'optional')
    expect(answerOf(reply)).toEqual(
      oauthError(400, 'invalid_scope', 'Client no longer has requested consent from user'),
    )
  })
})
