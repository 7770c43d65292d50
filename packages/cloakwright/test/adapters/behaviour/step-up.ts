import { expect, test } from 'vitest'
import type { Browser } from '../../session/support/browser.ts'
import { host, publicUrl, sessionCookie } from '../../session/support/setup.ts'
import type { Driver } from '../drivers/types.ts'
import { bearer, form } from './client.ts'
import { useSessions } from './session-world.ts'

const navigation = ['accept', 'text/html'] as const

/** Step-up with sessions, in every adapter: a browser signs in again as a route needs, and comes back. */
export function testStepUp(driver: Driver): void {
  const world = useSessions(driver)

  const signIn = async (): Promise<Browser> => {
    world.provider.levels = ['gold']
    const browser = world.newBrowser()
    await browser.open(`${publicUrl}/me`)
    return browser
  }
  const cookieOf = (browser: Browser): string => browser.cookies(host).get(sessionCookie) ?? ''
  const cookie = (value: string) => ['cookie', `${sessionCookie}=${value}`] as const
  /** The requests to the realm's login, in order. */
  const logins = ({ visited }: Browser): URLSearchParams[] =>
    visited
      .filter((url) => url.startsWith(`${world.provider.issuer}/auth?`))
      .map((url) => new URL(url).searchParams)
  /** Claims of the next login only. */
  const signedInAgo = (seconds: number): void => {
    world.provider.onIdToken = (claims) => {
      claims['auth_time'] = Math.floor(Date.now() / 1000) - seconds
      world.provider.onIdToken = () => {}
    }
  }

  test('a page that needs a level is shown after a login with that level', async () => {
    const browser = await signIn()
    const before = cookieOf(browser)
    const response = await browser.open(`${publicUrl}/gold?tab=2`)
    expect([response.status, await response.json()]).toEqual([200, { user: 'sub-alice' }])
    expect(logins(browser).map((login) => login.get('acr_values'))).toEqual(['gold platinum'])
    expect(browser.visited.at(-1)).toBe(`${publicUrl}/gold?tab=2`)
    // A new id at the change of privileges: the old one is no session any more. Other tabs share the new cookie.
    expect(cookieOf(browser)).not.toBe(before)
    expect((await world.send('/me', { fields: [cookie(before)] })).status).toBe(401)
    expect((await world.send('/me', { fields: [cookie(cookieOf(browser))] })).status).toBe(200)
  })

  test('a page that needs a recent login is shown after a new one', async () => {
    signedInAgo(301)
    const browser = await signIn()
    expect((await browser.open(`${publicUrl}/recent`)).status).toBe(200)
    const [login, second] = logins(browser)
    expect([login?.get('max_age'), second]).toEqual(['300', undefined])
  })

  test('a more recent login keeps the level', async () => {
    const browser = await signIn()
    signedInAgo(301)
    await browser.open(`${publicUrl}/gold`)
    expect((await browser.open(`${publicUrl}/recent`)).status).toBe(200)
    expect(logins(browser).map((login) => login.get('acr_values'))).toEqual(['gold'])
    expect((await browser.open(`${publicUrl}/gold`)).status).toBe(200)
    expect(logins(browser)).toEqual([])
  })

  test.each([
    ['a fetch', 'GET', [['accept', '*/*']]],
    ['a script', 'GET', [navigation, ['x-requested-with', 'XMLHttpRequest']]],
    ['a form that cannot be saved', 'POST', [navigation, form, ['origin', publicUrl]]],
  ] as const)('%s gets a 401 that says where to step up', async (_what, method, fields) => {
    const browser = await signIn()
    const page = ['referer', `${publicUrl}/orders?page=2`] as const
    const response = await world.send('/gold', {
      method,
      fields: [cookie(cookieOf(browser)), page, ...fields],
      ...(method === 'POST' ? { body: '' } : {}),
    })
    expect(response.json()).toMatchObject({ status: 401, code: 'CW_STEP_UP_REQUIRED' })
    expect(response.headers['www-authenticate']).toMatch(
      /error="insufficient_user_authentication",.* acr_values="gold platinum"/,
    )
    const { login } = response.json() as { login: string }
    expect(login).toBe('/auth/login?returnTo=%2Forders%3Fpage%3D2&acr_values=gold%20platinum')
    await browser.open(publicUrl + login, `${publicUrl}/orders`)
    expect((await browser.open(`${publicUrl}/gold`)).status).toBe(200)
    expect(logins(browser)).toEqual([])
  })

  test('a bearer token gets the challenge, and no login', async () => {
    const browser = await signIn()
    const iat = Math.floor(Date.now() / 1000)
    const claims = { iss: world.provider.issuer, aud: 'app', typ: 'Bearer', sub: 's', iat, exp: iat + 60 }
    const token = await world.provider.sign({ ...claims, acr: '1' }, { typ: 'JWT' })
    const response = await world.send('/gold', {
      fields: [bearer(token), navigation, cookie(cookieOf(browser))],
    })
    expect(response.json()).toMatchObject({ status: 401, code: 'CW_STEP_UP_REQUIRED' })
    expect(response.json()).not.toHaveProperty('login')
  })

  test.each(['/gold?x=1', '/recent?x=1'])(
    'a realm that does not do what %s needs: a page, never an endless redirect',
    async (path) => {
      const browser = await signIn()
      world.provider.levels = []
      world.provider.onIdToken = (claims) => {
        claims['auth_time'] = Math.floor(Date.now() / 1000) - 301
      }
      await browser.open(`${publicUrl}/auth/login?prompt=login`)
      const page = await browser.open(publicUrl + path)
      expect([page.status, logins(browser).length]).toEqual([403, 1])
      const html = await page.text()
      expect(html).toContain('<h1>Please sign in again</h1>')
      // The user is still signed in, and may try again: that asks for a new sign-in.
      expect((await browser.open(`${publicUrl}/me`)).status).toBe(200)
      const [, link = ''] = /href="([^"]*)"/.exec(html) ?? []
      world.provider.reset()
      world.provider.levels = ['gold']
      await browser.open(new URL(link.replaceAll('&amp;', '&'), publicUrl).href, publicUrl + path)
      expect(logins(browser).map((login) => login.get('prompt'))).toEqual(['login'])
    },
  )

  test('a login that is not completed leaves the session as it was', async () => {
    const browser = await signIn()
    world.provider.onLogin = (answer) => {
      answer.delete('code')
      answer.set('error', 'access_denied')
    }
    const page = await browser.open(`${publicUrl}/gold`)
    expect([page.status, await page.text()]).toEqual([403, expect.stringContaining('Please sign in again')])
    expect((await browser.open(`${publicUrl}/me`)).status).toBe(200)
  })

  test('another user who signs in at the step-up inherits nothing', async () => {
    const browser = await signIn()
    const before = cookieOf(browser)
    world.provider.user = 'bob'
    world.provider.levels = []
    const page = await browser.open(`${publicUrl}/gold`)
    expect(page.status).toBe(403)
    expect(await (await browser.open(`${publicUrl}/me`)).json()).toEqual({ user: 'sub-bob' })
    expect((await world.send('/me', { fields: [cookie(before)] })).status).toBe(401)
  })
}
