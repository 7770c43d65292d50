import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../session/support/browser.ts'
import {
  blocksOf,
  type Folder,
  freeUrl,
  type GuideRealms,
  linesOf,
  openFolder,
  openLink,
  openRealms,
  openSignedIn,
  type Program,
  start,
} from './support/programs.ts'

// The app of the guide before and after the change, started as programs: the same assertions for both.

const guide = 'migrate-from-keycloak-connect.md'
const [config] = blocksOf(guide, 'json')
const apps = ['before.cjs', 'after.cjs'] as const
const codeOf = (name: string): string => blocksOf(guide, 'js').find(({ file }) => file === name)?.code ?? ''

interface App {
  readonly origin: string
  readonly issuer: string
  readonly program: Program
}

let folder: Folder
let realms: GuideRealms
let started: ReadonlyMap<string, App>
beforeAll(async () => {
  folder = openFolder()
  folder.write('keycloak.json', config?.code ?? '')
  realms = await openRealms()
  started = new Map(await Promise.all(apps.map(async (name) => [name, await startApp(name)] as const)))
})
afterAll(async () => {
  for (const { program } of started?.values() ?? []) await program.stop()
  await realms.close()
  folder.remove()
})

async function startApp(name: string): Promise<App> {
  folder.write(name, codeOf(name))
  const origin = await freeUrl()
  const client =
    name === 'before.cjs'
      ? // The old adapter returns to the page itself, and knows no PKCE.
        {
          redirectUris: [`${origin}/*`],
          attributes: { 'post.logout.redirect.uris': `${origin}/*` },
          directAccessGrantsEnabled: true,
        }
      : { directAccessGrantsEnabled: true }
  const variables = await realms.add(origin, client, ['stock-keeper'])
  const issuer = variables['KEYCLOAK_ISSUER'] as string
  const [url, realm] = issuer.split('/realms/')
  const settings = { KEYCLOAK_URL: `${url}/`, KEYCLOAK_REALM: realm as string, SESSION_SECRET: 'for-express' }
  const port = { PORT: new URL(origin).port }
  const program = await start(folder, name, { ...variables, ...settings, ...port }, origin)
  return { origin, issuer, program }
}

describe.each(apps)('%s', (name) => {
  let app: App
  let origin: string
  beforeAll(() => {
    app = started.get(name) as App
    origin = app.origin
  })

  test('protect() on a page: to the login, and back to the page', async () => {
    const page = `${origin}/account?tab=orders`
    const { browser, response } = await openSignedIn(page, 'alice')
    expect([response.status, await response.json()]).toEqual([200, { hello: 'alice' }])
    // The old adapter leaves the issuer of the response in the URL.
    expect(browser.visited.at(-1)?.replace(/&iss=.*/, '')).toBe(page)
    expect(await (await browser.open(`${origin}/account`)).json()).toEqual({ hello: 'alice' })
  })

  test.each([
    ['alice', '/admin', 200],
    ['bob', '/admin', 403],
    ['alice', '/stock', 200],
    ['bob', '/stock', 403],
    ['alice', '/mine/alice', 200],
    ['bob', '/mine/alice', 403],
  ])('a role, or a function: %s opens %s: %i', async (user, path, status) => {
    const { response } = await openSignedIn(`${origin}${path}`, user)
    expect(response.status).toBe(status)
  })

  test('one click on the logout signs out here and at the realm, and ends at the home page', async () => {
    const { browser } = await openSignedIn(`${origin}/account`, 'alice')
    const home = await openLink(browser, `${origin}/logout`)
    expect(await home.text()).toContain('<a href="/logout">Sign out</a>')
    expect(browser.visited.at(-1)).toBe(`${origin}/`)
    // The realm asks for the password again.
    expect(await (await browser.open(`${origin}/account`)).text()).toContain('kc-form-login')
  })

  test('a bearer token is accepted as well', async () => {
    const grant = { grant_type: 'password', client_id: 'shop', client_secret: 'secret-for-development' }
    const body = new URLSearchParams({ ...grant, username: 'bob', password: 'bob', scope: 'openid' })
    const url = `${app.issuer}/protocol/openid-connect/token`
    const granted = (await (await fetch(url, { method: 'POST', body })).json()) as { access_token: string }
    const headers = { authorization: `Bearer ${granted.access_token}` }
    expect(await (await fetch(`${origin}/account`, { headers })).json()).toEqual({ hello: 'bob' })
    expect((await fetch(`${origin}/admin`, { headers })).status).toBe(403)
  })

  test('a page without protect() is public', async () => {
    expect((await new Browser({}).open(`${origin}/`)).status).toBe(200)
  })
})

test('after the change, the realm ends the session, too', async () => {
  const { origin, issuer } = started.get('after.cjs') as App
  const { browser } = await openSignedIn(`${origin}/account`, 'bob')
  await realms.signOut(issuer, 'bob')
  expect((await browser.send(`${origin}/account`)).status).toBe(401)
})

test('an app of 14 lines or more moves in at most 20, and its routes stay as they are', () => {
  const [before, after] = apps.map(codeOf) as [string, string]
  expect(linesOf(before)).toBeGreaterThanOrEqual(14)
  expect(linesOf(after)).toBeLessThanOrEqual(20)
  const routesOf = (code: string): string => code.slice(code.indexOf("app.get('/'"))
  expect(routesOf(after)).toBe(routesOf(before))
})
