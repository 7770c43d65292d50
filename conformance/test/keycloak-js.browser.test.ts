import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { startChromium } from '../../packages/cloakwright/test/support/chromium.ts'
import { openRealm, type TestRealm } from '../src/realm.ts'

/** keycloak-js as published, in a page that shows what it does in the element `out`. */
const library = readFileSync(fileURLToPath(import.meta.resolve('keycloak-js')), 'utf8')
const page = (server: string, realm: string, options: string) => `<!doctype html>
<title>Application</title><pre id="out">starting</pre>
<script type="module">
import Keycloak from '/keycloak.js'
const keycloak = new Keycloak({ url: '${server}', realm: '${realm}', clientId: 'spa' })
const show = (text) => { document.getElementById('out').textContent = text }
const who = () => (keycloak.authenticated ? 'signed in: ' + keycloak.tokenParsed.preferred_username : 'signed out')
keycloak.onAuthLogout = () => show('logged out elsewhere')
window.keycloak = keycloak
try {
  await keycloak.init({ checkLoginIframeInterval: 1, ...(${options}) })
  show(who())
} catch (error) {
  show('failed: ' + (error?.message ?? JSON.stringify(error)))
}
</script>`

let realm: TestRealm
let browser: Browser
let web: Server
let origin: string
let context: BrowserContext

beforeAll(async () => {
  realm = await openRealm()
  web = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    response.setHeader('content-type', pathname.endsWith('.js') ? 'text/javascript' : 'text/html')
    if (pathname === '/keycloak.js') response.end(library)
    else if (pathname === '/silent.html')
      response.end('<script>parent.postMessage(location.href, location.origin)</script>')
    else response.end(page(realm.target.server, realm.name, searchParams.get('options') ?? '{}'))
  })
  await new Promise<void>((resolve) => web.listen(0, 'localhost', resolve))
  origin = `http://localhost:${(web.address() as AddressInfo).port}`
  await realm.addClient({
    clientId: 'spa',
    publicClient: true,
    redirectUris: [`${origin}/*`],
    webOrigins: ['+'],
    attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': '+' },
  })
  await realm.addUser('alice')
  browser = await startChromium()
})
afterAll(async () => {
  await browser?.close()
  web?.close()
  web?.closeAllConnections()
  await realm?.close()
})
beforeEach(async () => {
  context = await browser.newContext()
})
afterEach(() => context.close())

async function open(options: string): Promise<Page> {
  const tab = await context.newPage()
  await tab.goto(`${origin}/?options=${encodeURIComponent(options)}`)
  return tab
}

const shows = async (tab: Page, text: string): Promise<void> =>
  await tab.locator('#out', { hasText: text }).waitFor()

async function signIn(tab: Page): Promise<void> {
  await tab.fill('#username', 'alice')
  await tab.fill('#password', 'alice')
  await tab.click('#kc-login')
  await shows(tab, 'signed in: alice')
}

const silent = "{ onLoad: 'check-sso', silentCheckSsoRedirectUri: location.origin + '/silent.html' }"

it.each([
  ['its defaults', '{}'],
  ['check-sso', "{ onLoad: 'check-sso' }"],
  ['a silent check', silent],
  ['no session iframe', "{ onLoad: 'check-sso', checkLoginIframe: false }"],
])('starts signed out with %s', async (_, options) => {
  await shows(await open(options), 'signed out')
})

it('signs in, refreshes, finds the session in a second tab, and logs out', async () => {
  const tab = await open("{ onLoad: 'login-required' }")
  await signIn(tab)
  const before = await tab.evaluate('keycloak.token')
  expect(await tab.evaluate('keycloak.updateToken(-1)')).toBe(true)
  expect(await tab.evaluate('keycloak.token')).not.toBe(before)
  await shows(await open(silent), 'signed in: alice')
  await shows(await open("{ onLoad: 'check-sso' }"), 'signed in: alice')
  await tab.evaluate('void keycloak.logout({ redirectUri: location.origin + "/" })')
  await shows(tab, 'signed out')
  await shows(await open(silent), 'signed out')
})

it('hears through the session iframe that the user has logged out in another tab', async () => {
  const tab = await open("{ onLoad: 'login-required' }")
  await signIn(tab)
  const other = await open(silent)
  await shows(other, 'signed in: alice')
  await tab.evaluate('void keycloak.logout({ redirectUri: location.origin + "/" })')
  await shows(other, 'logged out elsewhere')
  await shows(tab, 'signed out')
})
