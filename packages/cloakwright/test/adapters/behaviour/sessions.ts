import { CloakwrightError } from 'cloakwright'
import { memorySessionStore, type SessionStore } from 'cloakwright/state'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clientId } from '../../session/support/provider.ts'
import { publicUrl, sessionCookie } from '../../session/support/setup.ts'
import type { Driver } from '../drivers/types.ts'
import { bearer, form, type Received, send } from './client.ts'
import { useSessions } from './session-world.ts'

const navigation = [
  ['accept', 'text/html,application/xhtml+xml'],
  ['sec-fetch-mode', 'navigate'],
  ['sec-fetch-site', 'none'],
] as const
const sameOrigin = ['sec-fetch-site', 'same-origin'] as const
/** The format of a session's cookie, but of no session. */
const stale = ['cookie', `${sessionCookie}=${'x'.repeat(43)}`] as const

/** The behaviour of every adapter with browser sessions. */
export function testSessions(driver: Driver): void {
  let isStoreDown = false
  const world = useSessions(driver, { store: breakable(memorySessionStore(), () => isStoreDown) })

  test('a navigation is redirected to the login, and comes back with a session', async () => {
    const browser = world.newBrowser()
    const response = await browser.open(`${publicUrl}/me?tab=2`)
    expect(await response.json()).toEqual({ user: 'sub-alice' })
    expect(browser.visited.map((url) => url.split(/\?(?!tab)/)[0])).toEqual([
      `${publicUrl}/me?tab=2`,
      `${world.provider.issuer}/auth`,
      `${publicUrl}/auth/callback`,
      `${publicUrl}/me?tab=2`,
    ])
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test('each cookie of a response is a separate header', async () => {
    const browser = world.newBrowser()
    await browser.open(`${publicUrl}/auth/login`, `${publicUrl}/auth/callback`)
    const callback = await browser.send(await locationOf(browser.visited.at(-1)))
    expect(callback.headers.getSetCookie().map((cookie) => cookie.split('=')[0])).toEqual([
      sessionCookie,
      `${sessionCookie}_user`,
      `${sessionCookie}_logins`,
    ])
  })

  test.each([
    ['a fetch', 'GET', [['accept', '*/*']]],
    ['an XMLHttpRequest', 'GET', [...navigation.slice(0, 1), ['x-requested-with', 'XMLHttpRequest']]],
    ['a form', 'POST', [...navigation, form]],
    ['a script with an ended session', 'GET', [stale]],
  ] as const)('%s gets a 401 that says where to sign in', async (_what, method, fields) => {
    const response = await world.send('/me', { method, fields, body: '' })
    expect(response.json()).toMatchObject({
      status: 401,
      code: 'CW_TOKEN_MISSING',
      login: expect.stringMatching(/^\/auth\/login/) as string,
    })
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json\b/)
  })

  test('a wrong bearer token gets a 401 without a login, also in a navigation', async () => {
    const response = await world.send('/me', { fields: [bearer('x.y.z'), ...navigation] })
    expect(response.json()).toMatchObject({ status: 401, code: 'CW_TOKEN_MALFORMED' })
    expect(response.json()).not.toHaveProperty('login')
  })

  const preflight = [
    ['origin', 'https://other.example'],
    ['access-control-request-method', 'GET'],
    ['access-control-request-headers', 'authorization'],
  ] as const

  test('a preflight is no navigation: it is refused, never redirected', async () => {
    const response = await world.send('/me', { method: 'OPTIONS', fields: [...preflight, ...navigation] })
    expect(response.status).toBe(401)
  })

  test.runIf(driver.hasCors)('a preflight is left to CORS middleware', async () => {
    const service = await world.start({ cors: true })
    for (const path of ['/me', '/auth/session']) {
      const response = await send(service, path, { method: 'OPTIONS', fields: preflight })
      expect([response.status, response.headers['access-control-allow-origin']], path).toEqual([204, '*'])
    }
    const refused = await send(service, '/me', { fields: preflight.slice(0, 1) })
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, '*'])
  })

  test('the engine’s routes name their methods', async () => {
    const allow = 'GET, HEAD, OPTIONS'
    for (const [method, status] of [
      ['OPTIONS', 204],
      ['POST', 405],
      ['PUT', 405],
      ['PATCH', 405],
      ['DELETE', 405],
    ] as const) {
      const response = await world.send('/auth/session', { method, fields: [form], body: '' })
      expect([response.status, response.headers['allow']], method).toEqual([status, allow])
    }
    const head = await world.send('/auth/session', { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([401, ''])
  })

  test('HEAD has the status and headers of GET, and no body', async () => {
    const fields = [['cookie', await world.signIn()] as const]
    const response = await world.send('/me', { method: 'HEAD', fields })
    expect([response.status, response.headers['cache-control'], response.text]).toEqual([200, 'no-store', ''])
  })

  test('one guard accepts a session or a bearer token', async () => {
    const cookie = await world.signIn()
    const token = await tokenOf('sub-bob')
    for (const [fields, user] of [
      [[['cookie', cookie]], 'sub-alice'],
      [[bearer(token)], 'sub-bob'],
      [[['cookie', cookie], bearer(token)], 'sub-bob'],
    ] as const)
      expect((await world.send('/me', { fields })).json()).toEqual({ user })
  })

  const tokenOf = (subject: string): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000)
    const claims = {
      iss: world.provider.issuer,
      aud: clientId,
      typ: 'Bearer',
      sub: subject,
      iat,
      exp: iat + 60,
    }
    return world.provider.sign({ ...claims, preferred_username: subject, jti: 'j' }, { typ: 'JWT' })
  }

  test('a handler learns of the session, and nothing of a bearer token', async () => {
    const before = Date.now()
    const cookie = await world.signIn()
    const { since } = (await world.send('/since', { fields: [['cookie', cookie]] })).json() as {
      since: number
    }
    expect(since).toBeGreaterThanOrEqual(before)
    const response = await world.send('/since', { fields: [bearer(await tokenOf('sub-bob'))] })
    expect(response.json()).toEqual({ since: null })
  })

  describe('changed roles', () => {
    test('take effect with freshAfter, without a new login', async () => {
      const fields = [['cookie', await world.signIn()] as const]
      world.roles = ['seller']
      expect((await world.send('/seller', { fields })).status).toBe(403)
      expect((await world.send('/fresh-seller', { fields })).status).toBe(200)
      expect((await world.send('/fresh-seller', { fields: [bearer(await tokenOf('a'))] })).status).toBe(403)
    })

    test('take effect with refreshSession(), also in the same request', async () => {
      const fields = [['cookie', await world.signIn()] as const]
      world.roles = ['seller']
      expect((await world.send('/refresh', { fields })).json()).toEqual({ roles: ['seller'] })
      expect((await world.send('/seller', { fields })).status).toBe(200)
    })
  })

  test('signs out', async () => {
    const cookie = ['cookie', await world.signIn()] as const
    const blocked = await world.send('/auth/logout', { method: 'POST', fields: [cookie, form], body: '' })
    expect(blocked.status).toBe(403)
    expect((await world.send('/me', { fields: [cookie] })).status).toBe(200)
    const response = await world.send('/auth/logout', {
      method: 'POST',
      fields: [cookie, form, sameOrigin],
      body: '',
    })
    expect([response.status, response.headers['location']?.split('?')[0]]).toEqual([
      303,
      `${world.provider.issuer}/logout`,
    ])
    expect((await world.send('/me', { fields: [cookie] })).status).toBe(401)
  })

  test('another path below the routes is the service’s own', async () => {
    const fields = [['cookie', await world.signIn()] as const]
    expect((await world.send('/auth/help', { fields })).json()).toEqual({ user: 'sub-alice' })
    expect((await world.send('/auth/unknown', { fields })).status).toBe(404)
  })

  test('a POST without a same-origin proof is refused', async () => {
    const cookie = ['cookie', await world.signIn()] as const
    for (const path of ['/me', '/anyone'])
      expect(
        (await world.send(path, { method: 'POST', fields: [cookie, form], body: '' })).json(),
      ).toMatchObject({
        status: 403,
        code: 'CW_SESSION_ORIGIN',
      })
    const fields = [cookie, form, sameOrigin] as const
    expect((await world.send('/me', { method: 'POST', fields, body: '' })).status).toBe(200)
  })

  test('a public page is shown with a stale cookie, and while store or realm are down', async () => {
    const cookie = ['cookie', await world.signIn()] as const
    const anyone = async (fields: readonly (readonly [string, string])[]): Promise<unknown> =>
      (await world.send('/anyone', { fields })).json()
    expect(await anyone([stale])).toEqual({ user: null })
    isStoreDown = true
    expect(await anyone([stale])).toEqual({ user: null })
    expect((await world.send('/me', { fields: [stale] })).json()).toMatchObject({ status: 503 })
    isStoreDown = false
    world.clock.forward(400)
    onTestFinished(() => world.clock.forward(-400))
    world.provider.down = 'all'
    expect(await anyone([cookie])).toEqual({ user: null })
    expect((await world.send('/me', { fields: [cookie] })).json()).toMatchObject({ status: 503 })
  })

  describe('a WebSocket handshake with the cookie', () => {
    const upgrade = async (path: string, headers: Record<string, string>): Promise<Received> => {
      const cookie = await world.signIn()
      const fields = Object.entries({ cookie, connection: 'Upgrade', upgrade: 'websocket', ...headers })
      return await world.send(path, { fields })
    }

    test.each(['websocket', 'WebSocket', 'h2c, websocket', 'websocket/13'])(
      'from a page of the service is admitted (Upgrade: %s)',
      async (protocol) => {
        const response = await upgrade('/me', { upgrade: protocol, origin: publicUrl })
        expect([response.status, response.json()]).toEqual([200, { user: 'sub-alice' }])
      },
    )

    test.each<[string, Record<string, string>]>([
      ['another website', { origin: 'https://pirate.example', 'sec-fetch-site': 'cross-site' }],
      [
        'another website, with a header that no form can send',
        { origin: 'https://pirate.example', 'x-csrf': '1' },
      ],
      ['a sibling host', { origin: 'https://blog.example.com', 'sec-fetch-site': 'same-site' }],
      ['another port', { origin: `${publicUrl}:8443`, 'sec-fetch-site': 'same-site' }],
      ['plain http', { origin: publicUrl.replace('https', 'http') }],
      ['nowhere', {}],
      ['a list of protocols', { origin: 'https://pirate.example', upgrade: 'h2c, websocket' }],
    ])('from %s is refused with the reason', async (_where, headers) => {
      for (const path of ['/me', '/anyone']) {
        const response = await upgrade(path, headers)
        expect([response.status, response.json()]).toEqual([
          403,
          expect.objectContaining({ code: 'CW_SESSION_ORIGIN' }),
        ])
      }
    })
  })

  // The last one: the realm has another key from here on.
  test('a session whose realm has other keys leads to the login', async () => {
    const cookie = ['cookie', await world.signIn()] as const
    await world.provider.rotate()
    const service = await world.start()
    const opened = await send(service, '/me', {
      fields: [cookie, ...navigation, ['host', new URL(publicUrl).host]],
    })
    expect([opened.status, opened.headers['location']?.split('?')[0]]).toEqual([
      302,
      `${world.provider.issuer}/auth`,
    ])
    const fetched = await send(service, '/me', { fields: [cookie] })
    expect(fetched.json()).toMatchObject({ status: 401, code: 'CW_TOKEN_MISSING' })
    expect((await send(service, '/anyone', { fields: [cookie] })).json()).toEqual({ user: null })
  })
}

async function locationOf(url = ''): Promise<string> {
  const response = await fetch(url, { redirect: 'manual' })
  return response.headers.get('location') ?? ''
}

/** A store that can be unreachable. */
function breakable(store: SessionStore, isDown: () => boolean): SessionStore {
  return new Proxy(store, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        if (isDown()) throw new CloakwrightError('CW_STATE_UNAVAILABLE', 'Store: down', { retryAfter: 1 })
        return (member as (...all: unknown[]) => unknown).apply(target, args)
      }
    },
  })
}
