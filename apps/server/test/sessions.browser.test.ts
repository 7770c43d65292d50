import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { codeFor } from '../../../conformance/src/totp.ts'
import { startChromium } from './support/chromium.ts'
import { keycloakAdmin, startServer, type TestServer } from './support/environment.ts'

let server: TestServer
let browser: Browser
let context: BrowserContext

beforeAll(async () => {
  browser = await startChromium()
  server = await startServer()
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})
beforeEach(async () => {
  context = await browser.newContext()
})
afterEach(() => context.close())

async function logIn(page: Page, username: string): Promise<void> {
  await page.fill('#username', username)
  await page.fill('#password', username)
  await page.click('#kc-login')
}

/** Opens a protected page in a new tab. */
async function openTab(path: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(server.url + path)
  return page
}

async function showsAlice(page: Page, path: string): Promise<void> {
  await page.waitForURL(server.url + path)
  expect(await page.textContent('body')).toContain('Hello alice')
}

describe('sessions in a browser', () => {
  it.each([
    ['the tab that was opened first', 0, 1],
    ['the tab that was opened last', 1, 0],
  ])(
    'two tabs sign in, first in %s: each shows the page that it was opened with',
    async (_, first, second) => {
      const paths = ['/secure-data?tab=1', '/secure-data?tab=2']
      const tabs = [await openTab(paths[0] ?? ''), await openTab(paths[1] ?? '')]
      for (const tab of tabs) await tab.waitForSelector('#kc-form-login')
      const [early, late] = [tabs[first], tabs[second]] as [Page, Page]
      await logIn(early, 'alice')
      await showsAlice(early, paths[first] ?? '')
      // Keycloak's page notices the other login by itself; else the user continues with the form.
      const continued = late.waitForURL(`${server.url}/**`, { timeout: 30_000 })
      await logIn(late, 'alice').catch(() => {})
      await continued
      await late.goto(server.url + (paths[second] ?? ''))
      await showsAlice(late, paths[second] ?? '')
    },
  )

  it('the back button after a login never ends in an error', async () => {
    const page = await openTab('/secure-data')
    await page.waitForSelector('#kc-form-login')
    await logIn(page, 'alice')
    await showsAlice(page, '/secure-data')
    await page.goBack()
    expect(await page.textContent('body')).not.toMatch(/no longer valid|went wrong|failed/i)
    await page.goto(`${server.url}/secure-data`)
    await showsAlice(page, '/secure-data')
  })

  it('a logout in one tab signs the other out', async () => {
    const one = await openTab('/secure-data')
    await one.waitForSelector('#kc-form-login')
    await logIn(one, 'alice')
    await showsAlice(one, '/secure-data')
    const two = await openTab('/secure-data')
    await showsAlice(two, '/secure-data')
    await one.goto(server.url)
    await one.click('text=Sign out')
    await one.waitForURL(`${server.url}/`)
    expect((await context.request.get(`${server.url}/auth/session`)).status()).toBe(401)
    await two.reload()
    await two.waitForSelector('#kc-form-login')
  })

  it('a user sets up an authenticator app, and signs in with its code', async () => {
    const { client } = keycloakAdmin(server.config)
    client.setConfig({ realmName: server.config.keycloak.realm })
    await client.users.create({
      username: 'carol',
      enabled: true,
      email: 'carol@example.com',
      firstName: 'Carol',
      lastName: 'Example',
      requiredActions: ['CONFIGURE_TOTP'],
      credentials: [{ type: 'password', value: 'carol', temporary: false }],
    })
    const page = await openTab('/secure-data')
    await logIn(page, 'carol')
    await page.waitForSelector('#totp')
    const secret = await page.inputValue('#totpSecret')
    await page.fill('#totp', await codeFor(secret, -1))
    await page.fill('#userLabel', 'phone')
    await page.click('#saveTOTPBtn')
    await page.waitForURL(`${server.url}/secure-data`)
    expect(await page.textContent('body')).toContain('Hello carol')

    await context.clearCookies()
    await page.goto(`${server.url}/secure-data`)
    await logIn(page, 'carol')
    await page.waitForSelector('#otp')
    await page.fill('#otp', '000000')
    await page.click('#kc-login')
    await page.waitForSelector('#otp')
    await page.fill('#otp', await codeFor(secret))
    await page.click('#kc-login')
    await page.waitForURL(`${server.url}/secure-data`)
    expect(await page.textContent('body')).toContain('Hello carol')
  })
})
