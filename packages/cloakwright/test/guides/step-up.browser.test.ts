import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { codeFor } from '../../../../conformance/src/totp.ts'
import { onKeycloak } from '../session/support/realm.ts'
import { startChromium } from '../support/chromium.ts'
import { openStepUpGuide, type StepUpGuide } from './support/step-up.ts'

// In Chromium, on the embedded realm or, with CONFORMANCE_SERVER, on a real Keycloak.

let guide: StepUpGuide
let origin: string
let browser: Browser
let page: Page
beforeAll(async () => {
  ;[guide, browser] = await Promise.all([openStepUpGuide(), startChromium()])
  ;({ origin } = guide)
})
afterAll(async () => {
  await browser?.close()
  await guide?.close()
})
beforeEach(async () => {
  page = await (await browser.newContext()).newPage()
})
afterEach(() => page.context().close())

async function logIn(username: string): Promise<void> {
  await page.waitForSelector('#password')
  // At a step-up, the realm knows the user already.
  if (await page.isVisible('#username')) await page.fill('#username', username)
  await page.fill('#password', username)
  await page.click('#kc-login')
}

async function open(path: string, username = 'alice'): Promise<void> {
  await page.goto(origin + path)
  await logIn(username)
  await page.waitForURL(origin + path)
}

async function sessionCookie(): Promise<string | undefined> {
  const cookies = await page.context().cookies(origin)
  return cookies.find(({ name }) => /^cloakwright_dev-[\w-]{8}$/.test(name))?.value
}

/** An administrator signs the user out: the realm ends the session here too, and the browser does not know it. */
async function endSession(username: string): Promise<void> {
  const found = await guide.realm.admin('GET', `/users?exact=true&username=${username}`)
  const [user] = (await found.json()) as { id: string }[]
  await guide.realm.admin('POST', `/users/${user?.id}/logout`)
  const isSignedIn = async (): Promise<number> => (await page.request.get(`${origin}/auth/session`)).status()
  await vi.waitFor(async () => expect(await isSignedIn()).toBe(401), 5_000)
}

test.runIf(onKeycloak)(
  'a route with a level: the browser steps up, and is back on the same page',
  async () => {
    await open('/account')
    expect(await page.textContent('body')).toBe('Hello alice')
    const before = await sessionCookie()
    const otherTab = await page.context().newPage()
    await otherTab.goto(`${origin}/account`)
    await page.goto(`${origin}/invoices?year=2026`)
    // No second password: only the second factor, which alice sets up now.
    const secret = await page.inputValue('#totpSecret')
    await page.fill('#totp', await codeFor(secret, -1))
    await page.fill('#userLabel', 'phone')
    await page.click('#saveTOTPBtn')
    await page.waitForURL(`${origin}/invoices?year=2026`)
    expect(await page.textContent('body')).toBe('All invoices')
    expect(await sessionCookie()).not.toBe(before)
    await otherTab.reload()
    expect(await otherTab.textContent('body')).toBe('Hello alice')

    await page.context().clearCookies()
    await page.goto(`${origin}/invoices`)
    await logIn('alice')
    await page.fill('#otp', await codeFor(secret))
    await page.click('#kc-login')
    await page.waitForURL(`${origin}/invoices`)
    expect(await page.textContent('body')).toBe('All invoices')
  },
)

test.skipIf(onKeycloak)('a realm without levels: a page, no endless redirect, and a way back', async () => {
  await open('/account')
  await page.goto(`${origin}/invoices`)
  expect(await page.textContent('h1')).toBe('Please sign in again')
  await page.click('a.first')
  await logIn('alice')
  expect(await page.textContent('h1')).toBe('Please sign in again')
  await page.goto(`${origin}/account`)
  expect(await page.textContent('body')).toBe('Hello alice')
})

test('a form that was sent after the session ended is sent after the login', async () => {
  await open('/prices')
  await page.fill('[name=tea]', '4 € & “more”')
  await endSession('alice')
  await page.click('#save')
  await logIn('alice')
  expect(await page.textContent('h1')).toBe('Send your form now?')
  await page.reload()
  await page.click('#send-form')
  await page.waitForURL(`${origin}/prices`)
  expect(await page.textContent('body')).toBe('Tea costs 4 € & “more”')
  await page.goBack()
  expect(await page.textContent('body')).toContain('This form can no longer be sent')
})

test('a form is not sent for another user', async () => {
  await open('/prices')
  await page.fill('[name=tea]', '5')
  await endSession('alice')
  await page.click('#save')
  await logIn('bob')
  expect(await page.textContent('h1')).toBe('This form was not sent')
  expect(await page.content()).not.toContain('name="tea"')
  await page.goto(`${origin}/account`)
  expect(await page.textContent('body')).toBe('Hello bob')
})
