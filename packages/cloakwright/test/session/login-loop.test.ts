import { memorySessionStore, type SessionStore } from 'cloakwright/state'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/sealing.ts'
import { Browser } from './support/browser.ts'
import { startProvider, type TestProvider } from './support/provider.ts'
import { host, publicUrl, sessionCookie, setup } from './support/setup.ts'

/** A login that succeeds and leads nowhere must end on a page: browsers give up after 20 redirects. */
describe('a login that leads nowhere', () => {
  let provider: TestProvider
  beforeAll(async () => {
    provider = await startProvider()
  })
  beforeEach(() => provider.reset())
  afterAll(() => provider.close())

  /** A store that finds nothing, as if another replica had its own. */
  const forgetful = (): SessionStore => ({ ...memorySessionStore(), read: async () => undefined })

  it('ends on a page with a link to sign in again', async () => {
    const { errors, newBrowser } = setup(provider, { store: forgetful() })
    const browser = newBrowser()
    const response = await browser.open(`${publicUrl}/page?x=1`)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await response.text()).toContain(`href="${publicUrl}/auth/login?returnTo=%2Fpage%3Fx%3D1"`)
    expect(errors).toMatchObject([{ code: 'CW_LOGIN_LOOP', hint: expect.stringContaining('store') }])
    expect(browser.visited).toHaveLength(7)
  })

  it('works again from that link once sessions are found', async () => {
    const store = memorySessionStore()
    let isShared = false
    const sometimes: SessionStore = {
      ...store,
      read: async (key) => (isShared ? store.read(key) : undefined),
    }
    const browser = setup(provider, { store: sometimes }).newBrowser()
    expect((await browser.open(`${publicUrl}/page`)).status).toBe(503)
    isShared = true
    const page = await browser.open(`${publicUrl}/auth/login?returnTo=/page`)
    expect(await page.json()).toMatchObject({ page: '/page', session: { subject: 'sub-alice' } })
  })

  it('signs in again at once for a session that ended right after its login', async () => {
    const store = memorySessionStore()
    const browser = await setup(provider, { store }).signIn()
    await store.remove(sha256(browser.cookies(host).get(sessionCookie) ?? ''))
    const page = await browser.open(`${publicUrl}/page`)
    expect(await page.json()).toMatchObject({ page: '/page', session: { subject: 'sub-alice' } })
  })

  it('signs in again without a page if the last login was a while ago, or after a sign-out', async () => {
    const { clock, newBrowser } = setup(provider, { store: forgetful() })
    const browser = newBrowser()
    await browser.open(`${publicUrl}/page`)
    const navigation = { headers: { accept: 'text/html' } }
    expect((await browser.send(`${publicUrl}/page`, navigation)).status).toBe(503)
    clock.forward(31)
    expect((await browser.send(`${publicUrl}/page`, navigation)).status).toBe(302)
    await browser.open(`${publicUrl}/page`)
    await browser.send(`${publicUrl}/auth/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
    })
    expect(browser.cookies(host).size).toBe(0)
    expect((await browser.send(`${publicUrl}/page`, navigation)).status).toBe(302)
  })

  it('ends on a page if two guards contradict each other, and works again later', async () => {
    const { sessions, clock } = setup(provider)
    let guards = 0
    const browser = new Browser({
      async [publicUrl](request) {
        const handled = await sessions.handle(request)
        if (handled !== undefined) return handled
        const session = await sessions.authenticate(request)
        const stepUp = session && { acrValues: guards++ % 2 === 0 ? 'silver' : 'gold' }
        return (await sessions.challenge(request, { stepUp })) ?? new Response(null, { status: 401 })
      },
    })
    const response = await browser.open(`${publicUrl}/page`)
    expect(response.status).toBe(403)
    const navigation = { headers: { accept: 'text/html' } }
    expect((await browser.send(`${publicUrl}/page`, navigation)).status).toBe(403)
    clock.forward(31)
    expect((await browser.send(`${publicUrl}/page`, navigation)).status).toBe(302)
  })
})
