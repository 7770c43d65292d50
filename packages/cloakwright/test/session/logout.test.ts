import { type AccessToken, CloakwrightError, createRevocations } from 'cloakwright'
import { memorySessionStore, type SessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { toAccessToken } from '../../src/token/access-token.ts'
import { startProvider, type TestProvider, clientSecret as testSecret } from './support/provider.ts'
import { host, newKey, publicUrl, sessionCookie, sessionOf, setup } from './support/setup.ts'

const form = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
}

/** An access token of a session, as a verifier creates it. */
function tokenOf(sid: string): AccessToken {
  const now = Math.floor(Date.now() / 1000)
  return toAccessToken(
    { sid },
    {
      issuer: 'https://id.example/realms/shop',
      subject: 'u',
      binding: undefined,
      notBefore: 0,
      issuedAt: now,
      expiresAt: now + 60,
    },
  )
}

describe('logout', () => {
  let provider: TestProvider
  beforeAll(async () => {
    provider = await startProvider()
  })
  beforeEach(() => provider.reset())
  afterAll(() => provider.close())

  it('ends the session, then redirects the browser to the provider and back home', async () => {
    const { newBrowser, signIn } = setup(provider)
    const browser = await signIn()
    const value = browser.cookies(host).get(sessionCookie) ?? ''
    const response = await browser.send(`${publicUrl}/auth/logout`, form)
    expect(response.status).toBe(303)
    const location = new URL(response.headers.get('location') ?? '')
    expect(location.origin + location.pathname).toBe(`${provider.issuer}/logout`)
    expect(Object.fromEntries(location.searchParams)).toEqual({
      client_id: 'app',
      post_logout_redirect_uri: `${publicUrl}/`,
      id_token_hint: expect.stringMatching(/^eyJ/),
    })
    expect(browser.cookies(host).size).toBe(0)
    const thief = newBrowser()
    thief.jar.set(host, new Map([[sessionCookie, value]]))
    expect(await sessionOf(thief)).toBeUndefined()
  })

  it('revokes the access tokens of the session, also those that were handed out', async () => {
    const revocations = createRevocations()
    const { signIn } = setup(provider, { revocations })
    const browser = await signIn()
    const tokens = [tokenOf('sid-alice'), tokenOf('sid-bob')]
    expect(revocations.version).toBe(0)
    await browser.send(`${publicUrl}/auth/logout`, form)
    expect(tokens.map((token) => revocations.isRevoked(token, provider.issuer))).toEqual([true, false])
  })

  it('revokes the refresh token, whether the browser arrives at the provider or not', async () => {
    const { signIn } = setup(provider)
    const browser = await signIn()
    await browser.send(`${publicUrl}/auth/logout`, form)
    expect(provider.revoked.map((sent) => sent.get('token'))).toEqual([
      expect.stringMatching(/^refresh~alice~sid-alice~/),
    ])
  })

  it('signs out, and reports it, if the refresh token cannot be revoked', async () => {
    const { errors, signIn } = setup(provider)
    const browser = await signIn()
    provider.down = 'all'
    const response = await browser.send(`${publicUrl}/auth/logout`, form)
    expect(response.status).toBe(303)
    expect(browser.cookies(host).size).toBe(0)
    expect(errors).toMatchObject([{ code: 'CW_PROVIDER_UNAVAILABLE' }])
    expect(errors[0]?.message).toContain('was not revoked')
    expect(errors[0]?.message).not.toContain('refresh~')
  })

  it.each<[string, Map<string, string>]>([
    ['without a session', new Map()],
    ['with one that has ended', new Map([[sessionCookie, 'x'.repeat(43)]])],
    ['with a cookie of another kind', new Map([[sessionCookie, 'nonsense']])],
  ])('signs out at the provider %s: its own session may live on', async (_, jar) => {
    const browser = setup(provider).newBrowser()
    browser.jar.set(host, jar)
    const response = await browser.send(`${publicUrl}/auth/logout`, form)
    expect(response.status).toBe(303)
    const location = new URL(response.headers.get('location') ?? '')
    expect(location.origin + location.pathname).toBe(`${provider.issuer}/logout`)
    expect(Object.fromEntries(location.searchParams)).toEqual({
      client_id: 'app',
      post_logout_redirect_uri: `${publicUrl}/`,
    })
    expect(browser.cookies(host).size).toBe(0)
  })

  it.each([
    ['/goodbye?x=1', `${publicUrl}/goodbye?x=1`, ''],
    ['https://www.example.com/bye', 'https://www.example.com/bye', ' https://www.example.com'],
  ])('returns to postLogoutUrl %s', async (postLogoutUrl, expected, source) => {
    const { signIn } = setup(provider, { postLogoutUrl })
    const browser = await signIn()
    const page = await browser.send(`${publicUrl}/auth/logout`)
    expect(page.headers.get('content-security-policy')).toContain(
      `form-action 'self' ${new URL(provider.issuer).origin}${source};`,
    )
    const response = await browser.send(`${publicUrl}/auth/logout`, form)
    const location = new URL(response.headers.get('location') ?? '')
    expect(location.searchParams.get('post_logout_redirect_uri')).toBe(expected)
  })

  it('answers a refused fetch with a problem', async () => {
    const { sessions } = setup(provider)
    const headers = { accept: 'application/json', 'sec-fetch-site': 'cross-site' }
    const request = new Request(`${publicUrl}/auth/logout`, { method: 'POST', headers })
    const response = await sessions.handle(request, { requestId: 'r-1' })
    expect(response?.headers.get('content-type')).toBe('application/problem+json')
    expect(await response?.json()).toMatchObject({ status: 403, code: 'CW_SESSION_ORIGIN', requestId: 'r-1' })
  })

  it('signs out, also if the function of the secret fails, and says why', async () => {
    let fails = false
    const clientSecret = async (): Promise<string> => {
      if (fails) throw new Error('a test: no such file')
      return testSecret
    }
    const { errors, signIn } = setup(provider, { clientSecret })
    const browser = await signIn()
    fails = true
    expect((await browser.send(`${publicUrl}/auth/logout`, form)).status).toBe(303)
    expect(errors[0]?.message).toContain('clientSecret: the function failed')
  })

  it('asks for confirmation if it is opened as a page', async () => {
    const { signIn } = setup(provider)
    const browser = await signIn()
    const response = await browser.send(`${publicUrl}/auth/logout`)
    expect(response.status).toBe(200)
    const html = await response.text()
    expect(html).toContain('<form method="post" action="/auth/logout">')
    // Scripts and tests of services find the button by it.
    expect(html).toContain('id="sign-out"')
    // Chromium applies form-action to the target of the redirect too.
    expect(response.headers.get('content-security-policy')).toContain(
      `form-action 'self' ${new URL(provider.issuer).origin};`,
    )
    expect(await sessionOf(browser)).toBeDefined()
  })

  it.each<[string, Record<string, string>]>([
    ['a form of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a form without a proof', {}],
    ['a script without the header', { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }],
  ])('refuses %s, and the session continues', async (_, headers) => {
    const { errors, signIn } = setup(provider)
    const browser = await signIn()
    const init = { method: 'POST', headers: { 'content-type': form.headers['content-type'], ...headers } }
    const response = await browser.send(`${publicUrl}/auth/logout`, init)
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('CW_SESSION_ORIGIN')
    expect(errors).toHaveLength(1)
    expect(await sessionOf(browser)).toBeDefined()
  })

  it('signs out here even if the provider is unknown to this replica and down', async () => {
    const options = { store: memorySessionStore(), keys: [newKey('k1')] }
    const browser = await setup(provider, options).signIn()
    const { sessions } = setup(provider, options)
    provider.down = 'all'
    const cookie = Array.from(browser.cookies(host), (pair) => pair.join('=')).join('; ')
    const headers = { ...form.headers, cookie }
    const response = await sessions.handle(new Request(`${publicUrl}/auth/logout`, { ...form, headers }))
    // A redirect would hide that the realm’s own session lives on.
    expect([response?.status, await response?.text()]).toEqual([
      200,
      expect.stringContaining('You may still be signed in to other services.'),
    ])
    expect(await sessionOf(browser)).toBeUndefined()
  })

  it('shows an error if the session could not be ended', async () => {
    const store = memorySessionStore()
    const gone = new CloakwrightError('CW_STATE_UNAVAILABLE', 'gone', { retryAfter: 5 })
    let down = false
    const failing: SessionStore = {
      ...store,
      remove: (key) => (down ? Promise.reject(gone) : store.remove(key)),
    }
    const { signIn } = setup(provider, { store: failing })
    const browser = await signIn()
    down = true
    const response = await browser.send(`${publicUrl}/auth/logout`, form)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(browser.cookies(host).has(sessionCookie)).toBe(true)
    down = false
    expect(await sessionOf(browser)).toBeDefined()
  })

  it('responds to other methods with 405', async () => {
    const { sessions } = setup(provider)
    const response = await sessions.handle(new Request(`${publicUrl}/auth/logout`, { method: 'DELETE' }))
    expect([response?.status, response?.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS'])
  })
})
