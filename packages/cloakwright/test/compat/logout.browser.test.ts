import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type GuideRealms, openRealms } from '../guides/support/programs.ts'
import { startChromium } from '../support/chromium.ts'
import { closePages, openPages } from './support/pages.ts'

// The logout link of the old adapter decides by headers that only a real browser sends.

let realms: GuideRealms
let browser: Browser
let page: Page
let origin: string
beforeAll(async () => {
  ;[realms, browser] = await Promise.all([openRealms(), startChromium()])
})
afterAll(async () => {
  await browser?.close()
  await realms?.close()
})
beforeEach(async () => {
  const opened = await openPages(realms)
  ;({ origin } = opened)
  opened.app.get('/idle', (_request, response) => {
    response.send("<script>location.href = '/logout'</script>")
  })
  page = await (await browser.newContext()).newPage()
  await page.goto(`${origin}/account`)
  await page.fill('#username', 'alice')
  await page.fill('#password', 'alice')
  await page.click('#kc-login')
  await page.waitForURL(`${origin}/account`)
  expect(await page.textContent('body')).toContain('alice')
})
afterEach(async () => {
  await page.context().close()
  await closePages()
})

async function isSignedIn(): Promise<boolean> {
  await page.goto(`${origin}/public`)
  return (await page.textContent('body'))?.includes('alice') === true
}

test('a click on a page of the app signs out at once', async () => {
  await page.goto(origin)
  await page.click('text=Sign out')
  await page.waitForURL(`${origin}/`)
  expect(await isSignedIn()).toBe(false)
  await page.goto(`${origin}/account`)
  expect(await page.isVisible('#kc-login')).toBe(true)
})

test('a script without a click, and a URL that the user types: the page asks, and its button signs out', async () => {
  await page.goto(`${origin}/idle`)
  await page.waitForURL(`${origin}/logout`)
  expect(await page.textContent('h1')).toBe('Sign out?')
  expect(await isSignedIn()).toBe(true)
  await page.goto(`${origin}/logout`)
  expect(await page.textContent('h1')).toBe('Sign out?')
  await page.click('#sign-out')
  await page.waitForURL(`${origin}/`)
  expect(await isSignedIn()).toBe(false)
})

test('images, frames and links of another site do not sign out', async () => {
  const evil = createServer((_request, response) => {
    const url = `${origin}/logout`
    response.setHeader('content-type', 'text/html')
    response.end(`<img src="${url}"><iframe src="${url}"></iframe><a href="${url}">Win</a>`)
  }).listen(0, '127.0.0.1')
  try {
    await once(evil, 'listening')
    await page.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`)
    await page.click('text=Win')
    expect(await page.textContent('h1')).toBe('Sign out?')
    expect(await isSignedIn()).toBe(true)
  } finally {
    evil.closeAllConnections()
    evil.close()
  }
})
