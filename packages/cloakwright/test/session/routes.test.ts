import { CloakwrightError } from 'cloakwright'
import { memorySessionStore, type SessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Browser } from './support/browser.ts'
import { startProvider, type TestProvider } from './support/provider.ts'
import { host, newKey, publicUrl, sessionCookie, setup } from './support/setup.ts'

describe('the routes', () => {
  let provider: TestProvider
  beforeAll(async () => {
    provider = await startProvider()
  })
  beforeEach(() => provider.reset())
  afterAll(() => provider.close())

  describe('/auth/session', () => {
    const url = `${publicUrl}/auth/session`

    it('says who is signed in, and nothing secret', async () => {
      const access = { preferred_username: 'alice', realm_access: { roles: ['admin', 'user'] } }
      provider.onIdToken = (claims) => Object.assign(claims, { name: 'Alice A.', email: 'alice@example.com' })
      provider.onToken = async ({ status, body }) => ({
        status,
        body: { ...body, access_token: await provider.sign(access) },
      })
      const { signIn } = setup(provider)
      const response = await (await signIn()).send(url)
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await response.json()).toEqual({
        subject: 'sub-alice',
        username: 'alice',
        name: 'Alice A.',
        email: 'alice@example.com',
        roles: ['admin', 'user'],
        expiresIn: expect.toBeOneOf([1799, 1800]) as number,
      })
    })

    it('works with an opaque access token', async () => {
      const { signIn } = setup(provider)
      const response = await (await signIn()).send(url)
      expect(await response.json()).toMatchObject({ subject: 'sub-alice', roles: [] })
    })

    it.each<[string, (browser: Browser) => void]>([
      ['without a cookie', (browser) => browser.jar.clear()],
      ['with an unreadable cookie', (browser) => browser.jar.get(host)?.set(sessionCookie, '%')],
      ['with an unknown cookie', (browser) => browser.jar.get(host)?.set(sessionCookie, 'x'.repeat(43))],
    ])('is 401 %s, and says where to sign in', async (_, change) => {
      const { sessions, signIn } = setup(provider)
      const browser = await signIn()
      change(browser)
      const cookie = Array.from(browser.cookies(host), (pair) => pair.join('=')).join('; ')
      const request = new Request(url, { headers: { cookie, referer: `${publicUrl}/page` } })
      const response = await sessions.handle(request, { requestId: 'req-1' })
      expect(response?.status).toBe(401)
      expect(response?.headers.get('content-type')).toBe('application/problem+json')
      expect(await response?.json()).toEqual({
        type: 'about:blank',
        title: 'Unauthorized',
        status: 401,
        detail: 'Not authenticated',
        code: 'CW_SESSION_ENDED',
        requestId: 'req-1',
        login: '/auth/login?returnTo=%2Fpage',
      })
    })

    it('does not extend the session, and asks the realm nothing', async () => {
      const { clock, signIn } = setup(provider)
      const browser = await signIn()
      const before = provider.grants.length
      for (let minute = 0; minute < 29; minute++) {
        clock.forward(60)
        expect((await browser.send(url)).status).toBe(200)
      }
      clock.forward(61)
      expect((await browser.send(url)).status).toBe(401)
      expect(provider.grants).toHaveLength(before)
    })

    it('is 503 with Retry-After while the store is down, and keeps the cookie', async () => {
      const store = memorySessionStore()
      const gone = new CloakwrightError('CW_STATE_UNAVAILABLE', 'gone', { retryAfter: 5 })
      let down = false
      const failing: SessionStore = {
        ...store,
        read: (key) => (down ? Promise.reject(gone) : store.read(key)),
      }
      const browser = await setup(provider, { store: failing }).signIn()
      down = true
      const response = await browser.send(url)
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
      expect(response.headers.getSetCookie()).toEqual([])
      expect(await response.json()).toMatchObject({ code: 'CW_STATE_UNAVAILABLE' })
    })
  })

  describe('/auth/login', () => {
    const sent = async (query: string): Promise<URLSearchParams | number> => {
      const response = await setup(provider).newBrowser().send(`${publicUrl}/auth/login?${query}`)
      const location = response.headers.get('location')
      return location === null ? response.status : new URL(location).searchParams
    }

    it.each([
      ['prompt', 'none'],
      ['prompt', 'login consent'],
      ['prompt', 'create'],
      ['login_hint', 'jörg@example.com'],
      ['kc_idp_hint', 'google'],
      ['acr_values', 'gold urn:example:silver'],
      ['ui_locales', 'de-AT en'],
      ['kc_action', 'UPDATE_PASSWORD'],
      ['kc_action', 'CONFIGURE_TOTP'],
      ['kc_action', 'delete_account'],
      ['kc_action', 'delete_credential:8e4b2c1a-0000-4000-8000-1234567890ab'],
    ])('passes on %s=%s', async (name, value) => {
      const parameters = await sent(new URLSearchParams({ [name]: value }).toString())
      expect(parameters).toBeInstanceOf(URLSearchParams)
      expect((parameters as URLSearchParams).get(name)).toBe(value)
    })

    it.each([
      'redirect_uri=https://evil.example',
      'scope=offline_access',
      'response_type=token',
      'client_id=other',
      'request=x',
      'code_challenge_method=plain',
      'nonce=known',
      'other=1',
    ])('never passes on %s', async (query) => {
      const parameters = (await sent(query)) as URLSearchParams
      const [name = '', value = ''] = query.split('=')
      expect(parameters.get(name)).not.toBe(value)
    })

    it.each([
      'prompt=maybe',
      'prompt=none+login',
      'prompt=login&prompt=none',
      `acr_values=${'x'.repeat(200)}`,
      'kc_action=%3Cscript%3E',
      `kc_action=${'x'.repeat(65)}`,
    ])('refuses %s', async (query) => {
      expect(await sent(query)).toBe(400)
    })

    it.each([
      'login_hint=a%00b',
      `login_hint=${'x'.repeat(129)}`,
      'login_hint=a&login_hint=b',
      'ui_locales=%3Cb%3E',
      `kc_idp_hint=${'x'.repeat(65)}`,
    ])('ignores the hint %s', async (query) => {
      expect(((await sent(query)) as URLSearchParams).has(query.split('=')[0] ?? '')).toBe(false)
    })

    it('keeps its parameters on the way from another host name, and when the login starts again', async () => {
      const { clock, newBrowser, sessions } = setup(provider)
      provider.now = clock.now
      const led = await sessions.handle(
        new Request('https://other.example/auth/login?kc_action=CONFIGURE_TOTP'),
      )
      expect(led?.headers.get('location')).toContain('kc_action=CONFIGURE_TOTP')
      const browser = newBrowser()
      const login = await browser.send(`${publicUrl}/auth/login?kc_action=CONFIGURE_TOTP&login_hint=alice`)
      const answer = await browser.open(login.headers.get('location') ?? '', `${publicUrl}/auth/callback`)
      clock.forward(7200)
      const again = await browser.send(answer.headers.get('location') ?? '')
      const { searchParams } = new URL(again.headers.get('location') ?? '')
      expect(searchParams.get('kc_action')).toBe('CONFIGURE_TOTP')
    })

    it('leaves the query of a page out that is too long, and says so in the log', async () => {
      const { errors, newBrowser } = setup(provider)
      const browser = newBrowser()
      const query = new URLSearchParams({ returnTo: `/page?q=${'x'.repeat(2000)}` })
      expect(await (await browser.open(`${publicUrl}/auth/login?${query}`)).json()).toMatchObject({
        page: '/page',
      })
      expect(errors).toMatchObject([
        { code: 'CW_LOGIN_REQUEST', message: expect.stringContaining('2008 characters') },
      ])
    })
  })

  describe('methods', () => {
    const answer = async (method: string, path: string): Promise<Response | undefined> =>
      await setup(provider).sessions.handle(new Request(publicUrl + path, { method }))

    it.each([
      ['/auth/login', 302],
      ['/auth/logout', 200],
      ['/auth/session', 401],
      ['/auth/callback?code=x&state=y', 200],
    ])('HEAD %s is like GET, without a body', async (path, status) => {
      const response = await answer('HEAD', path)
      expect(response?.status).toBe(status)
      expect(await response?.text()).toBe('')
    })

    it('HEAD does not use up a login', async () => {
      const browser = setup(provider, { keys: [newKey('k1')] }).newBrowser()
      const started = await browser.open(`${publicUrl}/page`, `${publicUrl}/auth/callback`)
      const url = started.headers.get('location') ?? ''
      await browser.send(url, { method: 'HEAD' })
      expect(provider.grants).toEqual([])
      expect(await (await browser.open(url)).json()).toMatchObject({ session: { subject: 'sub-alice' } })
    })

    it.each([
      ['/auth/login', 'GET, HEAD, OPTIONS'],
      ['/auth/callback', 'GET, HEAD, OPTIONS'],
      ['/auth/session', 'GET, HEAD, OPTIONS'],
      ['/auth/logout', 'GET, HEAD, POST, OPTIONS'],
      ['/auth/backchannel-logout', 'POST, OPTIONS'],
    ])('OPTIONS and other methods of %s: %s', async (path, allow) => {
      const options = await answer('OPTIONS', path)
      expect([options?.status, options?.headers.get('allow')]).toEqual([204, allow])
      // A preflight of another origin gets no permission.
      expect(
        [...(options?.headers.keys() ?? [])].filter((name) => name.startsWith('access-control')),
      ).toEqual([])
      for (const method of ['PUT', 'DELETE', ...(allow.includes('POST') ? [] : ['POST'])]) {
        const refused = await answer(method, path)
        expect([refused?.status, refused?.headers.get('allow')]).toEqual([405, allow])
      }
    })
  })
})
