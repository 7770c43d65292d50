import { type AccessToken, CloakwrightError, createRevocations } from 'cloakwright'
import type { Session, SessionEngine, SessionOptions } from 'cloakwright/session'
import { memorySessionStore, type SessionStore } from 'cloakwright/state'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { toAccessToken } from '../../src/token/access-token.ts'
import { newRecord } from '../state/support/records.ts'
import { Browser, toApp } from './support/browser.ts'
import { clientId, startProvider, type TestProvider } from './support/provider.ts'
import { closeEngines, host, newKey, publicUrl, sessionCookie, sessionOf, setup } from './support/setup.ts'
import { stores } from './support/stores.ts'

const url = `${publicUrl}/auth/sessions`
const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:147.0) Gecko/20100101 Firefox/147.0'
const safari =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1'
/** What a page's own code sends. */
const remove = { method: 'DELETE', headers: { origin: publicUrl, 'x-csrf': '1' } }
const keys = [newKey('k1')]

let provider: TestProvider
beforeAll(async () => {
  provider = await startProvider()
})
beforeEach(() => provider.reset())
afterEach(() => closeEngines(provider))
afterAll(() => provider.close())

/** A browser on a device, whose address the framework knows. */
function browserOn(
  sessions: SessionEngine,
  userAgent = firefox,
  address = '203.0.113.7',
  more: Record<string, string> = {},
): Browser {
  const app = toApp(sessions)
  return new Browser({
    async [publicUrl](request) {
      const headers = new Headers([...request.headers, ['user-agent', userAgent], ...Object.entries(more)])
      const sent = new Request(request, { headers })
      return (await sessions.handle(sent, { address })) ?? (await app(request))
    },
  })
}

/** A browser that is signed in; each login is another session of the realm. */
async function signedIn(
  sessions: SessionEngine,
  user = 'alice',
  ...device: [string?, string?]
): Promise<Browser> {
  provider.user = user
  const sid = `sid-${crypto.randomUUID()}`
  provider.onIdToken = (claims) => void (claims['sid'] = sid)
  const browser = browserOn(sessions, ...device)
  const response = await browser.open(`${publicUrl}/page`)
  provider.onIdToken = () => {}
  if (response.status !== 200) throw new Error(`Not signed in: ${await response.text()}`)
  return browser
}

function requestOf(browser: Browser): Request {
  const cookie = `${sessionCookie}=${browser.cookies(host).get(sessionCookie)}`
  return new Request(publicUrl, { headers: { cookie } })
}

async function sessionIn(sessions: SessionEngine, browser: Browser): Promise<Session> {
  const session = await sessions.authenticate(requestOf(browser))
  if (session === undefined) throw new Error('Not signed in')
  return session
}

interface Listed {
  readonly id: string
  readonly current: boolean
  readonly [member: string]: unknown
}

async function listOf(browser: Browser): Promise<readonly Listed[]> {
  const response = await browser.send(url)
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
  return ((await response.json()) as { readonly sessions: readonly Listed[] }).sessions
}

const isSignedIn = async (browser: Browser): Promise<boolean> => (await sessionOf(browser)) !== undefined

describe.each(stores)('the sessions of a user in $name', ({ open }) => {
  let store: SessionStore
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ store, close } = await open())
  })
  afterAll(() => close())

  const replica = (options: Partial<SessionOptions> = {}) => setup(provider, { store, keys, ...options })

  it('are listed with device, address and times, this one first', async () => {
    const { sessions } = replica()
    const phone = await signedIn(sessions, 'alice', safari, '::ffff:198.51.100.4')
    const desktop = await signedIn(sessions)
    await signedIn(sessions, 'bob')
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string
    const times = { createdAt: time, lastSeenAt: time, expiresAt: time }
    const id = expect.stringMatching(/^[\w-]{22}$/) as string
    const onDesktop = { browser: 'Firefox', system: 'Windows', userAgent: firefox, address: '203.0.113.7' }
    const onPhone = { browser: 'Safari', system: 'iPhone', userAgent: safari, address: '198.51.100.4' }
    expect(await listOf(desktop)).toEqual([
      { id, current: true, ...onDesktop, ...times },
      { id, current: false, ...onPhone, ...times },
    ])
    expect((await listOf(phone)).map(({ system, current }) => [system, current])).toEqual([
      ['iPhone', true],
      ['Windows', false],
    ])
    await sessions.endOthers(await sessionIn(sessions, phone))
  })

  it('end by their id, on every replica, with their tokens here and at the realm', async () => {
    const revocations = createRevocations()
    const { sessions } = replica({ revocations })
    const following = vi.fn<() => void>()
    const follow: SessionStore['follow'] = async (onChanged) => {
      const feed = await store.follow(onChanged)
      following()
      return feed
    }
    const there = replica({ store: { ...store, follow } })
    const [lost, mine] = [await signedIn(sessions), await signedIn(sessions)]
    const session = await sessionIn(there.sessions, lost)
    const token = tokenOf(session.sid)
    const told = vi.fn<() => void>()
    there.sessions.watch(session, told)
    await vi.waitFor(() => expect(following).toHaveBeenCalled(), 15_000)
    const other = (await listOf(mine)).find(({ current }) => !current)
    const response = await mine.send(`${url}/${other?.id}`, remove)
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect([await isSignedIn(lost), await isSignedIn(mine)]).toEqual([false, true])
    await vi.waitFor(async () => {
      expect(await there.sessions.authenticate(requestOf(lost))).toBeUndefined()
      expect(told).toHaveBeenCalled()
    })
    expect(revocations.isRevoked(token, provider.issuer)).toBe(true)
    expect(provider.revoked.map((form) => form.get('token'))).toEqual([
      expect.stringMatching(/^refresh~alice~/),
    ])
    expect(provider.loggedOut.map((form) => Object.fromEntries(form))).toEqual([
      { client_id: clientId, id_token_hint: expect.stringMatching(/^eyJ/) as string },
    ])
    const again = await mine.send(`${url}/${other?.id}`, remove)
    expect([again.status, await again.json()]).toEqual([
      404,
      expect.objectContaining({ code: 'CW_SESSION_NOT_FOUND' }),
    ])
    await mine.send(url, remove)
  })

  it('end all but this one, however many there are', async () => {
    const { sessions } = replica()
    const [mine, bob] = [await signedIn(sessions, 'dora'), await signedIn(sessions, 'bob')]
    const { issuer } = provider
    const more = Array.from({ length: 230 }, () => newRecord({ issuer, clientId, subject: 'sub-dora' }))
    await Promise.all(more.map((record) => store.create(record)))
    expect(await listOf(mine)).toHaveLength(100)
    const response = await mine.send(url, remove)
    expect([response.status, await response.json()]).toEqual([200, { ended: 230 }])
    expect((await listOf(mine)).map(({ current }) => current)).toEqual([true])
    expect([await isSignedIn(mine), await isSignedIn(bob)]).toEqual([true, true])
    expect(await sessions.endOthers(await sessionIn(sessions, mine))).toBe(0)
  })
})

function tokenOf(sid: string | undefined): AccessToken {
  const now = Math.floor(Date.now() / 1000)
  const times = { notBefore: 0, issuedAt: now, expiresAt: now + 60 }
  return toAccessToken({ sid }, { issuer: provider.issuer, subject: 'u', binding: undefined, ...times })
}

describe('a list of sessions', () => {
  it('contains no key, cookie or token', async () => {
    const { sessions } = setup(provider, { keys })
    const browser = await signedIn(sessions)
    const { key, accessToken } = await sessionIn(sessions, browser)
    const text = JSON.stringify(await listOf(browser))
    const cookie = String(browser.cookies(host).get(sessionCookie))
    for (const secret of [key, key.slice(0, 22), cookie, accessToken, 'refresh~', 'eyJ'])
      expect(text).not.toContain(secret)
  })

  it('does not extend the session', async () => {
    const { sessions, clock } = setup(provider, { keys, idleTimeout: 100 })
    const browser = await signedIn(sessions)
    clock.forward(60)
    const [listed] = await listOf(browser)
    clock.forward(41)
    expect(listed?.['lastSeenAt']).toBe(listed?.['createdAt'])
    expect((await browser.send(url)).status).toBe(401)
  })

  it('is in the store encrypted', async () => {
    const store = memorySessionStore()
    const create = vi.spyOn(store, 'create')
    const { sessions } = setup(provider, { keys, store })
    await signedIn(sessions)
    const stored = create.mock.calls[0]?.[0].device
    const text = Buffer.from(stored?.sealed ?? []).toString('latin1')
    expect(text.length).toBeGreaterThan(firefox.length)
    for (const plain of ['Firefox', '203.0.113']) expect(text).not.toContain(plain)
  })

  it('shows a session whose device is unknown: from an older version, or encrypted with a removed key', async () => {
    const store = memorySessionStore()
    const { sessions } = setup(provider, { keys, store })
    const browser = await signedIn(sessions)
    const old = newRecord({ issuer: provider.issuer, clientId, subject: 'sub-alice' })
    const removed = { keyId: 'gone', sealed: new Uint8Array(60) }
    await store.create(old)
    await store.create({ ...old, key: 'other', device: removed })
    const others = (await listOf(browser)).filter(({ current }) => !current)
    expect(others.map(({ browser, address }) => [browser, address])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ])
  })

  it.each([
    ['no address', undefined, undefined],
    ['no IP address', '<script>', undefined],
    ['an IPv6 address', '2001:db8::7', '2001:db8::7'],
    ['an address with a zone, which may be any text', `fe80::1%${'x'.repeat(9_000)}`, 'fe80::1'],
    ['markup in a zone', 'fe80::1%<script>', 'fe80::1'],
  ])('shows an address only if it is one: %s', async (_what, address, shown) => {
    const { sessions } = setup(provider, { keys })
    const browser = browserOn(sessions, firefox, address ?? 'unknown')
    await browser.open(`${publicUrl}/page`)
    expect((await listOf(browser))[0]?.['address']).toBe(shown)
  })

  it('takes no address from a header that any client can send, unless the service trusts it', async () => {
    const forged = { 'x-forwarded-for': '192.0.2.9', 'x-real-ip': '192.0.2.9', forwarded: 'for=192.0.2.9' }
    const shownWith = async (options: Partial<SessionOptions>): Promise<unknown> => {
      const browser = browserOn(
        setup(provider, { keys, ...options }).sessions,
        firefox,
        '203.0.113.7',
        forged,
      )
      await browser.open(`${publicUrl}/page`)
      return (await listOf(browser))[0]?.['address']
    }
    expect(await shownWith({})).toBe('203.0.113.7')
    expect(await shownWith({ clientAddress: ({ headers }) => headers.get('x-real-ip') })).toBe('192.0.2.9')
    expect(await shownWith({ clientAddress: ({ headers }) => headers.get('absent') })).toBeUndefined()
  })

  it.each([
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      'Chrome',
      'Linux',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
      'Edge',
      'Windows',
    ],
    [
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
      'Chrome',
      'Android',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
      'Safari',
      'macOS',
    ],
    ['curl/8.5.0', undefined, undefined],
    [`<b>é\u0000${'x'.repeat(10_000)}`, undefined, undefined],
  ])('names browser and system from its own table: %s', async (userAgent, browser, system) => {
    const { sessions } = setup(provider, { keys })
    // A header may have bytes from 128, but no others.
    const sent = userAgent.replaceAll('\u0000', '')
    const [listed] = await listOf(await signedIn(sessions, 'alice', sent))
    expect([listed?.['browser'], listed?.['system']]).toEqual([browser, system])
    expect(listed?.['userAgent']).toBe(sent.replace(/[^ -~]/g, '').slice(0, 256))
  })

  it('keeps the session whose realm’s session another one shares', async () => {
    const revocations = createRevocations()
    const { sessions } = setup(provider, { keys, revocations })
    const forgotten = browserOn(sessions)
    await forgotten.open(`${publicUrl}/page`)
    const mine = browserOn(sessions)
    await mine.open(`${publicUrl}/page`)
    const session = await sessionIn(sessions, mine)
    const token = tokenOf(session.sid)
    expect(await sessions.endOthers(session)).toBe(1)
    expect([await isSignedIn(forgotten), await isSignedIn(mine)]).toEqual([false, true])
    expect([provider.revoked.length, provider.loggedOut.length]).toEqual([0, 0])
    expect(revocations.isRevoked(token, provider.issuer)).toBe(false)
  })

  it('ends this session too, and clears its cookies', async () => {
    const { sessions } = setup(provider, { keys })
    const browser = await signedIn(sessions)
    const [listed] = await listOf(browser)
    const response = await browser.send(`${url}/${listed?.id}`, remove)
    expect([response.status, browser.cookies(host).size]).toEqual([204, 0])
    expect((await browser.send(url)).status).toBe(401)
  })

  it('ends no session of another user or client', async () => {
    const store = memorySessionStore()
    const { sessions } = setup(provider, { keys, store })
    const [alice, bob] = [await signedIn(sessions), await signedIn(sessions, 'bob')]
    const [ofBob] = await listOf(bob)
    await store.create(
      newRecord({ issuer: provider.issuer, clientId: 'other', subject: 'sub-alice', key: 'c' }),
    )
    expect((await alice.send(`${url}/${ofBob?.id}`, remove)).status).toBe(404)
    expect(await (await alice.send(url, remove)).json()).toEqual({ ended: 0 })
    expect(await isSignedIn(bob)).toBe(true)
    expect(await store.read('c')).toBeDefined()
    expect(await sessions.end(await sessionIn(sessions, alice), undefined as unknown as string)).toBe(false)
  })

  it.each([
    ['from another site', { origin: 'https://pirate.example', 'x-csrf': '1' }],
    ['from a sibling host', { 'sec-fetch-site': 'same-site', 'x-csrf': '1' }],
    ['without the header that no form can send', { origin: publicUrl }],
    ['from nowhere', {}],
  ])('refuses a change %s', async (_from, headers) => {
    const { sessions } = setup(provider, { keys })
    const [one, other] = [await signedIn(sessions), await signedIn(sessions)]
    const [listed] = await listOf(other)
    for (const path of ['', `/${listed?.id}`]) {
      const response = await one.send(url + path, { method: 'DELETE', headers })
      expect([response.status, await response.json()]).toEqual([
        403,
        expect.objectContaining({ code: 'CW_SESSION_ORIGIN' }),
      ])
    }
    expect(await isSignedIn(other)).toBe(true)
  })

  it('tells a browser without a session where to sign in', async () => {
    const { newBrowser } = setup(provider, { keys })
    for (const [path, init] of [
      ['', {}],
      ['', remove],
      ['/some-id', remove],
    ] as const) {
      const response = await newBrowser().send(url + path, init)
      expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([
        401,
        'application/problem+json',
        expect.objectContaining({ code: 'CW_SESSION_ENDED', login: '/auth/login' }),
      ])
    }
  })

  it('knows its methods and paths', async () => {
    const { sessions } = setup(provider, { keys })
    const ask = async (method: string, path: string) => {
      const response = await sessions.handle(new Request(url + path, { method }))
      return response && [response.status, response.headers.get('allow')]
    }
    expect(await ask('POST', '')).toEqual([405, 'GET, HEAD, DELETE, OPTIONS'])
    expect(await ask('GET', '/some-id')).toEqual([405, 'DELETE, OPTIONS'])
    expect(await ask('OPTIONS', '/some-id')).toEqual([204, 'DELETE, OPTIONS'])
    for (const path of ['/', '/a/b', '/%2e%2e', '/a.b', '/é'])
      expect(await ask('DELETE', path)).toBeUndefined()
  })

  it('is unavailable with its store, and nothing has ended', async () => {
    const store = memorySessionStore()
    const { sessions } = setup(provider, { keys, store })
    const [one, other] = [await signedIn(sessions), await signedIn(sessions)]
    const down = vi
      .spyOn(store, 'list')
      .mockRejectedValue(new CloakwrightError('CW_STATE_UNAVAILABLE', 'Store: down', { retryAfter: 3 }))
    for (const [path, init] of [
      ['', {}],
      ['', remove],
      ['/some-id', remove],
    ] as const) {
      const response = await one.send(url + path, init)
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '3'])
    }
    down.mockRestore()
    expect(await isSignedIn(other)).toBe(true)
  })

  it('ends a session at the realm too if the store fails for another one', async () => {
    const store = memorySessionStore()
    const { sessions } = setup(provider, { keys, store })
    const one = await signedIn(sessions)
    await signedIn(sessions)
    await signedIn(sessions)
    const failed = vi
      .spyOn(store, 'remove')
      .mockRejectedValueOnce(new CloakwrightError('CW_STATE_UNAVAILABLE', 'Store: down', { retryAfter: 3 }))
    expect((await one.send(url, remove)).status).toBe(503)
    failed.mockRestore()
    // The one that ended is no longer in the list: nobody could end it at the realm later.
    expect(await listOf(one)).toHaveLength(2)
    expect(provider.loggedOut).toHaveLength(1)
    expect(await (await one.send(url, remove)).json()).toEqual({ ended: 1 })
    expect(provider.loggedOut).toHaveLength(2)
  })

  it('ends sessions while the realm is down, and reports it', async () => {
    const { sessions, errors } = setup(provider, { keys })
    const [one, other] = [await signedIn(sessions), await signedIn(sessions)]
    provider.down = 'all'
    expect(await (await one.send(url, remove)).json()).toEqual({ ended: 1 })
    expect(errors).toMatchObject([{ code: 'CW_PROVIDER_UNAVAILABLE' }])
    provider.down = undefined
    expect(await isSignedIn(other)).toBe(false)
  })

  it.each([undefined, null, {}, 'session'])('is of a session only: %s', async (session) => {
    const { sessions } = setup(provider, { keys })
    const expected = {
      code: 'CW_CONFIG_INVALID',
      message: expect.stringContaining('not a session') as string,
    }
    await expect(sessions.list(session as Session)).rejects.toMatchObject(expected)
    await expect(sessions.end(session as Session, 'id')).rejects.toMatchObject(expected)
    await expect(sessions.endOthers(session as Session)).rejects.toMatchObject(expected)
  })
})
