import { afterAll, beforeAll, expect, test } from 'vitest'
import { errorsOf } from '../support/compiler.ts'
import { openSignedIn, projectOf } from './support/programs.ts'
import { openSinglePageApp, type SinglePageApp } from './support/single-page-app.ts'

// Without a browser; single-page-app.browser.test.ts has the page.

let app: SinglePageApp
beforeAll(async () => {
  app = await openSinglePageApp()
})
afterAll(() => app?.close())

const order = { method: 'POST', headers: { 'x-csrf': '1', 'sec-fetch-site': 'same-origin' } }

test('the API gets the token of each user, and nobody else gets there', async () => {
  const { browser } = await openSignedIn(`${app.origin}/auth/login`, 'alice')
  const { browser: bobs } = await openSignedIn(`${app.origin}/auth/login`, 'bob')
  const send = async (from: typeof browser, init: RequestInit = order): Promise<unknown> =>
    await (await from.send(`${app.origin}/api/orders`, init)).json()
  expect([await send(browser), await send(browser), await send(bobs)]).toEqual([
    { orders: 1 },
    { orders: 2 },
    { orders: 1 },
  ])
  expect(await send(browser, { method: 'POST' })).toMatchObject({ code: 'CW_SESSION_ORIGIN' })
  const refused = await fetch(`${app.origin}/api/orders`, order)
  expect([refused.status, (await fetch(`${app.api}/orders`, order)).status]).toEqual([401, 401])
})

test('the page and its module are served', async () => {
  const texts = ['/', '/page.js', '/cloakwright.js'].map(async (path) => {
    const response = await fetch(app.origin + path)
    return `${response.headers.get('content-type')} ${await response.text()}`
  })
  const [page, script, module] = await Promise.all(texts)
  expect(page).toMatch(/^text\/html.*<script type="module" src="\/page.js">/s)
  expect(script).toMatch(/^text\/javascript.*'\/cloakwright.js'/s)
  expect(module).toMatch(/^text\/javascript.*export function createBrowserSession/s)
})

// React is not installed here: the hook is compiled against the types of the two functions that it uses.
const react = `declare module 'react' {
  export function useState<T>(): [T | undefined, (next: T) => void]
  export function useEffect(effect: () => () => void, dependencies: readonly unknown[]): void
}`

test('the programs and the hook compile', () => {
  app.folder.write('react.d.ts', react)
  app.folder.write('tsconfig.json', projectOf({}, '../../../tsconfig.tests.json'))
  expect(errorsOf(app.folder.path)).toBe('')
})
