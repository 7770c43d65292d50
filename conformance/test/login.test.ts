import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorPage, loginPage, mediaType, redirectOf, seenOn } from '../src/expect.ts'
import { exchange } from '../src/grants.ts'
import { callbackUrl, openRealm } from '../src/realm.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm()
afterAll(() => realm.close())
beforeAll(async () => {
  await realm.addUser('alice')
  await realm.addUser('carol', { enabled: false })
})

const refusedLogin = 'Invalid username or password.'
const restart =
  'Restart login cookie not found. It may have expired; it may have been deleted or cookies are disabled in your browser. ' +
  'If cookies are disabled then enable them. Click Back to Application to login again.'

describe('login page', () => {
  it('has the form and fields that scripts rely on', async () => {
    const page = await realm.browser().open(realm.authUrl())
    const form = page.form('kc-form-login')
    expect(seenOn(page)).toEqual(loginPage())
    expect(form.method).toBe('post')
    expect(form.types).toEqual({
      username: 'text',
      password: 'password',
      credentialId: 'hidden',
      login: 'submit',
    })
    expect(form.fields).toEqual({ username: '', password: '', credentialId: '' })
    expect(page.attributesOf('username')).toMatchObject({
      name: 'username',
      type: 'text',
      autocomplete: 'username',
    })
    expect(page.attributesOf('password')).toMatchObject({
      name: 'password',
      type: 'password',
      autocomplete: 'current-password',
    })
    expect(page.attributesOf('kc-login')).toMatchObject({ name: 'login', type: 'submit' })
  })

  it('posts to login-actions/authenticate of the realm, with client and tab', async () => {
    const page = await realm.browser().open(realm.authUrl())
    const action = new URL(page.form('kc-form-login').action)
    expect(`${action.origin}${action.pathname}`).toBe(`${realm.issuer}/login-actions/authenticate`)
    expect([...action.searchParams.keys()]).toEqual([
      'session_code',
      'execution',
      'client_id',
      'tab_id',
      'client_data',
    ])
    expect(action.searchParams.get('client_id')).toBe('app')
  })

  it('must not be cached, framed or sniffed', async () => {
    const { headers } = await realm.browser().open(realm.authUrl())
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store, must-revalidate, max-age=0',
      'content-language': 'en',
      'content-security-policy': "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'x-robots-tag': 'none',
    })
  })

  it('sets cookies for this realm only; session cookies are HttpOnly', async () => {
    const page = await realm.browser().open(realm.authUrl())
    const cookies = page.headers.getSetCookie().map((line) => line.split(';').map((part) => part.trim()))
    const named = Object.fromEntries(
      cookies.map(([pair = '', ...attributes]) => [pair.split('=')[0], attributes]),
    )
    expect(Object.keys(named).toSorted()).toEqual(['AUTH_SESSION_ID', 'KC_AUTH_SESSION_HASH', 'KC_RESTART'])
    for (const attributes of Object.values(named)) expect(attributes).toContain(`Path=/realms/${realm.name}/`)
    expect(named['AUTH_SESSION_ID']).toContain('HttpOnly')
    expect(named['KC_RESTART']).toContain('HttpOnly')
  })

  it('fills in the login hint, escaped', async () => {
    const page = await realm.browser().open(realm.authUrl({ login_hint: 'bob<"&' }))
    expect(page.form('kc-form-login').fields['username']).toBe('bob<"&')
    expect(page.text).not.toContain('bob<')
  })
})

describe('signing in', () => {
  it.each([
    ['a wrong password', 'alice', 'wrong'],
    ['a user who does not exist', 'nobody', 'wrong'],
    ['an empty form', '', ''],
    ['a wrong password of a disabled user', 'carol', 'wrong'],
  ])('rejects %s with the same message', async (_, username, password) => {
    const page = await realm.browser().login(realm.authUrl(), username, password)
    expect(seenOn(page)).toEqual(loginPage(refusedLogin))
    expect(page.textOf('input-error-username')).toBe(refusedLogin)
    expect(page.form('kc-form-login').fields).toMatchObject({ username, password: '' })
  })

  it('reports a disabled account only after the right password', async () => {
    const page = await realm.browser().login(realm.authUrl(), 'carol', 'carol')
    expect(seenOn(page)).toEqual(loginPage('Account is disabled, contact your administrator.'))
  })

  it('shows a wrong user name again, escaped', async () => {
    const page = await realm.browser().login(realm.authUrl(), '<b>"x\'&', 'x')
    expect(page.form('kc-form-login').fields['username']).toBe('<b>"x\'&')
    expect(page.text).not.toContain('<b>"')
  })

  it('can be retried after a wrong password', async () => {
    const browser = realm.browser()
    const again = await browser.login(realm.authUrl(), 'alice', 'wrong')
    const page = await browser.submit(again, 'kc-form-login', { username: 'alice', password: 'alice' })
    expect(redirectOf(page)).toMatchObject({ status: 302, to: callbackUrl })
  })

  it.each([
    ['the e-mail address', 'alice@example.org'],
    ['the e-mail address in another letter case', 'Alice@EXAMPLE.org'],
    ['the user name in another letter case', 'ALICE'],
  ])('accepts %s', async (_, username) => {
    const page = await realm.browser().login(realm.authUrl(), username, 'alice')
    expect(redirectOf(page)).toMatchObject({ status: 302, to: callbackUrl })
  })

  it('returns state, session_state, iss and code in this order', async () => {
    const page = await realm.browser().login(realm.authUrl({ state: 'a b&c' }), 'alice', 'alice')
    const { query, ...rest } = redirectOf(page) as { query: [string, string][] }
    expect(rest).toEqual({ status: 302, to: callbackUrl })
    expect(query.map(([name]) => name)).toEqual(['state', 'session_state', 'iss', 'code'])
    const { state, session_state, iss, code } = Object.fromEntries(query)
    expect([state, iss]).toEqual(['a b&c', realm.issuer])
    expect(session_state).toMatch(/^[A-Za-z0-9_-]{24}$/)
    expect(code).toMatch(new RegExp(`^[0-9a-f-]{36}\\.${session_state}\\.[0-9a-f-]{36}$`))
    expect(page.headers.get('cache-control')).toBe('no-store, must-revalidate, max-age=0')
  })

  it('replaces the login cookies with the session cookies', async () => {
    const browser = realm.browser()
    const page = await browser.login(realm.authUrl(), 'alice', 'alice')
    expect([...browser.cookies.keys()].toSorted()).toEqual([
      'AUTH_SESSION_ID',
      'KC_AUTH_SESSION_HASH',
      'KEYCLOAK_IDENTITY',
      'KEYCLOAK_SESSION',
    ])
    const identity = page.headers.getSetCookie().find((line) => line.startsWith('KEYCLOAK_IDENTITY='))
    expect(identity).toContain('HttpOnly')
  })

  it('returns the parameters in the fragment with response_mode=fragment', async () => {
    const page = await realm.browser().login(realm.authUrl({ response_mode: 'fragment' }), 'alice', 'alice')
    const { fragment } = redirectOf(page) as { fragment: [string, string][] }
    expect(fragment.map(([name]) => name)).toEqual(['state', 'session_state', 'iss', 'code'])
  })

  it('returns a self-submitting form with response_mode=form_post', async () => {
    const page = await realm.browser().login(realm.authUrl({ response_mode: 'form_post' }), 'alice', 'alice')
    expect([page.status, mediaType(page)]).toEqual([200, 'text/html'])
    expect(page.text).toContain(`<FORM METHOD="POST" ACTION="${callbackUrl}">`)
    const names = [...page.text.matchAll(/TYPE="HIDDEN" NAME="(\w+)"/g)].map(([, name = '']) => name)
    expect(names.toSorted()).toEqual(['code', 'iss', 'session_state', 'state'])
  })
})

describe('a second login in the same browser', () => {
  const signedIn = async () => {
    const browser = realm.browser()
    const page = await browser.login(realm.authUrl(), 'alice', 'alice')
    return { browser, session: page.location().searchParams.get('session_state') }
  }

  it('needs no password and keeps the session', async () => {
    const { browser, session } = await signedIn()
    const page = await browser.open(realm.authUrl())
    expect(redirectOf(page)).toMatchObject({ status: 302, to: callbackUrl })
    expect(page.location().searchParams.get('session_state')).toBe(session)
  })

  it('has acr 0 and the first login’s auth_time in the tokens', async () => {
    const { browser } = await signedIn()
    const page = await browser.open(realm.authUrl())
    const { id_token } = (await exchange(realm, page.location().searchParams.get('code') ?? '')).json()
    expect(decode(id_token).claims).toMatchObject({ acr: '0', auth_time: expect.any(Number) })
  })

  it('works with prompt=none', async () => {
    const { browser } = await signedIn()
    const page = await browser.open(realm.authUrl({ prompt: 'none' }))
    expect(page.location().searchParams.get('error')).toBeNull()
    expect(page.location().searchParams.get('code')).toBeTruthy()
  })

  const reauthenticate = loginPage('Please re-authenticate to continue')

  it('asks for the password only, with prompt=login', async () => {
    const { browser } = await signedIn()
    const page = await browser.open(realm.authUrl({ prompt: 'login' }))
    expect(seenOn(page)).toEqual(reauthenticate)
    expect(page.form('kc-form-login').types).toEqual({
      password: 'password',
      credentialId: 'hidden',
      login: 'submit',
    })
  })

  it('asks for the password again when the login is older than max_age', async () => {
    const { browser } = await signedIn()
    // The age of a login counts in whole seconds.
    const again = async () => seenOn(await browser.open(realm.authUrl({ max_age: '0' })))
    await expect.poll(again, { timeout: 5000 }).toEqual(reauthenticate)
  })

  it('does not apply to another browser', async () => {
    await signedIn()
    expect(seenOn(await realm.browser().open(realm.authUrl()))).toEqual(loginPage())
  })
})

describe('a login form from another browser, or an expired one', () => {
  it('is rejected without the login cookies', async () => {
    const page = await realm.browser().open(realm.authUrl())
    const other = await realm
      .browser()
      .submit(page, 'kc-form-login', { username: 'alice', password: 'alice' })
    expect(seenOn(other)).toEqual(errorPage(400, restart))
  })

  it('is rejected when it is opened as a URL', async () => {
    const page = await realm.browser().open(`${realm.issuer}/login-actions/authenticate`)
    expect(seenOn(page)).toEqual(errorPage(400, restart))
  })

  it('shows a new form if it was sent already', async () => {
    const browser = realm.browser()
    const page = await browser.open(realm.authUrl())
    await browser.submit(page, 'kc-form-login', { username: 'alice', password: 'wrong' })
    const again = await browser.submit(page, 'kc-form-login', { username: 'alice', password: 'alice' })
    expect(seenOn(again)).toEqual(loginPage('Action expired. Please continue with login now.'))
  })
})
