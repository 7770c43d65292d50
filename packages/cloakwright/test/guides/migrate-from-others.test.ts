import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../session/support/browser.ts'
import { signIn } from '../session/support/realm.ts'
import { errorsOf } from '../support/compiler.ts'
import {
  blocksOf,
  type Folder,
  form,
  freeUrl,
  type GuideRealms,
  openFolder,
  openLink,
  openRealms,
  openSignedIn,
  type Program,
  projectOf,
  start,
} from './support/programs.ts'

// The apps of the guides before and after the change, started as programs: the same assertions for both.

const guideOf = (library: string): string => `migrate-from-${library}.md`

interface App {
  readonly origin: string
  readonly issuer: string
  readonly program: Program
}

/** What differs between apps with pages: the client in the realm, the way in and the way out. */
interface Pages {
  readonly client: (origin: string) => object
  readonly open: (browser: Browser, page: string, user: string) => Promise<Response>
  readonly signOut: (browser: Browser, origin: string) => Promise<void>
  /** What a user without the role gets. */
  readonly forbidden: number | 'Too many redirects'
  /** Whether the logout ends the session at the realm, and the realm's logout the session here. */
  readonly endsEverywhere: boolean
}

/** Realm roles in the ID token, where these libraries look for them. */
const rolesMapper = {
  name: 'roles',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-usermodel-realm-role-mapper',
  config: {
    'claim.name': 'realm_access.roles',
    'jsonType.label': 'String',
    multivalued: 'true',
    'id.token.claim': 'true',
  },
}

const ours: Pages = {
  client: () => ({}),
  open: (browser, page, user) => signIn(browser, user, page),
  signOut: async (browser, origin) => {
    const response = await browser.send(`${origin}/auth/logout`, form)
    await browser.open(response.headers.get('location') ?? '')
  },
  forbidden: 403,
  endsEverywhere: true,
}

const apps: Readonly<Record<string, Pages>> = {
  'express-openid-connect/before.ts': {
    client: (origin) => ({
      redirectUris: [`${origin}/callback`],
      attributes: { 'post.logout.redirect.uris': origin },
      protocolMappers: [rolesMapper],
    }),
    open: ours.open,
    signOut: async (browser, origin) => void (await browser.open(`${origin}/logout`)),
    forbidden: 'Too many redirects',
    endsEverywhere: false,
  },
  'express-openid-connect/after.ts': ours,
  'auth-js/before.ts': {
    client: (origin) => ({
      redirectUris: [`${origin}/auth/callback/keycloak`],
      protocolMappers: [rolesMapper],
    }),
    async open(browser, page, user) {
      const origin = new URL(page).origin
      const body = new URLSearchParams(fieldsOf(await (await browser.open(page)).text()))
      const url = `${origin}/auth/signin/keycloak`
      const response = await browser.send(url, { method: 'POST', body })
      return await signIn(browser, user, response.headers.get('location') ?? '')
    },
    async signOut(browser, origin) {
      const url = `${origin}/auth/signout`
      const body = new URLSearchParams(fieldsOf(await (await browser.open(url)).text()))
      await browser.send(url, { method: 'POST', body })
    },
    forbidden: 403,
    endsEverywhere: false,
  },
  'auth-js/after.ts': ours,
}

/** The hidden fields of a page's form. */
function fieldsOf(html: string): Record<string, string> {
  const inputs = html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)
  return Object.fromEntries(
    Array.from(inputs, ([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]),
  )
}

const names = Object.keys(apps)
const services = ['nest-keycloak-connect/after.ts']
let folder: Folder
let realms: GuideRealms
let started: ReadonlyMap<string, App>
beforeAll(async () => {
  folder = openFolder()
  folder.write('tsconfig.json', JSON.stringify({ compilerOptions: { experimentalDecorators: true } }))
  for (const library of ['express-openid-connect', 'auth-js', 'nest-keycloak-connect'])
    for (const { file, code } of blocksOf(guideOf(library)))
      if (file?.startsWith(`${library}/`) === true) folder.write(file, code)
  realms = await openRealms()
  started = new Map(
    await Promise.all([...names, ...services].map(async (name) => [name, await startApp(name)] as const)),
  )
})
afterAll(async () => {
  for (const { program } of started?.values() ?? []) await program.stop()
  await realms.close()
  folder.remove()
})

async function startApp(name: string): Promise<App> {
  const origin = await freeUrl()
  const client = apps[name]?.client(origin) ?? { directAccessGrantsEnabled: true }
  const variables = await realms.add(origin, client, ['stock-keeper'])
  const issuer = variables['KEYCLOAK_ISSUER'] as string
  const settings = { SESSION_SECRET: 'a-secret-of-at-least-32-characters', PORT: new URL(origin).port }
  return { origin, issuer, program: await start(folder, name, { ...variables, ...settings }, origin) }
}

describe.each(names)('%s', (name) => {
  const { open, signOut, forbidden, endsEverywhere } = apps[name] as Pages
  let origin: string
  let issuer: string
  beforeAll(() => {
    ;({ origin, issuer } = started.get(name) as App)
  })
  /** Whether a page of the app shows the user, without another page in between. */
  const isSignedIn = async (browser: Browser): Promise<boolean> => {
    const page = await (await browser.open(`${origin}/account`)).text()
    return page === '{"hello":"bob@example.com"}'
  }

  test('signs in, and comes back to the page', async () => {
    const browser = new Browser({})
    const response = await open(browser, `${origin}/account?tab=1`, 'alice')
    expect([response.status, await response.json()]).toEqual([200, { hello: 'alice@example.com' }])
    expect(browser.visited.at(-1)).toBe(`${origin}/account?tab=1`)
  })

  test('role pages', async () => {
    const alice = await open(new Browser({}), `${origin}/admin`, 'alice')
    expect([alice.status, await alice.json()]).toEqual([200, { welcome: 'alice@example.com' }])
    const bob = open(new Browser({}), `${origin}/admin`, 'bob')
    expect(
      await bob.then(
        ({ status }) => status,
        (error: Error) => error.message,
      ),
    ).toBe(forbidden)
  })

  test('signs out', async () => {
    const browser = new Browser({})
    await open(browser, `${origin}/account`, 'bob')
    expect(await isSignedIn(browser)).toBe(true)
    await signOut(browser, origin)
    expect(await isSignedIn(browser)).toBe(false)
  })

  test(`a logout at the realm ${endsEverywhere ? 'ends' : 'does not end'} the session`, async () => {
    const browser = new Browser({})
    await open(browser, `${origin}/account`, 'bob')
    await realms.signOut(issuer, 'bob')
    expect(await isSignedIn(browser)).toBe(!endsEverywhere)
  })
})

test('express-openid-connect: both call another service as the user', async () => {
  for (const name of ['express-openid-connect/before.ts', 'express-openid-connect/after.ts']) {
    const { response } = await openSignedIn(`${(started.get(name) as App).origin}/profile`, 'bob')
    expect(await response.json()).toMatchObject({ preferred_username: 'bob', email: 'bob@example.com' })
  }
})

test('Auth.js: a click on the logout link asks first, and then signs out', async () => {
  const { origin } = started.get('auth-js/after.ts') as App
  const { browser } = await openSignedIn(`${origin}/account`, 'bob')
  expect(await (await openLink(browser, `${origin}/auth/logout`)).text()).toContain('method="post"')
  expect((await browser.send(`${origin}/account`)).status).toBe(200)
})

describe.each(services)('%s', (name) => {
  let app: App
  beforeAll(() => {
    app = started.get(name) as App
  })
  const statusesOf = async (user: string): Promise<number[]> => {
    const grant = { grant_type: 'password', client_id: 'shop', client_secret: 'secret-for-development' }
    const body = new URLSearchParams({ ...grant, username: user, password: user })
    const url = `${app.issuer}/protocol/openid-connect/token`
    const granted = (await (await fetch(url, { method: 'POST', body })).json()) as { access_token: string }
    const headers = { authorization: `Bearer ${granted.access_token}` }
    const calls = ['/', '/account', '/admin', '/stock'].map((path) => fetch(app.origin + path, { headers }))
    return (await Promise.all(calls)).map(({ status }) => status)
  }

  test('all routes need a token, except the public one', async () => {
    const calls = ['/', '/account', '/admin', '/stock'].map((path) => fetch(app.origin + path))
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 401, 401, 401])
  })

  test('roles of realm and client', async () => {
    expect(await statusesOf('alice')).toEqual([200, 200, 200, 200])
    expect(await statusesOf('bob')).toEqual([200, 200, 403, 403])
  })
})

test('the apps compile', () => {
  // Not installed: its versions for NestJS end at 10.
  folder.write('nest-keycloak-connect/before.ts', '')
  const compilerOptions = { experimentalDecorators: true }
  folder.write('tsconfig.json', projectOf(compilerOptions, '../../../tsconfig.tests.json'))
  expect(errorsOf(folder.path)).toBe('')
})

test('the files for Next.js are those of add-login-next.md, which are built and started elsewhere', () => {
  const tested = blocksOf('add-login-next.md')
  const shown = blocksOf(guideOf('auth-js')).filter(({ file = '' }) => !/^(?:auth-js\/|before)/.test(file))
  expect(shown).toHaveLength(3)
  for (const block of shown) expect(tested).toContainEqual(block)
})

/** The members of interfaces in the declarations of a package. */
function membersOf(declarations: string, names: readonly string[], indent: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../../../../node_modules', declarations), 'utf8')
  return names.flatMap((name) => {
    const [, body = ''] =
      new RegExp(`^(?:export )?interface ${name}\\b.*?\\{\\n(.*?)^\\}`, 'ms').exec(text) ?? []
    return Array.from(
      body.matchAll(new RegExp(`^${indent}(\\w+)\\??[:(]`, 'gm')),
      ([, member = '']) => member,
    )
  })
}

test.each([
  [
    'express-openid-connect',
    'express-openid-connect/index.d.ts',
    ['ConfigParams', 'RequestContext', 'ResponseContext', 'SessionConfigParams'],
    '  ',
  ],
  ['auth-js', '@auth/core/index.d.ts', ['AuthConfig'], '    '],
])('the tables of %s have every option and function', (library, declarations, interfaces, indent) => {
  const guide = readFileSync(join(import.meta.dirname, '../../../../docs/guides', guideOf(library)), 'utf8')
  const members = membersOf(declarations, interfaces, indent)
  expect(members.length).toBeGreaterThan(15)
  expect(members.filter((member) => !new RegExp(`\\b${member}\\b`).test(guide))).toEqual([])
})
