import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startChromium } from './support/chromium.ts'
import { startServer, type TestServer } from './support/environment.ts'

/** The folder for screenshots, for the README and for failed tests. */
const pictures = join(import.meta.dirname, '../../../.cache/screenshots')

let server: TestServer
let browser: Browser
let context: BrowserContext
let page: Page

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true })
  browser = await startChromium()
  // The name that the screenshots show.
  server = await startServer({ KEYCLOAK_REALM: 'cloakwright' })
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
})

beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
})

afterEach(async () => {
  await context.close()
})

async function picture(name: string): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
}

/** Fills in Keycloak's own login form. */
async function logIn(username: string): Promise<void> {
  await page.fill('#username', username)
  await page.fill('#password', username)
  await page.click('#kc-login')
}

describe('in a browser', () => {
  it.each(['light', 'dark'] as const)('bob sees in %s why he may not open a page', async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(`${page.url()} ${message.text()}`))
    await page.goto(`${server.url}/admin-data`)
    await logIn('bob')
    await page.waitForURL(`${server.url}/admin-data`)
    expect(await page.textContent('h1')).toBe('No access')
    const paper = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'))
    const [red = 0] = paper.match(/\d+/g) ?? []
    expect(Number(red) > 128).toBe(colorScheme === 'light')
    // Chromium reports each style that the policy forbids.
    expect(complaints.filter((text) => text.startsWith(server.url) && text.includes('Policy'))).toEqual([])
    await picture(`page-no-access-${colorScheme}`)
    await page.click('text=Sign out')
    expect(await page.textContent('h1')).toBe('Sign out?')
    await page.click('button')
    await page.waitForURL(`${server.url}/`)
    expect(await page.textContent('h2')).toBe('You are not signed in')
  })

  it('alice signs in from the page, sees the protected data, signs out, and must sign in again', async () => {
    await page.goto(server.url)
    await picture('signed-out')
    await page.click('text=Sign in')
    await page.waitForSelector('#kc-form-login')
    await picture('login')
    await logIn('alice')
    await page.waitForURL(`${server.url}/`)
    expect(await page.textContent('body')).toContain('alice')
    await picture('signed-in')

    await page.goto(`${server.url}/secure-data`)
    expect(await page.textContent('body')).toContain('Hello alice, secure content here!')
    await picture('secure-data')

    await page.goBack()
    await page.click('text=Sign out')
    await page.waitForURL(`${server.url}/`)
    expect(await page.textContent('body')).toContain('Sign in')

    await page.goto(`${server.url}/secure-data`)
    await page.waitForSelector('#kc-form-login')
    await logIn('alice')
    await page.waitForURL(`${server.url}/secure-data`)
    expect(await page.textContent('body')).toContain('Hello alice, secure content here!')
  })

  it('a wrong password shows an error on the login page', async () => {
    await page.goto(`${server.url}/secure-data`)
    await page.fill('#username', 'alice')
    await page.fill('#password', 'wrong')
    await page.click('#kc-login')
    await page.waitForSelector('text=Invalid username or password')
    expect(await page.inputValue('#username')).toBe('alice')
  })

  it('no script can read the session, and the cookie is only sent from the same site', async () => {
    await page.goto(`${server.url}/auth/login`)
    await logIn('alice')
    await page.waitForURL(`${server.url}/`)
    expect(await page.evaluate('document.cookie')).toBe('')
    const cookies = await context.cookies(server.url)
    expect(cookies.filter(({ name }) => /^cloakwright_dev-[\w-]{8}$/.test(name))).toHaveLength(1)
    for (const { name, httpOnly, sameSite } of cookies.filter((one) => one.name.startsWith('cloakwright')))
      expect({ name, httpOnly, sameSite }).toEqual({ name, httpOnly: true, sameSite: 'Lax' })
  })

  it('the API page signs in, reads and writes with the session', async () => {
    await page.goto(`${server.url}/docs`)
    await page.click('.sign-in a')
    await logIn('alice')
    await page.waitForURL(`${server.url}/docs`)
    await page.waitForSelector('text=Signed in as alice')
    await picture('docs')

    expect(await tryOut('/secure-data')).toContain('Hello alice, secure content here!')
    const note = JSON.stringify({ title: 'From the docs', body: 'With the session' })
    expect(await tryOut('/notes', 'post', note)).toContain('From the docs')
  })
})

/** Runs an operation on the API page, and returns the displayed response. */
async function tryOut(path: string, method = 'get', body?: string): Promise<string> {
  const operation = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) })
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('.try-out__btn').click()
  if (body !== undefined) await operation.locator('textarea').fill(body)
  await operation.locator('.execute').click()
  return await operation
    .locator('.live-responses-table .response .response-col_description')
    .first()
    .innerText()
}
