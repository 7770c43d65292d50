import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorsOf } from '../support/compiler.ts'
import {
  blocksOf,
  type Folder,
  form,
  freeUrl,
  type GuideRealms,
  openFolder,
  openRealms,
  openSignedIn,
  type Program,
  projectOf,
  start,
} from './support/programs.ts'

// The guides of a login: their code as it is, started as a program, used by a browser at the embedded realm.

const frameworks = ['express', 'fastify', 'hono', 'nest'] as const

interface App {
  readonly origin: string
  readonly issuer: string
  readonly program: Program
}

let folder: Folder
let realms: GuideRealms
let apps: ReadonlyMap<string, App>
beforeAll(async () => {
  folder = openFolder()
  folder.write('tsconfig.json', JSON.stringify({ compilerOptions: { experimentalDecorators: true } }))
  realms = await openRealms()
  apps = new Map(await Promise.all(frameworks.map(async (name) => [name, await startApp(name)] as const)))
})
afterAll(async () => {
  for (const { program } of apps.values()) await program.stop()
  await realms.close()
  folder.remove()
})

async function startApp(name: string): Promise<App> {
  const [app] = blocksOf(`add-login-${name}.md`)
  folder.write(`${name}.ts`, app?.code ?? '')
  const origin = await freeUrl()
  const variables = await realms.add(origin)
  const issuer = variables['KEYCLOAK_ISSUER'] as string
  const port = new URL(origin).port
  return { origin, issuer, program: await start(folder, `${name}.ts`, { ...variables, PORT: port }, origin) }
}

describe.each(frameworks)('add-login-%s.md', (name) => {
  let app: App
  let origin: string
  beforeAll(() => {
    app = apps.get(name) as App
    origin = app.origin
  })

  test('signs in, and out here and at the realm', async () => {
    const { browser, response } = await openSignedIn(`${origin}/account`, 'alice')
    expect(await response.json()).toEqual({ hello: 'alice' })
    const session = await browser.send(`${origin}/auth/session`)
    expect(await session.json()).toMatchObject({
      username: 'alice',
      roles: expect.arrayContaining(['admin']) as unknown,
    })
    expect(await (await browser.open(`${origin}/admin`)).json()).toEqual({ welcome: 'alice' })

    const asked = await browser.open(`${origin}/auth/logout`)
    expect(await asked.text()).toContain('<form method="post" action="/auth/logout">')
    const logout = await browser.send(`${origin}/auth/logout`, form)
    const home = await browser.open(logout.headers.get('location') ?? '')
    expect(await home.text()).toContain('<a href="/account">Account</a>')
    expect(browser.visited.at(-1)).toBe(`${origin}/`)
    // The realm asks for the password again.
    expect(await (await browser.open(`${origin}/account`)).text()).toContain('kc-form-login')
  })

  test('shows a page to a user without the role', async () => {
    const { response } = await openSignedIn(`${origin}/admin`, 'bob')
    const page = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([
      403,
      expect.stringContaining('text/html'),
    ])
    expect(page).toContain('Tea Shop')
  })

  test('tells a script where to sign in', async () => {
    const refused = await fetch(`${origin}/account`, { headers: { referer: `${origin}/cart` } })
    expect([refused.status, ((await refused.json()) as { login: string }).login]).toEqual([
      401,
      '/auth/login?returnTo=%2Fcart',
    ])
    expect((await fetch(`${origin}/auth/session`)).status).toBe(401)
  })

  test('ends the session when the realm ends its own', async () => {
    const { browser } = await openSignedIn(`${origin}/account`, 'bob')
    await realms.signOut(app.issuer, 'bob')
    expect((await browser.send(`${origin}/auth/session`)).status).toBe(401)
  })
})

test('the Express app has at most 20 lines', () => {
  const [app] = blocksOf('add-login-express.md')
  expect(app?.code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(20)
})

// Real applications of both versions are built and started by `npm run test:compatibility`.
test('the files of add-login-next.md compile', () => {
  const files = blocksOf('add-login-next.md')
  for (const { file, code } of files) folder.write(join('next', file ?? ''), code)
  folder.write(
    'next/jsx.d.ts',
    'declare namespace JSX { interface IntrinsicElements { [name: string]: unknown } }',
  )
  const compilerOptions = { jsx: 'preserve', module: 'esnext', moduleResolution: 'bundler' }
  folder.write('next/tsconfig.json', projectOf(compilerOptions, '../../../../tsconfig.tests.json'))
  expect(errorsOf(join(folder.path, 'next'))).toBe('')
  expect(files.map(({ file }) => file)).toContain('app/auth/[...cloakwright]/route.ts')
})
