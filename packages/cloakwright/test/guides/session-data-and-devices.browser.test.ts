import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChromium } from '../support/chromium.ts'
import { type DevicesApp, openDevices } from './support/devices.ts'

let app: DevicesApp
let chromium: Browser
beforeAll(async () => {
  ;[app, chromium] = await Promise.all([openDevices(), startChromium()])
})
afterAll(async () => {
  await chromium?.close()
  await app?.close()
})

/** A browser of its own, signed in, on the page with the list. */
async function openList(userAgent?: string): Promise<Page> {
  const context = await chromium.newContext(userAgent === undefined ? {} : { userAgent })
  const page = await context.newPage()
  await page.goto(`${app.origin}/devices`)
  await page.fill('#username', 'alice')
  await page.fill('#password', 'alice')
  await page.click('#kc-login')
  await page.waitForURL(`${app.origin}/devices`)
  await page.waitForSelector('#devices li')
  return page
}

const listOf = (page: Page): Promise<string[]> => page.locator('#devices li').allTextContents()

test('a user sees three devices, ends one, then all others', async () => {
  const iphone =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1'
  const [phone, tablet] = [await openList(iphone), await openList()]
  const page = await openList()
  const items = await listOf(page)
  expect(items).toHaveLength(3)
  expect(items[0]).toMatch(/^Chrome, Linux, (?:127\.|::1).*\(this device\)$/)
  expect(items.filter((item) => item.startsWith('Safari, iPhone'))).toHaveLength(1)
  await page.locator('li', { hasText: 'iPhone' }).getByText('Sign out').click()
  await expect.poll(() => listOf(page)).toHaveLength(2)
  await phone.goto(`${app.origin}/devices`)
  expect(await phone.isVisible('#kc-login')).toBe(true)
  await page.click('#others')
  await expect.poll(() => listOf(page)).toHaveLength(1)
  await tablet.goto(`${app.origin}/devices`)
  expect(await tablet.isVisible('#password')).toBe(true)
})
