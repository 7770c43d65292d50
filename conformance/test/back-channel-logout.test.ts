import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Browser } from '../src/browser.ts'
import { answerOf, empty, json, mediaType, oauthError, redirectOf } from '../src/expect.ts'
import { asClient, exchange, granted, refresh } from '../src/grants.ts'
import { type Json, type Reply, send } from '../src/http.ts'
import { ok, openLogoutReceiver, status } from '../src/logout-receiver.ts'
import type { Page } from '../src/page.ts'
import { callbackUrl, openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm()
const receiver = await openLogoutReceiver()
const logoutUrl = `${realm.oidc}/logout`
afterAll(async () => {
  receiver.close()
  await realm.close()
})
afterEach(async () => {
  receiver.answer(ok)
  await logOutAlice()
  receiver.take()
})

let alice: string
const ids: Record<string, string> = {}
beforeAll(async () => {
  alice = await realm.addUser('alice')
  const endpoints: Record<string, Record<string, string>> = {
    one: { 'session.required': 'true' },
    two: { 'session.required': 'true' },
    silent: {},
    'no-sid': { 'session.required': 'false' },
    offline: { 'session.required': 'true', 'revoke.offline.tokens': 'true' },
  }
  for (const [clientId, options] of Object.entries(endpoints)) {
    const url: Record<string, string> = clientId === 'silent' ? {} : { url: `${receiver.url}/${clientId}` }
    ids[clientId] = await realm.addClient({ clientId, attributes: attributes({ ...url, ...options }) })
  }
  await realm.addClient({
    clientId: 'front-channel',
    frontchannelLogout: true,
    attributes: attributes({ url: `${receiver.url}/front-channel` }),
  })
  await realm.addClient({
    clientId: 'relative',
    rootUrl: receiver.url,
    attributes: attributes({ url: '/below' }),
  })
})

const attributes = (options: Record<string, string>) =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [`backchannel.logout.${name}`, value]))

interface Login {
  readonly browser: Browser
  /** By client. */
  readonly tokens: Record<string, Json>
  readonly sid: string
}

/** Signs alice in to these clients, in one session. */
const signIn = async (...clients: string[]): Promise<Login> => {
  const browser = realm.browser()
  const tokens: Record<string, Json> = {}
  for (const client_id of clients) tokens[client_id] = await authorize(browser, { client_id })
  return { browser, tokens, sid: Object.values(tokens)[0].session_state }
}

const authorize = async (browser: Browser, parameters: { client_id: string; scope?: string }) => {
  const url = realm.authUrl(parameters)
  const opened = await browser.open(url)
  const page = opened.headers.has('location')
    ? opened
    : await browser.submit(opened, 'kc-form-login', { username: 'alice', password: 'alice' })
  const code = page.location().searchParams.get('code') ?? ''
  return granted(await exchange(realm, code, asClient(parameters.client_id)))
}

const leave = (browser: Browser, parameters: Record<string, string>) =>
  browser.open(`${logoutUrl}?${new URLSearchParams(parameters)}`)
const leaveBy = ({ browser, tokens }: Login, client: string, more: Record<string, string> = {}) =>
  leave(browser, { id_token_hint: tokens[client].id_token, ...more })
const confirm = (page: Page, browser: Browser) => {
  const action = /<form[^>]*action="([^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const session_code = /name="session_code" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
  return browser.open(new URL(action, realm.issuer), { form: { session_code, confirmLogout: 'Logout' } })
}
const leaveByToken = (client: string, { refresh_token }: Json) =>
  send(logoutUrl, { form: { ...asClient(client), refresh_token } })
const logOutAlice = () => realm.api(`/users/${alice}/logout`, { method: 'POST' })
const sessions = async () => (await realm.api(`/users/${alice}/sessions`)).json().length

/** The clients that were notified, sorted: Keycloak's order depends on their ids. */
const notified = () =>
  receiver
    .take()
    .map(({ path }) => path?.slice(1))
    .sort()

describe('the logout token', () => {
  it('is posted as the form field logout_token', async () => {
    await leaveBy(await signIn('one'), 'one')
    const [request, ...others] = receiver.take()
    expect(others).toEqual([])
    expect(request).toMatchObject({ method: 'POST', path: '/one', fields: ['logout_token'] })
    expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect(request?.headers.authorization).toBeUndefined()
  })

  it('is signed with the realm’s key and has these claims', async () => {
    const login = await signIn('one')
    await leaveBy(login, 'one')
    const [{ token } = { token: '' }] = receiver.take()
    const keys = createRemoteJWKSet(new URL(`${realm.oidc}/certs`))
    await jwtVerify(token, keys, { issuer: realm.issuer, audience: 'one', typ: 'logout+jwt' })
    const { header, claims } = decode(token)
    expect(header).toEqual({ alg: 'RS256', typ: 'logout+jwt', kid: expect.any(String) as string })
    expect(Object.keys(claims)).toEqual(['exp', 'iat', 'jti', 'iss', 'aud', 'sub', 'typ', 'sid', 'events'])
    expect(claims).toMatchObject({
      iss: realm.issuer,
      aud: 'one',
      sub: alice,
      typ: 'Logout',
      sid: login.sid,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    expect(claims.exp - claims.iat).toBe(120)
    expect(claims.jti).toMatch(/^[0-9a-f-]{36}$/)
  })

  it.each([
    ['no-sid', false, {}],
    ['offline', true, { revoke_offline_access: true }],
  ])('of the client %s: sid %s, more events %j', async (client, hasSid, more) => {
    const { sid } = await signIn(client)
    await realm.api(`/sessions/${sid}`, { method: 'DELETE' })
    const { claims } = decode(receiver.take()[0]?.token ?? '')
    expect(claims.sid).toBe(hasSid ? sid : undefined)
    expect(claims.events).toEqual({ 'http://schemas.openid.net/event/backchannel-logout': {}, ...more })
  })

  it('has the issuer of the login, whatever URL the logout used', async () => {
    const elsewhere = realm.target.server.replace('localhost', '127.0.0.1')
    const form = { grant_type: 'password', username: 'alice', password: 'alice', ...asClient('one') }
    granted(await send(`${elsewhere}/realms/${realm.name}/protocol/openid-connect/token`, { form }))
    await logOutAlice()
    const { claims } = decode(receiver.take()[0]?.token ?? '')
    expect(claims.iss).toBe(`${elsewhere}/realms/${realm.name}`)
  })

  it('goes to a path below the root URL of the client', async () => {
    await leaveBy(await signIn('relative'), 'relative')
    expect(notified()).toEqual(['below'])
  })

  it('goes to the URL that is set at the logout', async () => {
    const clientId = 'moving'
    const id = await realm.addClient({ clientId, attributes: attributes({ url: `${receiver.url}/old` }) })
    const login = await signIn(clientId)
    const json = { clientId, attributes: attributes({ url: `${receiver.url}/new` }) }
    await realm.api(`/clients/${id}`, { method: 'PUT', json })
    await leaveBy(login, clientId)
    expect(notified()).toEqual(['new'])
  })
})

describe('is sent to all clients of the session, before the response,', () => {
  it('at a logout in the browser, to the client itself too', async () => {
    const login = await signIn('one', 'two', 'silent')
    const page = await leaveBy(login, 'one', { post_logout_redirect_uri: callbackUrl })
    expect(notified()).toEqual(['one', 'two'])
    expect(redirectOf(page)).toMatchObject({ status: 302, to: callbackUrl })
  })

  it('at a logout from a browser without cookies', async () => {
    const { tokens } = await signIn('one')
    await leave(realm.browser(), { id_token_hint: tokens['one'].id_token })
    expect(notified()).toEqual(['one'])
  })

  it('at a logout in the browser after the confirmation, not before', async () => {
    const { browser } = await signIn('one', 'two')
    const page = await leave(browser, { client_id: 'one', post_logout_redirect_uri: callbackUrl })
    expect(notified()).toEqual([])
    await confirm(page, browser)
    expect(notified()).toEqual(['one', 'two'])
  })

  it('at a logout with a refresh token, once', async () => {
    const { tokens } = await signIn('one', 'two')
    expect(answerOf(await leaveByToken('one', tokens['one']))).toEqual(empty(204))
    expect(notified()).toEqual(['one', 'two'])
    expect(answerOf(await leaveByToken('one', tokens['one']))).toEqual(empty(204))
    expect(notified()).toEqual([])
  })

  it('when an administrator deletes the session', async () => {
    const { sid } = await signIn('one', 'two')
    expect(answerOf(await realm.api(`/sessions/${sid}`, { method: 'DELETE' }))).toEqual(empty(204))
    expect(notified()).toEqual(['one', 'two'])
  })

  it('when an administrator logs the user out, for each session', async () => {
    await signIn('one', 'two')
    await signIn('one')
    expect(answerOf(await logOutAlice())).toEqual(empty(204))
    expect(notified()).toEqual(['one', 'one', 'two'])
  })

  it('when the user ends other sessions with a new password', async () => {
    await signIn('one')
    const user = (await realm.api(`/users/${alice}`)).json()
    const json = { ...user, requiredActions: ['UPDATE_PASSWORD'] }
    await realm.api(`/users/${alice}`, { method: 'PUT', json })
    const browser = realm.browser()
    const page = await browser.login(realm.authUrl({ client_id: 'two' }), 'alice', 'alice')
    await browser.submit(page, 'kc-passwd-update-form', {
      'password-new': 'alice',
      'password-confirm': 'alice',
      'logout-sessions': 'on',
    })
    expect(notified()).toEqual(['one'])
    expect(await sessions()).toBe(1)
  })

  it('when the user restarts the login as somebody else', async () => {
    const { browser } = await signIn('one')
    const page = await browser.open(realm.authUrl({ client_id: 'two', prompt: 'login' }))
    const restart = new URL(page.form('kc-form-login').action, realm.issuer)
    restart.pathname = restart.pathname.replace('authenticate', 'restart')
    for (const name of ['session_code', 'execution']) restart.searchParams.delete(name)
    await browser.open(restart)
    expect(notified()).toEqual(['one'])
  })
})

describe('is not sent', () => {
  it.each<[string, () => Promise<Reply>, Record<string, unknown>]>([
    ['everybody is logged out', () => realm.api('/logout-all', { method: 'POST' }), json(200, {})],
    ['not-before is pushed', () => realm.api('/push-revocation', { method: 'POST' }), json(200, {})],
    [
      'a password is reset',
      () =>
        realm.api(`/users/${alice}/reset-password`, {
          method: 'PUT',
          json: { type: 'password', value: 'alice', temporary: false },
        }),
      empty(204),
    ],
  ])('when %s', async (_, act, answer) => {
    await signIn('one')
    expect(answerOf(await act())).toEqual(answer)
    expect(notified()).toEqual([])
  })

  it('when the user is disabled, but at the logout that follows', async () => {
    await signIn('one')
    const set = (enabled: boolean) => realm.api(`/users/${alice}`, { method: 'PUT', json: { enabled } })
    await set(false)
    expect(notified()).toEqual([])
    await logOutAlice()
    expect(notified()).toEqual(['one'])
    await set(true)
  })

  it('when the user is deleted', async () => {
    const bob = await realm.addUser('bob')
    const form = { grant_type: 'password', username: 'bob', password: 'bob', ...asClient('one') }
    granted(await realm.token(form))
    expect(answerOf(await realm.api(`/users/${bob}`, { method: 'DELETE' }))).toEqual(empty(204))
    expect(notified()).toEqual([])
  })

  it('when a token is revoked, nor later to that client', async () => {
    const { tokens } = await signIn('one', 'two')
    await send(`${realm.oidc}/revoke`, { form: { ...asClient('one'), token: tokens['one'].refresh_token } })
    expect(notified()).toEqual([])
    await leaveByToken('two', tokens['two'])
    expect(notified()).toEqual(['two'])
  })

  it('to a client that is disabled', async () => {
    const login = await signIn('one', 'two')
    const set = (enabled: boolean) =>
      realm.api(`/clients/${ids['one']}`, { method: 'PUT', json: { enabled } })
    await set(false)
    await leaveBy(login, 'two')
    await set(true)
    expect(notified()).toEqual(['two'])
  })

  it('to a client with front-channel logout', async () => {
    await signIn('front-channel', 'one')
    await logOutAlice()
    expect(notified()).toEqual(['one'])
  })

  it('when a session expires', async () => {
    const { ssoSessionMaxLifespan } = (await realm.api('')).json()
    const limit = (seconds: number) =>
      realm.api('', { method: 'PUT', json: { ssoSessionMaxLifespan: seconds } })
    await limit(1)
    const form = { grant_type: 'password', username: 'alice', password: 'alice', ...asClient('one') }
    const tokens = granted(await realm.token(form))
    await expect.poll(sessions, { timeout: 10_000, interval: 250 }).toBe(0)
    await leaveByToken('one', tokens)
    await limit(ssoSessionMaxLifespan)
    expect(notified()).toEqual([])
  })
})

describe('with offline access', () => {
  const offline = (browser: Browser, client_id: string) =>
    authorize(browser, { client_id, scope: 'openid offline_access' })
  const isAlive = async (client: string, { refresh_token }: Json) =>
    (await refresh(realm, refresh_token, asClient(client))).status === 200

  it('a logout notifies all clients and leaves their offline tokens', async () => {
    const login = await signIn('one', 'two', 'offline')
    const tokens = await offline(login.browser, 'offline')
    await leaveBy(login, 'one')
    expect(notified()).toEqual(['offline', 'one', 'two'])
    expect(await isAlive('offline', tokens)).toBe(true)
  })

  it('a logout with an offline token ends all, and notifies only clients with offline access', async () => {
    const { browser } = await signIn('one', 'two', 'offline')
    const [tokens, others] = [await offline(browser, 'offline'), await offline(browser, 'two')]
    expect(answerOf(await leaveByToken('offline', tokens))).toEqual(empty(204))
    expect(notified()).toEqual(['offline', 'two'])
    expect(await sessions()).toBe(0)
    expect(answerOf(await refresh(realm, others.refresh_token, asClient('two')))).toEqual(
      oauthError(400, 'invalid_grant', 'Offline user session not found'),
    )
  })

  it('the deletion of the offline session ends the other one too', async () => {
    const { browser, sid } = await signIn('one', 'two', 'offline')
    const tokens = await offline(browser, 'offline')
    const reply = await realm.api(`/sessions/${sid}?isOffline=true`, { method: 'DELETE' })
    expect(answerOf(reply)).toEqual(empty(204))
    expect(notified()).toEqual(['offline'])
    expect([await sessions(), await isAlive('offline', tokens)]).toEqual([0, false])
  })
})

describe('a client that fails does not fail the logout:', () => {
  it.each([201, 204, 400, 500])('it answers %i', async (code) => {
    receiver.answer(status(code))
    const page = await leaveBy(await signIn('one', 'two'), 'one', { post_logout_redirect_uri: callbackUrl })
    expect(redirectOf(page)).toMatchObject({ status: 302, to: callbackUrl })
    expect([notified(), await sessions()]).toEqual([['one', 'two'], 0])
  })

  it.each([302, 307])('it redirects with %i, which is not followed', async (code) => {
    receiver.answer(status(code, { location: `${receiver.url}/elsewhere` }))
    await signIn('one')
    expect(answerOf(await logOutAlice())).toEqual(empty(204))
    expect([notified(), await sessions()]).toEqual([['one'], 0])
  })

  it('it closes the connection', async () => {
    receiver.answer((response) => response.destroy())
    await signIn('one', 'two')
    expect(answerOf(await logOutAlice())).toEqual(empty(204))
    expect([notified(), await sessions()]).toEqual([['one', 'two'], 0])
  })

  it.each([
    ['nothing listens', 'http://localhost:1/'],
    ['no host has the name', 'http://no-such-host.invalid/'],
    ['the scheme is not HTTP', 'ftp://localhost/'],
    ['it has no TLS', receiver.url.replace('http:', 'https:')],
  ])('%s', async (what, url) => {
    const clientId = what.replaceAll(' ', '-')
    await realm.addClient({ clientId, attributes: attributes({ url }) })
    const { tokens } = await signIn(clientId, 'two')
    expect(answerOf(await leaveByToken('two', tokens['two']))).toEqual(empty(204))
    expect([notified(), await sessions()]).toEqual([['two'], 0])
  })

  it('it never answers: the logout waits 5 seconds', async () => {
    receiver.answer(() => {})
    const login = await signIn('one')
    const start = performance.now()
    const page = await leaveBy(login, 'one')
    const seconds = (performance.now() - start) / 1000
    expect([page.status, mediaType(page), notified(), await sessions()]).toEqual([
      200,
      'text/html',
      ['one'],
      0,
    ])
    expect(seconds).toBeGreaterThan(4.9)
  })
})

describe('the settings of a client', () => {
  it.each([
    ['javascript:alert(1)', 'uses an illegal scheme'],
    ['relative', 'is not a valid URL'],
    ['http://localhost/a b', 'is not a valid URL'],
    ['ldap://localhost/', 'is not a valid URL'],
    ['http://', 'is not a valid URL'],
    ['${authBaseUrl}/x', 'is not a valid URL'],
  ])('reject the URL %s', async (url, problem) => {
    for (const [attribute, name] of [
      ['backchannel.logout.url', 'Backchannel logout URL'],
      ['frontchannel.logout.url', 'Front-channel logout URL'],
    ] as const) {
      const body = { clientId: 'rejected', enabled: true, attributes: { [attribute]: url } }
      expect(answerOf(await realm.api('/clients', { json: body }))).toEqual(
        oauthError(400, 'invalid_input', `${name} ${problem}`),
      )
      const change = { clientId: 'one', attributes: { [attribute]: url } }
      const reply = await realm.api(`/clients/${ids['one']}`, { method: 'PUT', json: change })
      expect(reply.status).toBe(400)
    }
  })

  it('are kept as they were set; an empty one is removed', async () => {
    const set = {
      'backchannel.logout.url': 'https://app.example/logged-out',
      'backchannel.logout.session.required': 'true',
      'backchannel.logout.revoke.offline.tokens': 'false',
      'frontchannel.logout.url': '/front',
      'frontchannel.logout.session.required': 'false',
    }
    const id = await realm.addClient({ clientId: 'kept', frontchannelLogout: true, attributes: set })
    const read = async () => (await realm.api(`/clients/${id}`)).json()
    expect(await read()).toMatchObject({ frontchannelLogout: true, attributes: set })
    const { 'backchannel.logout.url': _url, ...rest } = set
    const json = { clientId: 'kept', attributes: { 'backchannel.logout.url': '' } }
    await realm.api(`/clients/${id}`, { method: 'PUT', json })
    const { attributes } = await read()
    expect(attributes).toMatchObject(rest)
    expect(attributes).not.toHaveProperty('backchannel.logout.url')
  })

  it('appear in the discovery document', async () => {
    const reply = await send(`${realm.issuer}/.well-known/openid-configuration`)
    expect(reply.json()).toMatchObject({
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    })
  })
})
