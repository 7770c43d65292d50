import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type GuideRealms, openRealms } from '../guides/support/programs.ts'
import { startChromium } from '../support/chromium.ts'
import { type App, openApp } from './support/app.ts'

// The module in pages of Chromium, on the embedded realm or, with CONFORMANCE_SERVER, on a real Keycloak.

let realms: GuideRealms
let browser: Browser
let app: App
let context: BrowserContext
const others: BrowserContext[] = []
beforeAll(async () => {
  ;[realms, browser] = await Promise.all([openRealms(), startChromium()])
  app = await openApp(realms)
})
afterAll(async () => {
  await browser?.close()
  await app?.close()
  await realms?.close()
})
beforeEach(async () => {
  context = await newDevice()
})
afterEach(async () => {
  app.session = undefined
  app.heard.splice(0)
  app.closed.splice(0)
  for (const one of others.splice(0)) await one.close()
})

async function newDevice(): Promise<BrowserContext> {
  const device = await browser.newContext()
  others.push(device)
  return device
}

/** A tab with the page of the app. */
async function openTab(device = context, path = '/'): Promise<Page> {
  const tab = await device.newPage()
  await tab.goto(app.origin + path)
  await isReady(tab)
  return tab
}

const isReady = async (tab: Page): Promise<unknown> => await tab.waitForFunction('window.isReady')

/** Signs in by `auth.login()`, and is back on the page. */
async function signIn(tab: Page, username = 'alice', options = ''): Promise<void> {
  await tab.evaluate(`auth.login(${options})`)
  await tab.fill('#username', username)
  await tab.fill('#password', username)
  await tab.click('#kc-login')
  await tab.waitForURL(`${app.origin}/**`)
  await isReady(tab)
}

/** Leaves the page by a script, for a redirect back to it. */
async function leaveAndReturn(tab: Page, script: string): Promise<void> {
  const loaded = tab.waitForEvent('load')
  await tab.evaluate(script)
  await loaded
  await isReady(tab)
}

async function openSignedIn(device = context): Promise<Page> {
  const tab = await openTab(device)
  await signIn(tab)
  return tab
}

/** The user comes back to the tab: without a window, a browser does not tell. The tab then asks who is signed in. */
async function comeBackTo(tab: Page): Promise<void> {
  await asksAfter(tab, () => tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))"))
}

/** Waits until the tab has asked who is signed in, after something has happened. */
async function asksAfter(tab: Page, happens: () => Promise<unknown>): Promise<void> {
  const asked = tab.waitForResponse(`${app.origin}/auth/session`)
  await happens()
  await (await asked).finished()
}

const send = (path: string, init = ''): string =>
  `auth.fetch('${path}', { ${init} }).then((response) => response.json())`
const username = 'auth.session().then((user) => user?.username)'

describe('session, login and logout', () => {
  test('a login starts on a page and ends on the same page, which then knows the user', async () => {
    const tab = await openTab(context, '/orders?open=1#last')
    expect(await tab.evaluate('window.user')).toBeUndefined()
    await signIn(tab)
    expect(tab.url()).toBe(`${app.origin}/orders?open=1#last`)
    expect(await tab.evaluate('window.user')).toEqual({
      subject: expect.any(String) as unknown,
      username: 'alice',
      name: 'Alice Liddell',
      email: 'alice@example.com',
      roles: expect.arrayContaining(['admin']) as unknown,
      expiresIn: expect.any(Number) as unknown,
    })
  })

  test('a login has its parameters; a page that is not of this service is not returned to', async () => {
    const tab = await openTab()
    await signIn(tab, 'bob', "{ returnTo: '/orders', prompt: 'login', login_hint: undefined }")
    expect(tab.url()).toBe(`${app.origin}/orders`)
    await tab.evaluate("auth.login({ returnTo: 'https://evil.example/', max_age: 900, login_hint: 'bob' })")
    await tab.waitForURL(`${app.origin}/`)
  })

  test('login and logout can be the listeners of buttons', async () => {
    const tab = await openSignedIn()
    const click = 'document.body.appendChild(document.createElement("button"))'
    const asked = tab.waitForRequest(`${app.origin}/auth/login?**`)
    await leaveAndReturn(tab, `Object.assign(${click}, { onclick: auth.login }).click()`)
    expect((await asked).url()).toBe(`${app.origin}/auth/login?returnTo=%2F`)
    await leaveAndReturn(tab, `Object.assign(${click}, { onclick: auth.logout }).click()`)
    expect(await tab.evaluate('window.user')).toBeUndefined()
  })

  test('a logout ends the session of the realm, too', async () => {
    const tab = await openSignedIn()
    await leaveAndReturn(tab, 'auth.logout()')
    expect(await tab.evaluate('window.user')).toBeUndefined()
    await tab.evaluate('auth.login()')
    await tab.waitForSelector('#kc-login')
  })

  test.each([
    ['an outage', 503, 'application/problem+json', '{"code":"CW_STATE_UNAVAILABLE"}'],
    ['another page at its path', 200, 'text/html', '<!doctype html>'],
  ])('%s is an error, and ends no session', async (_what, status, type, body) => {
    const tab = await openSignedIn()
    app.session = { status, type, body }
    expect(await tab.evaluate('auth.session().catch(({ message }) => message)')).toBe(
      `GET /auth/session: no session, but status ${status}`,
    )
    await comeBackTo(tab)
    app.session = undefined
    expect(await tab.evaluate(username)).toBe('alice')
    expect(await tab.evaluate('ends')).toBe(0)
  })
})

describe('fetch', () => {
  test('adds X-CSRF to requests to this origin that change data, which a guard then accepts', async () => {
    const tab = await openSignedIn()
    expect(await tab.evaluate(send('/echo'))).toBe('GET without')
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect(await tab.evaluate(send('/echo', `method: '${method}', body: '{}'`))).toBe(`${method} 1`)
    expect(
      await tab.evaluate("auth.fetch(new Request('/echo', { method: 'POST' })).then((r) => r.json())"),
    ).toBe('POST 1')
    expect(await tab.evaluate(send('/mine', "method: 'POST'"))).toBe('alice')
    const without = "fetch('/mine', { method: 'POST' }).then((response) => response.json())"
    expect(await tab.evaluate(without)).toMatchObject({ status: 403, code: 'CW_SESSION_ORIGIN' })
  })

  test('never sends it to another origin, and takes no end of a session from there', async () => {
    const tab = await openSignedIn()
    for (const method of ['GET', 'PUT', 'POST']) await tab.evaluate(send(app.other, `method: '${method}'`))
    expect(app.heard).toEqual(['GET without', 'PUT without', 'POST without'])
    const redirected = send('/away', "method: 'PUT'")
    await expect(tab.evaluate(redirected)).rejects.toThrow('Failed to fetch')
    expect(app.heard).toHaveLength(3)
    expect(await tab.evaluate(send('/away'))).toEqual({})
    expect(await tab.evaluate('ends')).toBe(0)
  })

  test('tells once that the session has ended, after any number of 401', async () => {
    const tab = await openSignedIn()
    await context.clearCookies()
    const requests =
      "Promise.all(['/mine', '/mine', '/mine'].map((path) => auth.fetch(path).then((r) => r.status)))"
    expect(await tab.evaluate(requests)).toEqual([401, 401, 401])
    await tab.waitForFunction('ends === 1')
    expect(await tab.evaluate(requests)).toEqual([401, 401, 401])
    expect(await tab.evaluate(username)).toBeUndefined()
    expect(await tab.evaluate('ends')).toBe(1)
  })

  test('a 401 that asks for a step-up ends no session', async () => {
    const tab = await openSignedIn()
    await asksAfter(tab, async () => {
      expect(await tab.evaluate(send('/payment'))).toMatchObject({ status: 401, code: 'CW_STEP_UP_REQUIRED' })
    })
    expect(await tab.evaluate(username)).toBe('alice')
    expect(await tab.evaluate('ends')).toBe(0)
  })
})

describe('the end of a session', () => {
  test('a logout in one tab is seen by the others', async () => {
    const [one, two] = [await openSignedIn(), await openTab()]
    expect(await two.evaluate('window.user.username')).toBe('alice')
    await leaveAndReturn(one, 'auth.logout()')
    await two.waitForFunction('ends === 1')
    expect(await two.evaluate(username)).toBeUndefined()
  })

  test('a logout that failed is not', async () => {
    const [one, two] = [await openSignedIn(), await openTab()]
    await context.route('**/auth/logout', (route) => route.fulfill({ status: 503, body: 'try later' }))
    await asksAfter(two, () => one.evaluate('auth.logout()'))
    expect(await two.evaluate(username)).toBe('alice')
    expect(await two.evaluate('ends')).toBe(0)
  })

  test('a device sees the user’s other devices, and ends them', async () => {
    const mine = await openSignedIn()
    await mine.evaluate(send('/auth/sessions', "method: 'DELETE'"))
    const device = await newDevice()
    const theirs = await openSignedIn(device)
    const hidden = await openTab(device)
    const list = await mine.evaluate(send('/auth/sessions'))
    expect(list).toMatchObject({ sessions: [{ current: true }, { current: false, browser: 'Chrome' }] })
    expect(await mine.evaluate(send('/auth/sessions', "method: 'DELETE'"))).toEqual({ ended: 1 })
    await comeBackTo(theirs)
    await Promise.all([theirs, hidden].map((tab) => tab.waitForFunction('ends === 1')))
    expect(await theirs.evaluate(send('/mine'))).toMatchObject({ status: 401 })
    expect(await mine.evaluate(send('/mine'))).toBe('alice')
    expect(await mine.evaluate('ends')).toBe(0)
  })

  test('another user who signs in in this browser ends it', async () => {
    const [one, two] = [await openSignedIn(), await openTab()]
    await context.clearCookies({ path: /^\/realms\// })
    await signIn(one, 'bob')
    await comeBackTo(two)
    await two.waitForFunction('ends === 1')
    expect(await two.evaluate(username)).toBe('bob')
  })

  test('its timeout is noticed without a request of the page', async () => {
    const tab = await context.newPage()
    await tab.clock.install()
    await tab.goto(app.origin)
    await signIn(tab)
    const { expiresIn } = (await tab.evaluate('window.user')) as { readonly expiresIn: number }
    await context.clearCookies()
    await tab.clock.fastForward((expiresIn + 2) * 1000)
    await tab.waitForFunction('ends === 1')
  })

  test('a listener that was removed is not called', async () => {
    const tab = await openSignedIn()
    await tab.evaluate('window.stop = auth.onEnd(() => void (window.ends += 10)); stop()')
    await context.clearCookies()
    await tab.evaluate(username)
    await tab.waitForFunction('ends === 1')
  })

  test('a WebSocket through forward() is closed at a logout', async () => {
    const [one, two] = [await openSignedIn(), await openTab()]
    const greeting = await two.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket('/api/feed')
      socket.onmessage = ({ data }) => resolve(data)
      socket.onclose = ({ code, reason }) => (window.socketEnd = [code, reason])
    })`)
    expect(greeting).toBe('hello')
    await leaveAndReturn(one, 'auth.logout()')
    await two.waitForFunction('window.socketEnd')
    expect(await two.evaluate('window.socketEnd')).toEqual([4401, 'session ended'])
    await vi.waitFor(() => expect(app.closed).toHaveLength(1))
  })
})
