import { inspect } from 'node:util'
import type { CloakwrightError } from 'cloakwright'
import type { SessionEngine } from 'cloakwright/session'
import { memorySessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { Browser, toApp } from './support/browser.ts'
import { clientSecret, startProvider, type TestProvider } from './support/provider.ts'
import { host, loginCookie, newKey, publicUrl, sessionCookie, sessionOf, setup } from './support/setup.ts'

const callback = `${publicUrl}/auth/callback`

describe('callback', () => {
  let provider: TestProvider
  beforeAll(async () => {
    provider = await startProvider()
  })
  beforeEach(() => provider.reset())
  afterAll(() => provider.close())

  /** Goes to the provider and stops with its response. */
  async function toAnswer(browser: Browser, path = '/page'): Promise<string> {
    const response = await browser.open(publicUrl + path, callback)
    return response.headers.get('location') ?? ''
  }

  function expectNoSession(browser: Browser): void {
    expect(browser.cookies(host).has(sessionCookie)).toBe(false)
  }

  it('gives the browser an opaque cookie only', async () => {
    const { newBrowser } = setup(provider)
    const browser = newBrowser()
    const response = await browser.send(await toAnswer(browser))
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe(`${publicUrl}/page`)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('referrer-policy')).toBe('same-origin')
    const [session, user, logins, ...others] = response.headers.getSetCookie()
    expect(session).toMatch(/^__Host-cloakwright=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    expect(user).toMatch(
      /^__Host-cloakwright_user=k1\.[\w-]{40,60}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    expect(logins).toMatch(
      /^__Host-cloakwright_logins=1\.\d+; Max-Age=30; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    expect(others).toEqual([])
  })

  it('authenticates the client by HTTP Basic, each part encoded, and forwards no Origin', async () => {
    const { newBrowser } = setup(provider)
    const browser = newBrowser()
    const answer = await toAnswer(browser)
    await browser.send(answer, { headers: { origin: 'https://evil.example' } })
    const { headers, form } = provider.grants[0] ?? {}
    expect(headers?.authorization).toMatch(/^Basic /)
    expect(headers?.origin).toBeUndefined()
    expect(headers?.cookie).toBeUndefined()
    expect(form?.get('client_secret')).toBeNull()
    expect(await sessionOf(browser)).toBeDefined()
  })

  it('authenticates the client in the body if it is registered so', async () => {
    const { signIn } = setup(provider, { clientAuthentication: 'client_secret_post' })
    await signIn()
    expect(provider.grants[0]?.headers.authorization).toBeUndefined()
  })

  it('reads a secret again at each use', async () => {
    let secret = 'old'
    const { errors, newBrowser, signIn } = setup(provider, { clientSecret: async () => secret })
    const refused = await newBrowser().open(`${publicUrl}/page`)
    expect(refused.status).toBe(503)
    expect(errors[0]).toMatchObject({
      code: 'CW_PROVIDER_UNAVAILABLE',
      hint: expect.stringContaining('secret'),
    })
    expect(provider.grants).toHaveLength(1)
    secret = clientSecret
    await signIn()
  })

  it('exchanges each code with its own secret, whatever a concurrent login reads', async () => {
    const waiting: ((secret: string) => void)[] = []
    let isHeld = true
    const { errors, newBrowser } = setup(provider, {
      clientSecret: async () => (isHeld ? new Promise((resolve) => waiting.push(resolve)) : clientSecret),
    })
    const pages = [1, 2].map(() => newBrowser().open(`${publicUrl}/page`))
    await vi.waitFor(() => expect(waiting).toHaveLength(2))
    isHeld = false
    waiting[0]?.(clientSecret)
    waiting[1]?.('wrong')
    expect((await Promise.all(pages)).map(({ status }) => status)).toEqual([200, 200])
    expect(errors).toEqual([])
    expect(provider.grants).toHaveLength(3)
  })

  it('exchanges the code with the new secret if the old one is revoked during the call', async () => {
    const secrets = ['revoked', clientSecret]
    const { errors, signIn } = setup(provider, { clientSecret: async () => secrets.shift() ?? clientSecret })
    await signIn()
    expect(errors).toEqual([])
    expect(provider.grants.map(({ form }) => form.get('grant_type'))).toEqual([
      'authorization_code',
      'authorization_code',
    ])
  })

  it.each<[string, (answer: URLSearchParams) => void, string]>([
    ['without a state', (answer) => answer.delete('state'), 'CW_LOGIN_STATE'],
    ['with another state', (answer) => answer.set('state', 'x'.repeat(43)), 'CW_LOGIN_STATE'],
    ['with two states', (answer) => answer.append('state', 'x'), 'CW_LOGIN_RESPONSE'],
    ['without iss', (answer) => answer.delete('iss'), 'CW_LOGIN_RESPONSE'],
    ['of another issuer', (answer) => answer.set('iss', 'https://evil.example'), 'CW_LOGIN_RESPONSE'],
    ['without a code', (answer) => answer.delete('code'), 'CW_LOGIN_RESPONSE'],
    ['with two codes', (answer) => answer.append('code', 'x'), 'CW_LOGIN_RESPONSE'],
    ['with a made-up code', (answer) => answer.set('code', 'x'), 'CW_LOGIN_RESPONSE'],
  ])('refuses a response %s', async (_, change, code) => {
    provider.onLogin = change
    const { errors, newBrowser } = setup(provider)
    const browser = newBrowser()
    const response = await browser.open(`${publicUrl}/page`)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(code)
    expect(errors).toEqual([expect.objectContaining({ code })])
    expectNoSession(browser)
  })

  it.each<[string, Parameters<typeof Object.assign>[1]]>([
    ['another nonce', { nonce: 'other' }],
    ['no nonce', { nonce: undefined }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['another audience', { aud: 'other' }],
    ['no subject', { sub: undefined }],
    ['an end in the past', { exp: 1 }],
  ])('refuses an ID token with %s', async (_, change) => {
    provider.onIdToken = (claims) => {
      Object.assign(claims, change)
      for (const [name, value] of Object.entries(claims)) if (value === undefined) delete claims[name]
    }
    const { errors, newBrowser } = setup(provider)
    const browser = newBrowser()
    const response = await browser.open(`${publicUrl}/page`)
    expect(response.status).toBe(400)
    expect(errors).toEqual([expect.objectContaining({ code: 'CW_LOGIN_RESPONSE' })])
    expectNoSession(browser)
  })

  it('refuses an ID token that is signed with another key, or not signed', async () => {
    for (const forge of [
      (token: string) => `${token.slice(0, -10)}AAAAAAAAAA`,
      (token: string) => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`,
    ]) {
      provider.onToken = (answer) => ({
        ...answer,
        body: { ...answer.body, id_token: forge(answer.body['id_token'] as string) },
      })
      const { errors, newBrowser } = setup(provider)
      expect((await newBrowser().open(`${publicUrl}/page`)).status).toBe(400)
      expect(errors).toEqual([expect.objectContaining({ code: 'CW_LOGIN_RESPONSE' })])
    }
  })

  it('refuses tokens without an ID token', async () => {
    provider.onToken = ({ status, body }) => ({ status, body: { ...body, id_token: undefined } })
    const { newBrowser } = setup(provider)
    expect((await newBrowser().open(`${publicUrl}/page`)).status).toBe(400)
  })

  /** Whether the response starts a login of the browser's own, and nothing of the refused one is used. */
  function expectFreshLogin(browser: Browser, response: Response): void {
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toMatch(new RegExp(`^${provider.issuer}/auth\\?`))
    expectNoSession(browser)
    expect(provider.grants).toEqual([])
  }

  it('starts the browser’s own login for a response of another browser', async () => {
    const { newBrowser } = setup(provider)
    const [attacker, victim] = [newBrowser(), newBrowser()]
    const answer = await toAnswer(attacker)
    provider.user = 'bob'
    await toAnswer(victim) // has its own pending login
    const response = await victim.send(answer)
    expectFreshLogin(victim, response)
    const page = await victim.open(response.headers.get('location') ?? '')
    expect(await page.json()).toMatchObject({ page: '/page', session: { subject: 'sub-bob' } })
  })

  it.each<[string, number, Record<string, unknown>]>([
    ['12 minutes, as long as the provider’s page allows', 720, { status: 303, grants: 1 }],
    ['2 hours', 7200, { status: 302, grants: 0 }],
  ])('returns to the page of a login that took %s', async (_, seconds, expected) => {
    const { clock, newBrowser } = setup(provider)
    provider.now = clock.now
    const browser = newBrowser()
    const answer = await toAnswer(browser, '/report?id=7')
    clock.forward(seconds)
    const response = await browser.send(answer)
    expect({ status: response.status, grants: provider.grants.length }).toEqual(expected)
    const page = await browser.open(response.headers.get('location') ?? '')
    expect(await page.json()).toMatchObject({ page: '/report?id=7', session: { subject: 'sub-alice' } })
  })

  it.each<[string, (value: string) => string]>([
    ['changed', (value) => (value.startsWith('A') ? 'B' : 'A') + value.slice(1)],
    ['cut short', (value) => value.slice(0, 40)],
    ['empty', () => ''],
  ])('does not use a response whose cookie is %s', async (_, change) => {
    const { newBrowser } = setup(provider)
    const browser = newBrowser()
    const answer = await toAnswer(browser)
    for (const [name, value] of browser.cookies(host, loginCookie))
      browser.jar.get(host)?.set(name, change(value))
    expectFreshLogin(browser, await browser.send(answer))
  })

  it.each<[string, (state: string) => string]>([
    // Not the last character: some of its bits may not belong to a byte.
    ['changed', (state) => state.slice(0, -10) + (state.at(-10) === 'A' ? 'B' : 'A') + state.slice(-9)],
    ['of another key', (state) => state.replace('k1.', 'k2.')],
  ])('does not use a response whose state is %s', async (_, change) => {
    const { newBrowser } = setup(provider)
    const browser = newBrowser()
    const answer = new URL(await toAnswer(browser))
    answer.searchParams.set('state', change(answer.searchParams.get('state') ?? ''))
    const response = await browser.send(answer.href)
    expectFreshLogin(browser, response)
  })

  it.each(['y', 'x'.repeat(43), ''])('refuses a state that is none of its own: %j', async (state) => {
    const { errors, newBrowser } = setup(provider)
    const browser = newBrowser()
    const response = await browser.send(`${callback}?code=x&state=${state}`)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(`href="${publicUrl}/auth/login"`)
    expect(errors).toMatchObject([{ code: 'CW_LOGIN_STATE' }])
    expectNoSession(browser)
  })

  it('refuses a state whose count was changed', async () => {
    const { newBrowser } = setup(provider)
    const browser = newBrowser()
    const answer = new URL(await toAnswer(browser))
    answer.searchParams.set('state', (answer.searchParams.get('state') ?? '').replace(/0$/, '1'))
    expect((await browser.send(answer.href)).status).toBe(400)
    expect(provider.grants).toEqual([])
  })

  it('starts one login for a callback without a state, then shows a page', async () => {
    const browser = setup(provider).newBrowser()
    const response = await browser.open(callback)
    expect(await response.json()).toMatchObject({ page: '/', session: { subject: 'sub-alice' } })
    const stateless = setup(provider).newBrowser()
    provider.onLogin = (answer) => answer.delete('state')
    expect((await stateless.open(callback)).status).toBe(400)
    expect(stateless.visited).toHaveLength(3)
  })

  it('shows a page, not a loop, to a browser that accepts no cookies', async () => {
    const { errors, newBrowser } = setup(provider)
    const browser = newBrowser()
    Object.defineProperty(browser, 'jar', { value: { get: () => undefined, set: () => {} } })
    const response = await browser.open(`${publicUrl}/page`)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(`href="${publicUrl}/auth/login?returnTo=%2Fpage"`)
    expect(errors).toMatchObject([{ code: 'CW_LOGIN_STATE' }])
    expect(browser.visited.length).toBeLessThan(7)
  })

  it('shows a page, not a loop, if replicas have different keys', async () => {
    const replicas = [setup(provider), setup(provider)]
    let requests = 0
    const browser = new Browser({
      [publicUrl]: (request) => toApp(replicas[(requests += 1) % 2]?.sessions as SessionEngine)(request),
    })
    expect((await browser.open(`${publicUrl}/page`)).status).toBe(400)
  })

  it('accepts a response once on all replicas, even if its cookies are kept', async () => {
    const options = { store: memorySessionStore(), keys: [newKey('k1')] }
    const [one, two] = [setup(provider, options), setup(provider, options)]
    const browser = one.newBrowser()
    const answer = await toAnswer(browser)
    const cookie = Array.from(browser.cookies(host), (pair) => pair.join('=')).join('; ')
    const replay = (replica: typeof one) =>
      replica.sessions.handle(new Request(answer, { headers: { cookie } }))
    const first = await replay(one)
    expect(first?.headers.getSetCookie().some((line) => line.startsWith(`${sessionCookie}=`))).toBe(true)
    for (const replica of [one, two]) {
      const again = await replay(replica)
      // Harmless on a reload: the page shows whether there is a session.
      expect([again?.status, again?.headers.get('location')]).toEqual([303, `${publicUrl}/page`])
      expect(again?.headers.getSetCookie().some((line) => line.startsWith(`${sessionCookie}=`))).toBe(false)
    }
    expect(provider.grants).toHaveLength(1)
  })

  // The last character of the sealed part has two, four or no spare bits.
  it.each(['/page', '/page1', '/page12'])('accepts no second spelling of a used state: %s', async (page) => {
    const { newBrowser } = setup(provider)
    const browser = newBrowser()
    const url = new URL(await toAnswer(browser, page))
    await browser.send(url.href)
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const [key, sealed = '', retries] = (url.searchParams.get('state') ?? '').split('.')
    const other = digits[digits.indexOf(sealed.at(-1) ?? '') ^ 1] ?? ''
    url.searchParams.set('state', `${key}.${sealed.slice(0, -1)}${other}.${retries}`)
    await browser.send(url.href)
    expect(provider.grants).toHaveLength(1)
  })

  it('lets two tabs sign in, in either order', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const { newBrowser } = setup(provider)
      const browser = newBrowser()
      const answers = [await toAnswer(browser, '/first'), await toAnswer(browser, '/second')]
      const pages = []
      for (const tab of order) pages.push(await (await browser.open(answers[tab] ?? '')).json())
      expect(pages).toEqual(
        order.map((tab) => ({
          page: ['/first', '/second'][tab],
          session: expect.objectContaining({ sid: 'sid-alice' }),
        })),
      )
    }
  })

  it('shows a signed-in browser its page again for an old callback: the back button', async () => {
    const { clock, newBrowser } = setup(provider, { idleTimeout: 7200 })
    provider.lifetime = 7200
    const browser = newBrowser()
    const answer = await toAnswer(browser)
    await browser.send(answer)
    const before = browser.cookies(host).get(sessionCookie)
    for (const seconds of [0, 3600]) {
      clock.forward(seconds)
      const page = await browser.open(answer)
      expect(await page.json()).toMatchObject({ page: '/page', session: { subject: 'sub-alice' } })
    }
    expect(browser.cookies(host).get(sessionCookie)).toBe(before)
    expect(provider.grants).toHaveLength(1)
  })

  it('redirects an old tab of a signed-in browser to the home page', async () => {
    const { signIn } = setup(provider)
    const browser = await signIn()
    const before = browser.cookies(host).get(sessionCookie)
    const response = await browser.send(`${callback}?state=old&code=old`)
    expect([response.status, response.headers.get('location')]).toEqual([303, `${publicUrl}/`])
    expect(browser.cookies(host).get(sessionCookie)).toBe(before)
  })

  it('shows the provider’s refusal, with a link back', async () => {
    provider.onLogin = (answer) => {
      answer.delete('code')
      answer.set('error', 'access_denied')
      answer.set('error_description', '<script>alert(1)</script>')
    }
    const { errors, newBrowser } = setup(provider)
    const browser = newBrowser()
    const response = await browser.open(`${publicUrl}/page?x=1`)
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    const html = await response.text()
    expect(html).not.toContain('<script>')
    expect(html).toContain('You are not signed in')
    const [, back = ''] = /href="([^"]*)"/.exec(html) ?? []
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'CW_LOGIN_REFUSED',
        message: expect.stringContaining('access_denied'),
      }),
    ])
    provider.reset()
    expect(await (await browser.open(back)).json()).toMatchObject({ page: '/page?x=1' })
  })

  it('never repeats an invalid error code', async () => {
    provider.onLogin = (answer) => answer.set('error', '<b>canary</b>')
    const { errors, newBrowser } = setup(provider)
    const response = await newBrowser().open(`${publicUrl}/page`)
    expect(await response.text()).not.toContain('canary')
    expect(inspect(errors)).not.toContain('canary')
  })

  it.each([
    [2, 200],
    [3, 400],
  ])('starts again if the provider’s own page has expired %i times: %i', async (times, status) => {
    let answers = 0
    provider.onLogin = (answer) => {
      if (++answers > times) return
      answer.delete('code')
      answer.set('error', 'temporarily_unavailable')
      answer.set('error_description', 'authentication_expired')
    }
    const { errors, newBrowser } = setup(provider)
    const response = await newBrowser().open(`${publicUrl}/page`)
    expect(response.status).toBe(status)
    expect(await response.text()).toContain(status === 200 ? 'sub-alice' : 'returnTo=%2Fpage')
    expect(errors.map((error) => (error as CloakwrightError).code)).toEqual(
      status === 200 ? [] : ['CW_LOGIN_STATE'],
    )
  })

  it.each(['server_error', 'temporarily_unavailable'])('shows %s as an outage', async (error) => {
    provider.onLogin = (answer) => {
      answer.delete('code')
      answer.set('error', error)
      answer.set('error_description', 'Database\r\nis \u202egone')
    }
    const reported: unknown[] = []
    const { newBrowser } = setup(provider, { onError: (...args) => reported.push(args) })
    const response = await newBrowser().open(`${publicUrl}/page`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    const html = await response.text()
    expect(html).not.toContain('gone')
    const { requestId } = (reported as [unknown, { requestId: string }][])[0]?.[1] ?? {}
    expect(html).toContain(requestId)
    expect(reported).toEqual([
      [
        expect.objectContaining({
          code: 'CW_PROVIDER_UNAVAILABLE',
          message: `The provider refused the login with ${error}: “Database is gone”`,
          hint: expect.stringContaining('log'),
        }),
        { requestId: expect.any(String) as string },
      ],
    ])
  })

  it('limits the length of a description', async () => {
    provider.onLogin = (answer) => {
      answer.set('error', 'invalid_scope')
      answer.set('error_description', 'x'.repeat(5000))
    }
    const { errors, newBrowser } = setup(provider)
    expect((await newBrowser().open(`${publicUrl}/page`)).status).toBe(400)
    expect(errors[0]?.message.length).toBeLessThan(300)
  })

  it.each<[string, TestProvider['onToken']]>([
    ['breaks off', async () => undefined],
    ['responds with 500', () => ({ status: 500, body: {} })],
    ['responds with 429', () => ({ status: 429, body: {} })],
    ['does not respond in time', () => new Promise(() => {})],
  ])('is 503 when the token endpoint %s', async (_, onToken) => {
    provider.onToken = onToken
    const { errors, newBrowser } = setup(provider, { timeout: 50 })
    const browser = newBrowser()
    const response = await browser.open(`${publicUrl}/page`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(errors).toEqual([expect.objectContaining({ code: 'CW_PROVIDER_UNAVAILABLE' })])
    expectNoSession(browser)
  })

  it('creates a new session id at each login, whatever cookie the browser sent', async () => {
    const { newBrowser } = setup(provider)
    const browser = newBrowser()
    const planted = 'x'.repeat(43)
    browser.jar.set(host, new Map([[sessionCookie, planted]]))
    await browser.open(`${publicUrl}/page`)
    expect(browser.cookies(host).get(sessionCookie)).not.toBe(planted)
  })

  it('keeps nothing of user A when user B signs in', async () => {
    const { newBrowser, signIn } = setup(provider)
    const browser = await signIn()
    const before = browser.cookies(host).get(sessionCookie) ?? ''
    provider.user = 'bob'
    await browser.open(`${publicUrl}/auth/login`)
    expect(await sessionOf(browser)).toMatchObject({ subject: 'sub-bob', sid: 'sid-bob' })
    expect(browser.cookies(host).get(sessionCookie)).not.toBe(before)
    const thief = newBrowser()
    thief.jar.set(host, new Map([[sessionCookie, before]]))
    expect(await sessionOf(thief)).toBeUndefined()
  })

  it('puts no token, claim or secret into its errors', async () => {
    const canary = 'canary-7d1e'
    const seen: CloakwrightError[] = []
    const failures: Partial<TestProvider>[] = [
      { onLogin: (answer) => answer.set('iss', canary) },
      { onLogin: (answer) => answer.set('code', canary) },
      { onIdToken: (claims) => Object.assign(claims, { nonce: canary }) },
      { onIdToken: (claims) => Object.assign(claims, { aud: canary, email: canary }) },
      { onIdToken: (claims) => Object.assign(claims, { iss: canary }) },
      { onToken: ({ body }) => ({ status: 200, body: { ...body, id_token: canary } }) },
      { onToken: ({ body }) => ({ status: 200, body: { ...body, token_type: canary } }) },
      { onToken: () => ({ status: 400, body: { error: 'invalid_grant', error_description: canary } }) },
      { onToken: () => ({ status: 400, body: { error: canary } }) },
      { onToken: () => ({ status: 418, body: { text: canary } }) },
    ]
    for (const failure of failures) {
      provider.reset()
      Object.assign(provider, failure)
      const { errors, newBrowser } = setup(provider, { onError: (error) => seen.push(error) })
      const response = await newBrowser().open(`${publicUrl}/page`)
      expect(response.status).toBe(400)
      expect(await response.text()).not.toContain(canary)
      expect(errors).toEqual([])
    }
    expect(seen).toHaveLength(failures.length)
    const log = inspect(seen, { depth: 20, showHidden: true })
    for (const secret of [canary, 'eyJ', clientSecret, encodeURIComponent(clientSecret)])
      expect(log).not.toContain(secret)
  })
})
