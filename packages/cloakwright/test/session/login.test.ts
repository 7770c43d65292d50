import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startProvider, type TestProvider } from './support/provider.ts'
import { host, loginCookie, publicUrl, setup } from './support/setup.ts'

const navigation = { accept: 'text/html,*/*;q=0.8' }

describe('login', () => {
  let provider: TestProvider
  beforeAll(async () => {
    provider = await startProvider()
  })
  beforeEach(() => provider.reset())
  afterAll(() => provider.close())

  it('is one redirect from the page to the provider', async () => {
    const { newBrowser } = setup(provider)
    const response = await newBrowser().send(`${publicUrl}/page?x=1`, { headers: navigation })
    expect(response.status).toBe(302)
    const location = new URL(response.headers.get('location') ?? '')
    expect(location.origin + location.pathname).toBe(`${provider.issuer}/auth`)
    expect(Object.fromEntries(location.searchParams)).toEqual({
      client_id: 'app',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: `${publicUrl}/auth/callback`,
      state: expect.stringMatching(/^k1\.[\w-]+\.0$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('returns to the requested page', async () => {
    const browser = setup(provider).newBrowser()
    const response = await browser.open(`${publicUrl}/page?x=1&y=%2F`)
    expect(await response.json()).toMatchObject({
      page: '/page?x=1&y=%2F',
      session: { subject: 'sub-alice' },
    })
    expect(browser.visited.map((url) => new URL(url).pathname)).toEqual([
      '/page',
      '/realms/test/auth',
      '/auth/callback',
      '/page',
    ])
  })

  it('binds the login to the browser with one cookie, and tells the provider nothing of it', async () => {
    const browser = setup(provider).newBrowser()
    const response = await browser.send(`${publicUrl}/page?secret=canary`, { headers: navigation })
    const [cookie = '', ...others] = response.headers.getSetCookie()
    expect(others).toEqual([])
    expect(cookie).toMatch(
      /^__Host-cloakwright_login=[\w-]{43}; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    const { searchParams } = new URL(response.headers.get('location') ?? '')
    for (const name of ['state', 'nonce']) expect(cookie).not.toContain(searchParams.get(name))
    const [, sealed = ''] = (searchParams.get('state') ?? '').split('.')
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('canary')
  })

  it('uses cookies without Secure and prefix on loopback', async () => {
    const { sessions } = setup(provider, { publicUrl: 'http://localhost:8000' })
    const response = await sessions.challenge(
      new Request('http://localhost:8000/page', { headers: navigation }),
    )
    expect(response?.headers.getSetCookie()[0]).toMatch(
      /^cloakwright_dev-[\w-]{8}_login=[\w-]{43}; Max-Age=86400; Path=\/; HttpOnly; SameSite=Lax$/,
    )
  })

  it('is different each time', async () => {
    const browser = setup(provider).newBrowser()
    const open = async (): Promise<URLSearchParams> => {
      const response = await browser.send(`${publicUrl}/page`, { headers: navigation })
      return new URL(response.headers.get('location') ?? '').searchParams
    }
    const [first, second] = [await open(), await open()]
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(first.get(name)).not.toBe(second.get(name))
  })

  it.each<[string, RequestInit]>([
    ['a fetch', { headers: { accept: 'application/json' } }],
    ['a fetch that accepts anything', { headers: { accept: '*/*' } }],
    [
      'a fetch of HTML',
      { headers: { ...navigation, 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' } },
    ],
    ['an XMLHttpRequest of HTML', { headers: { ...navigation, 'x-requested-with': 'XMLHttpRequest' } }],
    ['a request with a token', { headers: { ...navigation, authorization: 'Bearer x' } }],
    ['a form', { method: 'POST', headers: navigation }],
    ['a request that accepts nothing', {}],
  ])('does not begin for %s', async (_, init) => {
    const { sessions } = setup(provider)
    expect(await sessions.challenge(new Request(`${publicUrl}/page`, init))).toBeUndefined()
  })

  it.each(['http://127.0.0.1:8000', 'https://evil.example', 'https://www.app.example.com'])(
    'begins on the public host only: from %s it is redirected there first',
    async (origin) => {
      const { sessions } = setup(provider)
      const request = new Request(`${origin}/page?x=1`, { headers: navigation })
      for (const response of [
        await sessions.challenge(request),
        await sessions.handle(new Request(`${origin}/auth/login?returnTo=/page`)),
      ]) {
        expect(response?.status).toBe(302)
        expect(response?.headers.get('location')).toMatch(new RegExp(`^${publicUrl}/(page|auth/login)\\?`))
        expect(response?.headers.getSetCookie()).toEqual([])
      }
    },
  )

  it('ignores scheme and port, which a proxy in front may change', async () => {
    const { sessions } = setup(provider)
    const response = await sessions.challenge(
      new Request('http://app.example.com:8080/page', { headers: navigation }),
    )
    const location = new URL(response?.headers.get('location') ?? '')
    expect(location.pathname).toBe('/realms/test/auth')
    expect(location.searchParams.get('redirect_uri')).toBe(`${publicUrl}/auth/callback`)
  })

  it('begins at /auth/login, and returns to returnTo on this origin only', async () => {
    const browser = setup(provider).newBrowser()
    const here = await browser.open(`${publicUrl}/auth/login?returnTo=${encodeURIComponent('/page?x=1')}`)
    expect(await here.json()).toMatchObject({ page: '/page?x=1' })
    const home = await browser.open(`${publicUrl}/auth/login?returnTo=//evil.example`)
    expect(await home.json()).toMatchObject({ page: '/' })
  })

  it('returns home from a path that looks like another host', async () => {
    const response = await setup(provider).newBrowser().open(`${publicUrl}//evil.example/`)
    expect(await response.json()).toMatchObject({ page: '/' })
  })

  it.each<[string, string, string, Record<string, string>]>([
    ['a navigation', '/page?x=1', '/auth/login?returnTo=%2Fpage%3Fx%3D1', navigation],
    ['a fetch', '/api', '/auth/login?returnTo=%2Fpage%3Fx%3D1', { referer: `${publicUrl}/page?x=1` }],
    ['a fetch without Referer', '/api', '/auth/login', {}],
    ['a fetch of another site', '/api', '/auth/login', { referer: 'https://evil.example/page' }],
    ['a fetch of a page of the engine', '/api', '/auth/login', { referer: `${publicUrl}/auth/logout` }],
  ])('tells where to sign in after %s', (_, path, expected, headers) => {
    const { sessions } = setup(provider)
    expect(sessions.loginPath(new Request(publicUrl + path, { headers }))).toBe(expected)
  })

  it('responds to other methods with 405', async () => {
    const { sessions } = setup(provider)
    const response = await sessions.handle(new Request(`${publicUrl}/auth/login`, { method: 'POST' }))
    expect([response?.status, response?.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })

  it('does not handle other paths', async () => {
    const { sessions } = setup(provider)
    for (const path of ['/', '/auth', '/auth/other', '/authentic', '/auth/login/x'])
      expect(await sessions.handle(new Request(publicUrl + path))).toBeUndefined()
  })

  it('needs less than 4 KB of cookies, however many tabs and however long their pages', async () => {
    const browser = setup(provider).newBrowser()
    for (let tab = 0; tab < 30; tab++)
      await browser.send(`${publicUrl}/${'x'.repeat(900)}?tab=${tab}`, { headers: navigation })
    const cookies = Array.from(browser.cookies(host), (pair) => pair.join('=')).join('; ')
    expect(cookies.length).toBeLessThan(200)
  })

  it('replaces an unreadable cookie', async () => {
    const browser = setup(provider).newBrowser()
    browser.jar.set(host, new Map([[loginCookie, 'nonsense']]))
    expect(await (await browser.open(`${publicUrl}/page`)).json()).toMatchObject({ page: '/page' })
  })

  it.each(['discovery', 'all'] as const)('shows an error if the provider is down (%s)', async (down) => {
    const { errors, newBrowser } = setup(provider)
    provider.down = down
    const response = await newBrowser().open(`${publicUrl}/page`)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.text()).toContain(`href="${publicUrl}/page"`)
    expect(errors).toEqual([expect.objectContaining({ code: 'CW_DISCOVERY_FAILED' })])
    provider.down = undefined
  })

  it('works again once the provider is back, without a restart', async () => {
    const { newBrowser } = setup(provider)
    provider.down = 'all'
    expect((await newBrowser().open(`${publicUrl}/page`)).status).toBe(503)
    provider.down = undefined
    expect((await newBrowser().open(`${publicUrl}/page`)).status).toBe(200)
  })
})
