import { CloakwrightError } from 'cloakwright'
import type { LoginEvent, LogoutEvent, Session, SessionEngine, SessionOptions } from 'cloakwright/session'
import { memorySessionStore, type SessionStore } from 'cloakwright/state'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Browser } from './support/browser.ts'
import { startProvider, type TestProvider } from './support/provider.ts'
import { closeEngines, host, newKey, publicUrl, sessionCookie, sessionOf, setup } from './support/setup.ts'
import { stores } from './support/stores.ts'

const keys = [newKey('k1')]
const form = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
}
const remove = { method: 'DELETE', headers: { origin: publicUrl, 'x-csrf': '1' } }

let provider: TestProvider
beforeAll(async () => {
  provider = await startProvider()
})
beforeEach(() => provider.reset())
afterEach(() => closeEngines(provider))
afterAll(() => provider.close())

interface Data {
  readonly visits?: number
  readonly theme?: string
}

function requestOf(browser: Browser): Request {
  const cookie = `${sessionCookie}=${browser.cookies(host).get(sessionCookie)}`
  return new Request(publicUrl, { headers: { cookie } })
}

async function sessionIn(sessions: SessionEngine, browser: Browser): Promise<Session<Data>> {
  const session = await (sessions as SessionEngine<Data>).authenticate(requestOf(browser))
  if (session === undefined) throw new Error('Not signed in')
  return session
}

const dataOf = async (sessions: SessionEngine, browser: Browser): Promise<Data | undefined> =>
  (await sessionIn(sessions, browser)).data

/** Signs in again in the same browser. */
const again = (browser: Browser): Promise<Response> => browser.open(`${publicUrl}/auth/login?returnTo=/page`)

describe('onLogin', () => {
  it('gets the verified user, and its result is the data of the session', async () => {
    const onLogin = vi.fn<(login: LoginEvent) => Promise<Data>>(async () => ({ theme: 'dark' }))
    const { sessions, signIn } = setup(provider, { onLogin })
    const browser = await signIn()
    const session = await sessionIn(sessions, browser)
    expect(session.data).toEqual({ theme: 'dark' })
    expect(onLogin.mock.calls).toEqual([
      [
        {
          subject: 'sub-alice',
          sid: 'sid-alice',
          claims: expect.objectContaining({ sub: 'sub-alice', sid: 'sid-alice' }) as object,
          accessToken: session.accessToken,
          data: undefined,
          requestId: expect.stringMatching(/./) as string,
        },
      ],
    ])
  })

  it('needs no result, and need not be asynchronous', async () => {
    const { sessions, signIn } = setup(provider, { onLogin: () => {} })
    expect(await dataOf(sessions, await signIn())).toBeUndefined()
  })

  it('continues the data of the same user in the same browser, and never shows that of another', async () => {
    const seen: unknown[] = []
    const onLogin = ({ data, subject }: LoginEvent): Data | undefined => {
      seen.push([subject, data])
      return data === undefined ? { visits: 1 } : undefined
    }
    const { sessions, signIn } = setup(provider, { onLogin })
    const browser = await signIn()
    await (await sessionIn(sessions, browser)).update(() => ({ visits: 7 }))
    expect((await again(browser)).status).toBe(200)
    expect(await dataOf(sessions, browser)).toEqual({ visits: 7 })
    provider.user = 'bob'
    expect((await again(browser)).status).toBe(200)
    expect(await dataOf(sessions, browser)).toEqual({ visits: 1 })
    expect(seen).toEqual([
      ['sub-alice', undefined],
      ['sub-alice', { visits: 7 }],
      ['sub-bob', undefined],
    ])
  })

  it.each([
    ['any error', new Error('CANARY7f3a'), 500, 'CW_HOOK_FAILED'],
    ['a refusal', new CloakwrightError('CW_FORBIDDEN', 'CANARY7f3a'), 403, 'CW_FORBIDDEN'],
    ['an outage', new CloakwrightError('CW_STATE_UNAVAILABLE', 'CANARY7f3a'), 503, 'CW_STATE_UNAVAILABLE'],
  ])('that throws %s signs nobody in, with a page', async (_what, error, status, code) => {
    const onLogin = (): never => {
      throw error
    }
    const { errors, newBrowser } = setup(provider, { onLogin })
    const browser = newBrowser()
    const response = await browser.open(`${publicUrl}/page`)
    const page = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      'text/html; charset=utf-8',
    ])
    expect(page).toContain(code)
    expect(page).not.toContain('CANARY7f3a')
    expect(page.includes('/auth/logout')).toBe(status === 403)
    expect(browser.cookies(host).has(sessionCookie)).toBe(false)
    expect(await sessionOf(browser)).toBeUndefined()
    expect(provider.revoked.map((sent) => sent.get('token'))).toEqual([
      expect.stringMatching(/^refresh~alice~/),
    ])
    expect(errors).toMatchObject([{ code }])
  })

  it('that never returns signs nobody in', async () => {
    const { newBrowser } = setup(provider, { onLogin: () => new Promise(() => {}), timeout: 1_000 })
    const response = await newBrowser().open(`${publicUrl}/page`)
    expect([response.status, (await response.text()).includes('CW_HOOK_FAILED')]).toEqual([500, true])
  })

  it('that fails at a further login leaves the session of before as it was', async () => {
    let fails = false
    const onLogin = (): Data => {
      if (fails) throw new Error('down')
      return { visits: 1 }
    }
    const { sessions, signIn } = setup(provider, { onLogin })
    const browser = await signIn()
    fails = true
    expect((await again(browser)).status).toBe(500)
    expect(await dataOf(sessions, browser)).toEqual({ visits: 1 })
    // Both logins have one session of the realm.
    expect(provider.revoked).toEqual([])
  })

  it('is called once for a callback that is repeated', async () => {
    const onLogin = vi.fn<() => void>()
    const { newBrowser } = setup(provider, { onLogin })
    const browser = newBrowser()
    await browser.open(`${publicUrl}/page`)
    const callback = browser.visited.find((visited) => visited.includes('/callback')) ?? ''
    await browser.open(callback)
    expect(onLogin).toHaveBeenCalledOnce()
  })
})

describe('onLogout', () => {
  const recorded = (options: Partial<SessionOptions> = {}) => {
    const ended: LogoutEvent[] = []
    const onLogout = (event: LogoutEvent): void => void ended.push(event)
    return { ended, ...setup(provider, { keys, onLogin: () => ({ visits: 3 }), onLogout, ...options }) }
  }
  const of = (user: string, reason: LogoutEvent['reason']): LogoutEvent => ({
    subject: `sub-${user}`,
    sid: `sid-${user}`,
    data: { visits: 3 },
    reason,
  })

  it('is told of a logout, once', async () => {
    const { ended, signIn } = recorded()
    const browser = await signIn()
    const cookies = new Map(browser.jar.get(host))
    await browser.send(`${publicUrl}/auth/logout`, form)
    browser.jar.set(host, cookies)
    await browser.send(`${publicUrl}/auth/logout`, form)
    expect(ended).toEqual([of('alice', 'logout')])
  })

  it('is told of a session that the user ended elsewhere, or here by its id', async () => {
    const { ended, signIn } = recorded()
    const [one] = [await signIn(), await signIn()]
    await one.send(`${publicUrl}/auth/sessions`, remove)
    expect(ended).toEqual([of('alice', 'device')])
    const list = (await (await one.send(`${publicUrl}/auth/sessions`)).json()) as {
      sessions: { id: string }[]
    }
    await one.send(`${publicUrl}/auth/sessions/${list.sessions[0]?.id}`, remove)
    expect(ended).toEqual([of('alice', 'device'), of('alice', 'logout')])
  })

  it.each([
    ['a session', { sid: 'sid-alice' }, 1],
    ['a user', { sub: 'sub-alice' }, 1],
  ])('is told of the realm’s logout of %s', async (_what, named, count) => {
    const { ended, sessions, signIn } = recorded()
    await signIn()
    provider.user = 'bob'
    await signIn()
    const iat = Math.floor(Date.now() / 1000) + 1
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    const claims = { iss: provider.issuer, aud: 'app', iat, exp: iat + 60, jti: crypto.randomUUID(), events }
    const token = await provider.sign({ ...claims, ...named, typ: 'Logout' }, { typ: 'logout+jwt' })
    const body = new URLSearchParams({ logout_token: token })
    const request = new Request(`${publicUrl}/auth/backchannel-logout`, { method: 'POST', body })
    expect((await sessions.handle(request))?.status).toBe(200)
    expect(ended).toEqual(Array.from({ length: count }, () => of('alice', 'realm')))
  })

  it('is told of a session that the realm no longer refreshes', async () => {
    const { clock, ended, sessions, signIn } = recorded()
    const browser = await signIn()
    provider.onToken = () => ({ status: 400, body: { error: 'invalid_grant' } })
    clock.forward(400)
    const found = [1, 2, 3].map(() => sessions.authenticate(requestOf(browser)))
    expect(await Promise.all(found)).toEqual([undefined, undefined, undefined])
    expect(ended).toEqual([of('alice', 'realm')])
  })

  it('is told if another user signs in in the same browser, and not if the same does', async () => {
    const { ended, signIn } = recorded()
    const browser = await signIn()
    await again(browser)
    expect(ended).toEqual([])
    provider.user = 'bob'
    await again(browser)
    expect(ended).toEqual([of('alice', 'replaced')])
  })

  it('is not told of a session that has expired', async () => {
    const { clock, ended, signIn } = recorded()
    const browser = await signIn()
    clock.forward(40_000)
    provider.now = clock.now
    expect(await sessionOf(browser)).toBeUndefined()
    await signIn()
    expect(ended).toEqual([])
  })

  it('that fails does not stop a logout', async () => {
    const onLogout = async (): Promise<never> => await Promise.reject(new Error('CANARY7f3a'))
    const { errors, signIn } = recorded({ onLogout })
    const browser = await signIn()
    expect((await browser.send(`${publicUrl}/auth/logout`, form)).status).toBe(303)
    expect(await sessionOf(browser)).toBeUndefined()
    expect(errors).toMatchObject([{ code: 'CW_HOOK_FAILED', cause: { message: 'CANARY7f3a' } }])
    expect(errors[0]?.message).not.toContain('CANARY7f3a')
  })

  it('that never returns delays a logout by two seconds at most', async () => {
    const { signIn } = recorded({ onLogout: () => new Promise(() => {}) })
    const browser = await signIn()
    expect((await browser.send(`${publicUrl}/auth/logout`, form)).status).toBe(303)
  })
})

describe('the functions', () => {
  it.each(['onLogin', 'onLogout', 'clientAddress'] as const)('are functions: %s', (name) => {
    expect(() => setup(provider, { [name]: 'no function' })).toThrow(
      expect.objectContaining({ code: 'CW_CONFIG_INVALID', message: `${name}: not a function` }),
    )
  })
})

describe('data of a session', () => {
  it('cannot be changed in place, since requests share it', async () => {
    const { sessions, signIn } = setup(provider, { onLogin: () => ({ list: [{ a: 1 }] }) })
    const { data } = (await sessionIn(sessions, await signIn())) as Session<{ list: { a: number }[] }>
    expect(() => data?.list.push({ a: 2 })).toThrow(TypeError)
    expect(() => Object.assign(data?.list[0] ?? {}, { a: 2 })).toThrow(TypeError)
  })

  it('is in the store encrypted', async () => {
    const store = memorySessionStore()
    const write = vi.spyOn(store, 'writeData')
    const { sessions, signIn } = setup(provider, { store })
    const session = await sessionIn(sessions, await signIn())
    await session.update(() => ({ theme: 'CANARY7f3a' }))
    const [, written] = write.mock.calls[0] ?? []
    expect(written?.sealed.length).toBeGreaterThan('CANARY7f3a'.length)
    expect(Buffer.from(written?.sealed ?? []).toString('latin1')).not.toContain('CANARY')
  })

  it('that was moved from another session or version, or whose key is gone, ends in a new login', async () => {
    const store = memorySessionStore()
    const { sessions, signIn } = setup(provider, { store, onLogin: ({ subject }) => ({ subject }) })
    const alice = await signIn()
    provider.user = 'bob'
    const bob = await sessionIn(sessions, await signIn())
    const stolen = (await store.read(bob.key))?.data
    if (stolen === undefined) throw new Error('No data')
    const { key } = await sessionIn(sessions, alice)
    await store.writeData(key, { ...stolen, version: 2 })
    await vi.waitFor(async () => expect(await sessions.authenticate(requestOf(alice))).toBeUndefined())
  })

  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  it.each<[string, () => unknown, string]>([
    ['undefined', () => undefined, 'data is not JSON'],
    ['a date', () => ({ at: new Date() }), 'data.at is not JSON'],
    ['a map', () => ({ list: [1, new Map()] }), 'data.list[1] is not JSON'],
    ['a function', () => ({ run: () => {} }), 'data.run is not JSON'],
    ['a bigint', () => ({ n: 1n }), 'data.n is not JSON'],
    ['no number', () => ({ n: Number.NaN }), 'data.n is not JSON'],
    ['a cycle', () => cyclic, 'data.self is not JSON'],
    // oxlint-disable-next-line no-sparse-arrays -- a list with a hole
    ['a list with a hole', () => ({ list: [1, , 2] }), 'data.list[1] is not JSON'],
    ['a promise', () => Promise.resolve({}), 'data is not JSON'],
    ['a name that may be a value', () => ({ 'a@example.com': new Date() }), 'data.… is not JSON'],
    ['too deep', () => JSON.parse('[ '.repeat(200) + ']'.repeat(200)) as unknown, 'is not JSON'],
    ['too much', () => 'x'.repeat(4095), 'it has 4097 bytes as JSON, more than 4096'],
    ['too much in UTF-8', () => 'é'.repeat(2048), 'it has 4098 bytes as JSON, more than 4096'],
  ])('is refused if it is %s, and nothing is changed', async (_what, change, message) => {
    const { sessions, signIn } = setup(provider, { onLogin: () => ({ visits: 1 }) })
    const browser = await signIn()
    const session = await sessionIn(sessions, browser)
    await expect(session.update(change as () => Data)).rejects.toMatchObject({
      code: 'CW_SESSION_DATA',
      message: expect.stringContaining(message) as string,
    })
    expect(await dataOf(sessions, browser)).toEqual({ visits: 1 })
  })

  it('has 4,096 bytes at most', async () => {
    const { sessions, signIn } = setup(provider)
    const session = (await sessionIn(sessions, await signIn())) as Session
    const text = 'x'.repeat(4094)
    expect((await session.update(() => text))?.data).toBe(text)
    expect((await session.update(() => ({ a: undefined, b: null })))?.data).toEqual({ b: null })
  })

  it('that onLogin returns is checked: nobody is signed in', async () => {
    const { newBrowser } = setup(provider, { onLogin: () => 'x'.repeat(5000) })
    const response = await newBrowser().open(`${publicUrl}/page`)
    expect([response.status, (await response.text()).includes('CW_SESSION_DATA')]).toEqual([500, true])
    expect(provider.revoked).toHaveLength(1)
  })
})

describe.each(stores)('sessions in $name', ({ open }) => {
  let store: SessionStore
  let close: () => Promise<void>
  beforeAll(async () => {
    ;({ store, close } = await open())
  })
  afterAll(() => close())
  const replica = (options: Partial<SessionOptions> = {}) => setup(provider, { store, keys, ...options })

  it('get changed data on every replica, and lose no change', async () => {
    const [here, there] = [replica({ onLogin: () => ({ visits: 0 }) }), replica()]
    const browser = await here.signIn()
    expect(await dataOf(there.sessions, browser)).toEqual({ visits: 0 })
    const requests = Array.from({ length: 10 }, async (_, index) => {
      const session = await sessionIn((index % 2 === 0 ? here : there).sessions, browser)
      return await session.update((data) => ({ ...data, visits: (data?.visits ?? 0) + 1 }))
    })
    const visits = (await Promise.all(requests)).map((session) => session?.data?.visits ?? 0)
    expect(visits.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for (const { sessions } of [here, there])
      await vi.waitFor(async () => expect(await dataOf(sessions, browser)).toEqual({ visits: 10 }))
  })

  it('keep data that is changed on another replica during a refresh', async () => {
    const [here, there] = [replica(), replica()]
    const browser = await here.signIn()
    const session = await sessionIn(there.sessions, browser)
    const started = vi.fn<() => void>()
    let goOn: () => void = () => {}
    const held = new Promise<void>((resolve) => (goOn = resolve))
    provider.onToken = async (answer) => {
      started()
      await held
      return answer
    }
    const refreshing = (await sessionIn(here.sessions, browser)).refresh()
    await vi.waitFor(() => expect(started).toHaveBeenCalled(), 15_000)
    await session.update(() => ({ theme: 'dark' }))
    goOn()
    const refreshed = await refreshing
    expect(refreshed?.accessToken).not.toBe(session.accessToken)
    for (const { sessions } of [here, there])
      await vi.waitFor(async () =>
        expect(await sessionIn(sessions, browser)).toMatchObject({
          data: { theme: 'dark' },
          accessToken: refreshed?.accessToken,
        }),
      )
  })

  it('that have ended change no data, and get no tokens', async () => {
    const { sessions, signIn } = replica()
    const browser = await signIn()
    const session = await sessionIn(sessions, browser)
    await browser.send(`${publicUrl}/auth/logout`, form)
    expect(await session.update(() => ({ visits: 1 }))).toBeUndefined()
    expect(await session.refresh()).toBeUndefined()
    expect(await store.read(session.key)).toBeUndefined()
  })
})

describe('session.refresh()', () => {
  it('gets new tokens now, and leaves the object as it is', async () => {
    const { sessions, signIn } = setup(provider)
    const browser = await signIn()
    const session = await sessionIn(sessions, browser)
    const before = session.accessToken
    const refreshed = await session.refresh()
    expect([session.accessToken, refreshed?.accessToken === before]).toEqual([before, false])
    expect((await sessionIn(sessions, browser)).accessToken).toBe(refreshed?.accessToken)
  })

  it('keeps the session if the realm is down', async () => {
    const { sessions, signIn } = setup(provider)
    const browser = await signIn()
    const session = await sessionIn(sessions, browser)
    provider.down = 'all'
    await expect(session.refresh()).rejects.toMatchObject({ code: 'CW_PROVIDER_UNAVAILABLE' })
    expect((await sessionIn(sessions, browser)).accessToken).toBe(session.accessToken)
  })

  it('is not in logs or JSON, with what it needs', async () => {
    const { sessions, signIn } = setup(provider)
    const session = await sessionIn(sessions, await signIn())
    expect(Object.keys(JSON.parse(JSON.stringify(session)) as object).toSorted()).toEqual([
      'accessToken',
      'createdAt',
      'expiresAt',
      'key',
      'sid',
      'subject',
    ])
  })
})
