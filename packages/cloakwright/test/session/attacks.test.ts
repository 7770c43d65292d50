import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser } from './support/browser.ts'
import {
  appUrl,
  type LoginRealm,
  onKeycloak,
  openLoginRealm,
  openService,
  signIn,
  toCallback,
} from './support/realm.ts'
import { stores } from './support/stores.ts'

/** The attacks on a login, on the embedded realm or a real Keycloak. Those that need a realm that lies are in callback.test.ts. */
const shared = stores.filter(({ name }) => name !== 'memory')

describe.each(shared)(
  `attacks on a login at ${onKeycloak ? 'Keycloak' : 'the embedded realm'}, with $name`,
  ({ open }) => {
    let realm: LoginRealm
    let service: ReturnType<typeof openService>
    let name: string
    let closeStore: () => Promise<void>
    beforeAll(async () => {
      realm = await openLoginRealm()
      const opened = await open()
      closeStore = opened.close
      service = openService(realm, { store: opened.store })
      name = service.sessions.cookieName
    })
    afterAll(async () => {
      await service.sessions.close()
      await closeStore()
      await realm.close()
    })

    const userOf = async (browser: Browser): Promise<string | undefined> => {
      const response = await browser.send(`${appUrl}/auth/session`)
      return response.status === 200 ? ((await response.json()) as { username: string }).username : undefined
    }
    const changed = (url: string, change: (parameters: URLSearchParams) => void): string => {
      const next = new URL(url)
      change(next.searchParams)
      return next.href
    }

    it.each<[string, (parameters: URLSearchParams) => void, number]>([
      ['no state', (answer) => answer.delete('state'), 302],
      ['a wrong state', (answer) => answer.set('state', 'x'.repeat(43)), 400],
      ['a changed state', (answer) => answer.set('state', `${answer.get('state')}`.replace('.', '.A')), 302],
      [
        'a changed count of retries',
        (answer) => answer.set('state', `${answer.get('state')}`.replace(/0$/, '1')),
        400,
      ],
      ['no iss', (answer) => answer.delete('iss'), 400],
      ['a wrong iss', (answer) => answer.set('iss', 'https://evil.example'), 400],
      ['another code', (answer) => answer.set('code', 'x'), 400],
      ['two codes', (answer) => answer.append('code', 'x'), 400],
      ['an error instead of a code', (answer) => answer.set('error', 'access_denied'), 400],
    ])('no session from a response with %s', async (_, change, status) => {
      const browser = service.newBrowser()
      const answer = changed(await toCallback(browser, 'alice', `${appUrl}/page`), change)
      const response = await browser.send(answer)
      expect(response.status).toBe(status)
      expect(browser.cookies('localhost').has(name)).toBe(false)
      if (status === 302) expect(response.headers.get('location')).toMatch(realm.issuer)
    })

    it('no session of the attacker in the browser of a victim who opens the attacker’s response', async () => {
      const [attacker, victim] = [service.newBrowser(), service.newBrowser()]
      const answer = await toCallback(attacker, 'robert', `${appUrl}/page`)
      const page = await victim.open(answer)
      expect(await page.text()).toContain('kc-form-login')
      expect(await userOf(victim)).toBeUndefined()
      await victim.open(`${appUrl}/page`)
      expect((await victim.send(answer)).headers.get('location')).toMatch(realm.issuer)
      expect(await userOf(victim)).toBeUndefined()
    })

    it('no login with a nonce of another one', async () => {
      const browser = service.newBrowser()
      const first = await browser.send(`${appUrl}/auth/login`)
      const second = await browser.send(`${appUrl}/auth/login`)
      const [one = '', other = ''] = [first, second].map((response) => response.headers.get('location') ?? '')
      const mixed = changed(one, (request) =>
        request.set('nonce', new URL(other).searchParams.get('nonce') ?? ''),
      )
      const response = await browser.send(await toCallback(browser, 'alice', mixed))
      expect(response.status).toBe(400)
      expect(await response.text()).toContain('CW_LOGIN_RESPONSE')
      expect(await userOf(browser)).toBeUndefined()
    })

    it('no login with the PKCE challenge of an attacker', async () => {
      const browser = service.newBrowser()
      const login = (await browser.send(`${appUrl}/auth/login`)).headers.get('location') ?? ''
      const planted = changed(login, (request) =>
        request.set('code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'),
      )
      const response = await browser.send(await toCallback(browser, 'alice', planted))
      expect(response.status).toBe(400)
      expect(await userOf(browser)).toBeUndefined()
    })

    it('one login for a response that is sent again, and its session lives on', async () => {
      const browser = service.newBrowser()
      const answer = await toCallback(browser, 'alice', `${appUrl}/page?x=1`)
      const pages = []
      for (let time = 0; time < 3; time++)
        pages.push(((await (await browser.open(answer)).json()) as { page: string }).page)
      expect(pages).toEqual(['/page?x=1', '/page?x=1', '/page?x=1'])
      expect(await service.sessions.refreshSession(requestOf(browser))).toMatchObject({
        sid: expect.any(String) as string,
      })
    })

    it('a page for an error of the realm, with its description in the log only', async () => {
      const browser = service.newBrowser()
      const login = (await browser.send(`${appUrl}/auth/login?returnTo=/page`)).headers.get('location') ?? ''
      const answer = await browser.open(
        changed(login, (request) => request.set('scope', 'openid unknown-scope')),
      )
      expect(answer.status).toBe(400)
      const html = await answer.text()
      expect(html).toContain('returnTo=%2Fpage')
      expect(html).not.toContain('unknown-scope')
      expect(service.errors.at(-1)?.message).toContain(
        'invalid_scope: “Invalid scopes: openid unknown-scope”',
      )
    })

    it('the live session for a stale response', async () => {
      const browser = service.newBrowser()
      const stale = await toCallback(browser, 'alice', `${appUrl}/old`)
      await browser.open(`${appUrl}/page`)
      const before = browser.cookies('localhost').get(name)
      const foreign = await toCallback(service.newBrowser(), 'robert', `${appUrl}/foreign`)
      for (const [url, page] of [
        [changed(stale, (answer) => answer.set('state', 'x')), '/'],
        [foreign, '/foreign'],
      ] as const)
        expect(await (await browser.open(url)).json()).toMatchObject({ page })
      expect(browser.cookies('localhost').get(name)).toBe(before)
      expect(await userOf(browser)).toBe('alice')
    })

    it.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 2, 0]]])('all of three tabs, in the order %j', async (order) => {
      const browser = service.newBrowser()
      const answers = []
      for (const path of ['/first', '/second', '/third']) {
        const login = await browser.send(appUrl + path, { headers: { accept: 'text/html' } })
        answers.push(login.headers.get('location') ?? '')
      }
      const pages = []
      for (const [turn, tab] of order.entries()) {
        const url = answers[tab] ?? ''
        const page = turn === 0 ? await signIn(browser, 'alice', url) : await browser.open(url)
        pages.push(((await page.json()) as { page: string }).page)
      }
      expect(pages).toEqual(order.map((tab) => ['/first', '/second', '/third'][tab]))
    })

    it('nothing of user A for user B in the same browser', async () => {
      const browser = service.newBrowser()
      await signIn(browser, 'alice')
      const before = browser.cookies('localhost').get(name) ?? ''
      const page = await browser.open(`${appUrl}/auth/login?prompt=login`)
      const html = await page.text()
      // At Keycloak, another user signs in after the first was signed out there.
      expect(html).toContain('kc-form-login')
      const other = service.newBrowser()
      for (const [cookie, value] of browser.cookies('localhost'))
        if (cookie.startsWith(name)) jarOf(other).set(cookie, value)
      await signIn(other, 'robert', `${appUrl}/auth/login`)
      expect(await userOf(other)).toBe('robert')
      expect(other.cookies('localhost').get(name)).not.toBe(before)
      const thief = service.newBrowser()
      jarOf(thief).set(name, before)
      expect(await userOf(thief)).toBeUndefined()
    })

    it('a new id for a planted session cookie', async () => {
      const browser = service.newBrowser()
      const planted = 'x'.repeat(43)
      jarOf(browser).set(name, planted)
      await signIn(browser, 'alice')
      expect(browser.cookies('localhost').get(name)).not.toBe(planted)
    })

    it.each([
      ['tampered', (value: string) => (value.startsWith('A') ? 'B' : 'A') + value.slice(1)],
      ['truncated', (value: string) => value.slice(0, 20)],
      ['much too long', (value: string) => value.repeat(50)],
      ['of the old kind', () => 's:abc.def'],
    ])('a fresh start for a cookie that is %s', async (_, change) => {
      const browser = service.newBrowser()
      await signIn(browser, 'alice')
      jarOf(browser).set(name, change(browser.cookies('localhost').get(name) ?? ''))
      expect((await browser.send(`${appUrl}/auth/session`)).status).toBe(401)
      expect(await (await browser.open(`${appUrl}/page`)).json()).toMatchObject({ page: '/page' })
    })

    it('401 and no redirect for a fetch', async () => {
      const response = await service
        .newBrowser()
        .send(`${appUrl}/page`, { headers: { accept: 'application/json' } })
      expect(response.status).toBe(401)
    })

    it('the page with the longest path to return to', async () => {
      const path = `/${'p'.repeat(1000)}?q=${'ü'.repeat(3)}`
      const page = await signIn(service.newBrowser(), 'alice', appUrl + path)
      expect(await page.json()).toMatchObject({
        page: new URL(path, appUrl).pathname + new URL(path, appUrl).search,
      })
    })

    const jarOf = (browser: Browser): Map<string, string> => {
      const jar = browser.jar.get('localhost') ?? new Map<string, string>()
      browser.jar.set('localhost', jar)
      return jar
    }
    const requestOf = (browser: Browser): Request =>
      new Request(appUrl, {
        headers: { cookie: Array.from(browser.cookies('localhost'), (pair) => pair.join('=')).join('; ') },
      })
  },
)
