import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChromium } from '../support/chromium.ts'
import { openSinglePageApp, type SinglePageApp } from './support/single-page-app.ts'

let app: SinglePageApp
let browser: Browser
beforeAll(async () => {
  ;[app, browser] = await Promise.all([openSinglePageApp(), startChromium()])
})
afterAll(async () => {
  await browser?.close()
  await app?.close()
})

const text = async (tab: Page, id: string, expected: string): Promise<void> =>
  await tab.locator(id, { hasText: expected }).waitFor()

test('the page signs in, orders, hears news, and sees a logout in another tab', async () => {
  const context = await browser.newContext()
  const tab = await context.newPage()
  await tab.goto(app.origin)
  await text(tab, '#user', 'Welcome')
  await tab.click('#login')
  await tab.fill('#username', 'alice')
  await tab.fill('#password', 'alice')
  await tab.click('#kc-login')
  await text(tab, '#user', 'Hello alice')
  await text(tab, '#news', 'Fresh tea for alice')
  await tab.click('#order')
  await text(tab, '#orders', 'Orders: 1')

  const other = await context.newPage()
  await other.goto(app.origin)
  await text(other, '#news', 'Fresh tea for alice')
  await tab.click('#logout')
  await text(other, '#user', 'Welcome')
  expect(await other.isVisible('#shop')).toBe(false)
  await other.waitForFunction("document.getElementById('news').textContent === 'Session ended'")
  await text(tab, '#user', 'Welcome')
  await context.close()
})
