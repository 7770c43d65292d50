import { CloakwrightError } from 'cloakwright'
import type { SessionEngine, SubmittedForm } from 'cloakwright/session'
import { memorySessionStore, type SavedForm, type SessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/sealing.ts'
import { Browser } from './support/browser.ts'
import { post, readSavedForm } from './support/forms.ts'
import { startProvider, type TestProvider } from './support/provider.ts'
import { closeEngines, host, publicUrl, sessionCookie, setup } from './support/setup.ts'
import { stores } from './support/stores.ts'

const secret = 'CANARY-7f3a'
const form = new URLSearchParams({ title: secret }).toString()
const url = `${publicUrl}/orders?draft=1`

/** Forms are read by guards; here by what the adapters' tests have proved to be right. */
function toApp(sessions: SessionEngine) {
  return async (request: Request): Promise<Response> => {
    const handled = await sessions.handle(request)
    if (handled !== undefined) return handled
    if ((await sessions.authenticate(request)) !== undefined) return Response.json({ ok: true })
    const read = async (): Promise<SubmittedForm> => ({
      type: 'application/x-www-form-urlencoded',
      fields: [...new URLSearchParams(await request.text())],
    })
    return (await sessions.challenge(request, { form: read })) ?? new Response(null, { status: 401 })
  }
}

describe('saved forms', () => {
  let provider: TestProvider
  beforeAll(async () => {
    provider = await startProvider()
  })
  beforeEach(() => provider.reset())
  afterAll(() => provider.close())

  /** A service whose store shows what it keeps, and a browser whose session has ended. */
  async function open(options: Parameters<typeof setup>[1] = {}) {
    const memory = memorySessionStore()
    const kept: SavedForm[] = []
    const store: SessionStore = {
      ...memory,
      saveForm: async (saved, now) => {
        kept.push(saved)
        await memory.saveForm(saved, now)
      },
    }
    const service = setup(provider, { store, ...options })
    provider.now = service.clock.now
    const newBrowser = (): Browser => new Browser({ [publicUrl]: toApp(service.sessions) })
    const browser = newBrowser()
    await browser.open(`${publicUrl}/page`)
    const endSession = async (): Promise<void> => {
      await store.remove(sha256(browser.cookies(host).get(sessionCookie) ?? ''))
    }
    await endSession()
    return { ...service, store, kept, browser, newBrowser, endSession }
  }

  it('are encrypted, under a key that is not in the browser, for an hour', async () => {
    const { browser, kept, clock } = await open()
    const refused = await post(browser, url, form)
    expect(refused.headers.get('location')).not.toContain(secret)
    const [saved] = kept
    expect(Buffer.from(saved?.sealed ?? []).toString('latin1')).not.toContain(secret)
    expect(Math.round(((saved?.expiresAt ?? 0) - clock.now()) / 60_000)).toBe(60)
    const page = await readSavedForm(browser, refused)
    expect(page.url).toMatch(/\/auth\/form\?id=[\w-]{43}$/)
    expect(page.url).not.toContain(saved?.key)
    expect(page.page.headers.get('cache-control')).toBe('no-store')
    const policy = page.page.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    clock.forward(3601)
    await browser.open(`${publicUrl}/page`)
    expect((await browser.open(page.url)).status).toBe(410)
    expect((await page.send()).status).toBe(410)
  })

  it('are not saved unless a page of this service sent them', async () => {
    const { browser, kept } = await open()
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'cross-site', origin: publicUrl },
      { 'sec-fetch-mode': 'cors' },
      { 'sec-fetch-mode': 'no-cors' },
      { 'x-requested-with': 'XMLHttpRequest' },
      { accept: 'application/json' },
      { 'content-type': 'application/json' },
      { 'content-type': 'text/plain' },
      { 'content-type': 'multipart/form-data; boundary=x' },
    ] as Record<string, string>[]) {
      const response = await post(browser, url, form, headers).catch((error: Error) => error)
      const status = response instanceof Error ? (response as { status?: number }).status : response.status
      expect(status, JSON.stringify(headers)).toBeOneOf([401, 403])
    }
    const old = { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' }
    for (const origin of ['https://pirate.example', 'null', `${publicUrl}.pirate.example`]) {
      const init = { method: 'POST', headers: { ...old, origin }, body: form }
      const response = await browser.send(url, init).catch((error: Error) => error)
      expect(response instanceof Error ? response : response.status).toBeOneOf([401, expect.any(Error)])
    }
    expect(kept).toEqual([])
    // A browser without Sec-Fetch-Site.
    const init = { method: 'POST', headers: { ...old, origin: publicUrl }, body: form }
    expect((await browser.send(url, init)).status).toBe(303)
  })

  it.each(['PUT', 'PATCH', 'DELETE'])('are not saved from a %s', async (method) => {
    const { browser, kept } = await open()
    const headers = {
      accept: 'text/html',
      'content-type': 'application/x-www-form-urlencoded',
      'x-csrf': '1',
    }
    const init = { method, headers: { ...headers, 'sec-fetch-site': 'same-origin' }, body: form }
    expect((await browser.send(url, init)).status).toBe(401)
    expect(kept).toEqual([])
  })

  it.each([
    '//pirate.example/orders',
    '/%2f/pirate.example',
    '/%5cpirate.example',
    '/orders%0d%0aset-cookie:x=1',
    '/orders%00',
    `/orders/${'x'.repeat(1100)}`,
    `/orders?${'x'.repeat(1100)}`,
    '/auth/login',
    '/auth/x',
  ])('are not saved for the path %s', async (path) => {
    const { browser, kept } = await open()
    const response = await post(browser, publicUrl + path, form)
    expect(response.status).toBeOneOf([401, 404, 405])
    expect(kept).toEqual([])
  })

  it('are not saved in a browser whose last user is not known', async () => {
    const { browser, newBrowser, kept, sessions } = await open()
    expect((await post(newBrowser(), url, form)).status).toBe(401)
    const cookies = browser.cookies(host)
    const user = cookies.get(`${sessionCookie}_user`) ?? ''
    const value = cookies.get(sessionCookie) ?? ''
    // Not the last character, which may have spare bits.
    const changed = `${user.slice(0, -5)}${user.at(-5) === 'A' ? 'B' : 'A'}${user.slice(-4)}`
    for (const pairs of [
      { [sessionCookie]: value },
      { [`${sessionCookie}_user`]: user },
      // The user of one session, and the cookie of another.
      { [sessionCookie]: 'x'.repeat(43), [`${sessionCookie}_user`]: user },
      { [sessionCookie]: value, [`${sessionCookie}_user`]: changed },
      { [sessionCookie]: value, [`${sessionCookie}_user`]: `k2${user.slice(2)}` },
    ]) {
      const other = new Browser({ [publicUrl]: toApp(sessions) })
      other.jar.set(host, new Map(Object.entries(pairs)))
      expect((await post(other, url, form)).status).toBe(401)
    }
    expect(kept).toEqual([])
  })

  it('are not saved after a sign-out, which forgets the user', async () => {
    const { browser, kept } = await open()
    await browser.open(`${publicUrl}/page`)
    await post(browser, `${publicUrl}/auth/logout`, '')
    expect(browser.cookies(host).size).toBe(0)
    expect((await post(browser, url, form)).status).toBe(401)
    expect(kept).toEqual([])
  })

  it('are never sent or shown for another user, who learns nothing of them', async () => {
    const { browser, store, kept, newBrowser } = await open()
    const refused = await post(browser, url, form)
    const page = await readSavedForm(browser, refused)
    provider.user = 'bob'
    const thief = newBrowser()
    await thief.open(`${publicUrl}/page`)
    for (const response of [await thief.open(page.url), await post(thief, page.url, form)]) {
      const html = await response.text()
      expect([response.status, html]).toEqual([403, expect.stringContaining('This form was not sent')])
      expect(html).not.toContain(secret)
    }
    // It is still there for its user.
    expect(await store.readForm(kept[0]?.key ?? '', Date.now())).toBeDefined()
    expect((await page.send()).status).toBe(307)
  })

  it('are sent once, however often and fast the button is clicked', async () => {
    const { browser } = await open()
    const page = await readSavedForm(browser, await post(browser, url, form))
    // Looking at the page sends nothing.
    for (const method of ['GET', 'HEAD']) expect((await browser.send(page.url, { method })).status).toBe(200)
    const responses = await Promise.all(Array.from({ length: 10 }, () => page.send()))
    expect(responses.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      307,
      ...Array<number>(9).fill(410),
    ])
    expect(responses.find(({ status }) => status === 307)?.headers.get('location')).toBe(url)
  })

  it('are not sent by another site', async () => {
    const { browser } = await open()
    const page = await readSavedForm(browser, await post(browser, url, form))
    for (const site of ['cross-site', 'same-site', 'none'])
      expect((await page.send({ 'sec-fetch-site': site })).status).toBe(403)
    expect((await page.send()).status).toBe(307)
  })

  it('survive that the session ends again before they are sent', async () => {
    const { browser, endSession, clock } = await open()
    const page = await readSavedForm(browser, await post(browser, url, form))
    await endSession()
    clock.forward(60)
    const response = await page.send()
    expect([response.status, response.headers.get('location')]).toEqual([303, page.url])
    expect((await browser.open(page.url)).status).toBe(200)
    expect((await page.send()).status).toBe(307)
  })

  it('survive a login that the user cancels, and a reload', async () => {
    const { browser } = await open()
    const refused = await post(browser, url, form)
    provider.onLogin = (answer) => {
      answer.delete('code')
      answer.set('error', 'access_denied')
    }
    const cancelled = await (await browser.open(refused.headers.get('location') ?? '')).text()
    const [, link = ''] = /href="([^"]*\/auth\/login[^"]*)"/.exec(cancelled) ?? []
    provider.reset()
    const page = await browser.open(link.replaceAll('&amp;', '&'))
    expect([page.status, browser.visited.at(-1)]).toEqual([200, expect.stringContaining('/auth/form?id=')])
    expect((await browser.open(browser.visited.at(-1) ?? '')).status).toBe(200)
  })

  it('survive an endless login, which ends on a page', async () => {
    const { browser, store, kept } = await open()
    store.read = async () => undefined
    const refused = await post(browser, url, form)
    const page = await browser.open(refused.headers.get('location') ?? '')
    expect([page.status, kept.length]).toEqual([503, 1])
    expect(await page.text()).toContain('You were signed out again')
  })

  it('are escaped on the page', async () => {
    const { browser } = await open()
    const fields = { '"><script>': `'"></form><script>alert(1)</script>`, _charset_: 'x' }
    const page = await readSavedForm(browser, await post(browser, url, new URLSearchParams(fields)))
    expect(page.fields).toEqual(Object.entries(fields))
    expect(page.html).not.toContain('<script')
  })

  it.each(['', 'x', '../x', 'x'.repeat(43)])('refuse the unknown id %j', async (id) => {
    const { browser } = await open()
    await browser.open(`${publicUrl}/page`)
    const address = `${publicUrl}/auth/form?id=${encodeURIComponent(id)}`
    expect((await browser.open(address)).status).toBe(410)
    expect((await post(browser, address, form)).status).toBe(410)
  })

  it('are off with saveForms: false, and without such a store', async () => {
    for (const saveForms of [false, undefined]) {
      const { saveForm: _, readForm: __, takeForm: ___, ...old } = memorySessionStore()
      const store = saveForms === false ? memorySessionStore() : (old as SessionStore)
      const service = setup(provider, { store, saveForms })
      const browser = new Browser({ [publicUrl]: toApp(service.sessions) })
      await browser.open(`${publicUrl}/page`)
      expect([...browser.cookies(host).keys()]).not.toContain(`${sessionCookie}_user`)
      await store.remove(sha256(browser.cookies(host).get(sessionCookie) ?? ''))
      expect((await post(browser, url, form)).status).toBe(401)
    }
  })

  it('with multipart only if the option says so', async () => {
    const { browser, kept } = await open({ saveForms: 'multipart' })
    const type = { 'content-type': 'multipart/form-data; boundary=x' }
    expect((await post(browser, url, '', type)).status).toBe(303)
    expect(kept).toHaveLength(1)
  })

  it('are not lost in silence while the store is down', async () => {
    const { browser, store } = await open()
    store.saveForm = async () => {
      throw new CloakwrightError('CW_STATE_UNAVAILABLE', 'down', { retryAfter: 1 })
    }
    await expect(post(browser, url, form)).rejects.toMatchObject({ code: 'CW_STATE_UNAVAILABLE' })
  })
})

describe.each(stores)('a form in $name', ({ open }) => {
  it('is sent once by two replicas', async () => {
    const provider = await startProvider()
    const { store, close } = await open()
    const keys = [{ id: 'k1', key: new Uint8Array(32).fill(7) }]
    const replicas = [1, 2].map(() => toApp(setup(provider, { store, keys }).sessions))
    let turn = 0
    const browser = new Browser({
      [publicUrl]: (request) => (replicas[turn++ % 2] as ReturnType<typeof toApp>)(request),
    })
    await browser.open(`${publicUrl}/page`)
    await store.remove(sha256(browser.cookies(host).get(sessionCookie) ?? ''))
    const page = await readSavedForm(browser, await post(browser, url, form))
    const statuses = (await Promise.all(Array.from({ length: 6 }, () => page.send()))).map(
      ({ status }) => status,
    )
    expect(statuses.filter((status) => status === 307)).toHaveLength(1)
    await closeEngines(provider)
    await provider.close()
    await close()
  })
})
