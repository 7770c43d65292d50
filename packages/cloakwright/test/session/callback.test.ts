import { inspect } from 'node:util'
import type { CloakwrightError } from 'cloakwright'
import { memorySessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Browser } from './support/browser.ts'
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
    const [session, login] = response.headers.getSetCookie()
    expect(session).toMatch(/^__Host-cloakwright=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    expect(login).toMatch(
      /^__Host-cloakwright_login_[\w-]{22}=; Max-Age=0; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    expect([...browser.cookies(host).keys()]).toEqual([sessionCookie])
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

  it('refuses a response in another browser', async () => {
    const { newBrowser } = setup(provider)
    const [attacker, victim] = [newBrowser(), newBrowser()]
    const answer = await toAnswer(attacker)
    await toAnswer(victim) // has its own pending login
    const response = await victim.send(answer)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('CW_LOGIN_STATE')
    expectNoSession(victim)
    expect(provider.grants).toEqual([])
  })

  it('refuses a response after ten minutes', async () => {
    const { clock, newBrowser } = setup(provider)
    const browser = newBrowser()
    const answer = await toAnswer(browser)
    clock.forward(600)
    expect((await browser.send(answer)).status).toBe(400)
    expect(provider.grants).toEqual([])
  })

  it.each<[string, (value: string) => string]>([
    // Not the last character: some of its bits may not belong to a byte.
    ['changed', (value) => value.slice(0, -10) + (value.at(-10) === 'A' ? 'B' : 'A') + value.slice(-9)],
    ['cut short', (value) => value.slice(0, 40)],
    ['of another key', (value) => value.replace('k1.', 'k2.')],
    ['empty', () => ''],
  ])('refuses a response whose cookie is %s', async (_, change) => {
    const { newBrowser } = setup(provider)
    const browser = newBrowser()
    const answer = await toAnswer(browser)
    for (const [name, value] of browser.cookies(host, loginCookie))
      browser.jar.get(host)?.set(name, change(value))
    expect((await browser.send(answer)).status).toBe(400)
    expect(provider.grants).toEqual([])
  })

  it('refuses a response with another login’s cookie in place of its own', async () => {
    const { newBrowser } = setup(provider)
    const [browser, other] = [newBrowser(), newBrowser()]
    const answer = await toAnswer(browser)
    await toAnswer(other)
    const [name = ''] = browser.cookies(host, loginCookie).keys()
    const [foreign = ''] = other.cookies(host, loginCookie).values()
    browser.jar.get(host)?.set(name, foreign)
    expect((await browser.send(answer)).status).toBe(400)
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
      expect(browser.cookies(host, loginCookie).size).toBe(0)
    }
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

  it('starts again if the provider’s own page has expired', async () => {
    let answers = 0
    provider.onLogin = (answer) => {
      if (++answers > 1) return
      answer.delete('code')
      answer.set('error', 'temporarily_unavailable')
      answer.set('error_description', 'authentication_expired')
    }
    const response = await setup(provider).newBrowser().open(`${publicUrl}/page`)
    expect(await response.json()).toMatchObject({ page: '/page', session: { subject: 'sub-alice' } })
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
