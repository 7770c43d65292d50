import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { createDevRealm, migrations as realmMigrations } from '@cloakwright/devrealm'
import { openTemporaryDatabase } from '@cloakwright/devrealm/home'
import { migrate } from 'cloakwright/state'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Browser } from '../session/support/browser.ts'
import { environment, folder, type Outcome, run } from './support.ts'

// An application that is built for a container image: none of the service's variables is set during `next build`.

const files = {
  'app/layout.tsx': `
    export default function Layout({ children }: { children: React.ReactNode }) {
      return <html><body>{children}</body></html>
    }`,
  'app/page.tsx': `export default function Page() { return <p>hello</p> }`,
  'app/api/orders/[id]/route.ts': `
    import { createPermissions, createVerifier, role } from 'cloakwright'
    import { cloakwright } from 'cloakwright/web'
    import type { NextRequest } from 'next/server'

    const issuer = process.env['KEYCLOAK_ISSUER']!
    const audience = process.env['KEYCLOAK_AUDIENCE']!
    const protect = cloakwright({ verifier: createVerifier({ issuer, audience }) })
    const permission = createPermissions({ issuer, audience })

    interface Context {
      params: Promise<{ id: string }>
    }
    export const GET = protect(async (request: NextRequest, user, { params }: Context) =>
      Response.json({ by: user.username, path: request.nextUrl.pathname, id: (await params).id }))
    export const DELETE = protect(() => new Response(null, { status: 204 }), role('admin'))
    export const PATCH = protect(() => Response.json({}), permission({ resource: 'orders' }))`,
  'auth.ts': `
    import { createVerifier } from 'cloakwright'
    import { cloakwright } from 'cloakwright/next'
    import { createSessions } from 'cloakwright/session'
    import { memorySessionStore, type SessionStore } from 'cloakwright/state'

    // Next.js evaluates a module several times in one process: for pages, for routes, and for the proxy.
    const shared = globalThis as { store?: SessionStore }
    const issuer = process.env['KEYCLOAK_ISSUER']!
    const sessions = createSessions({
      issuer,
      clientId: 'shop-app',
      clientSecret: process.env['KEYCLOAK_CLIENT_SECRET']!,
      publicUrl: process.env['PUBLIC_URL']!,
      keys: [{ id: 'k1', key: Buffer.alloc(32, 7) }],
      store: (shared.store ??= memorySessionStore()),
    })
    export const auth = cloakwright({ verifier: createVerifier({ issuer, audience: 'shop-app' }), sessions })`,
  'app/auth/[...cloakwright]/route.ts': `
    import { auth } from '../../../auth'
    export const { GET, POST } = auth.handlers`,
  'app/api/me/route.ts': `
    import { sessionOf } from 'cloakwright/next'
    import { auth } from '../../../auth'
    export const GET = auth.protect((request, user) =>
      Response.json({ user: user.username, session: sessionOf(request) !== undefined }))`,
  'app/visitors/page.tsx': `
    import { auth } from '../../auth'
    export default async function Page() {
      const user = await auth.getUser()
      return <p>{'hello ' + (user?.username ?? 'visitor')}</p>
    }`,
  'app/account/page.tsx': `
    import { auth } from '../../auth'
    export default async function Page() {
      const [user, session, again] = [
        await auth.requireUser({ returnTo: '/account' }), await auth.getSession(), await auth.getSession()]
      return <p>{'account of ' + user.username + ', loaded ' + (session === again ? 'once' : 'twice')}</p>
    }`,
  'app/guarded/page.tsx': `export default function Page() { return <p>behind the proxy</p> }`,
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'ES2017',
      lib: ['dom', 'dom.iterable', 'esnext'],
      allowJs: true,
      skipLibCheck: true,
      strict: true,
      noEmit: true,
      esModuleInterop: true,
      module: 'esnext',
      moduleResolution: 'bundler',
      resolveJsonModule: true,
      isolatedModules: true,
      jsx: 'react-jsx',
      incremental: true,
      // Not the ones of the checkout around this folder.
      typeRoots: ['./node_modules/@types'],
      plugins: [{ name: 'next' }],
    },
    include: ['next-env.d.ts', '**/*.ts', '**/*.tsx', '.next/types/**/*.ts'],
    exclude: ['node_modules'],
  }),
}

/** The guard of a version: in version 15 a middleware, which runs on the edge unless it says otherwise. */
const guards = {
  next15: {
    'middleware.ts': `
      import { auth } from './auth'
      export const middleware = auth.proxy()
      export const config = { matcher: '/guarded/:path*', runtime: 'nodejs' }`,
  },
  next16: {
    'proxy.ts': `
      import { auth } from './auth'
      export const proxy = auth.proxy()
      export const config = { matcher: '/guarded/:path*' }`,
  },
}

describe.each(['next15', 'next16'] as const)('%s', (name) => {
  const home = join(folder, name)
  const next = join(home, 'node_modules/next/dist/bin/next')
  let built: Outcome

  beforeAll(async () => {
    for (const [path, text] of Object.entries({ ...files, ...guards[name] })) {
      mkdirSync(dirname(join(home, path)), { recursive: true })
      writeFileSync(join(home, path), text)
    }
    built = await run(process.execPath, [next, 'build'], home)
  }, 240_000)

  test('builds without the environment, with a NextRequest, and fails at the first request', async () => {
    expect(built, built.stdout + built.stderr).toMatchObject({ code: 0 })

    const without = await start(next, home, {})
    expect((await fetch(`${without.origin}/api/orders/7`)).status).toBe(500)
    expect(without.output()).toContain("code: 'CW_CONFIG_MISSING'")

    const variables = {
      KEYCLOAK_ISSUER: 'http://127.0.0.1:9/realms/shop',
      KEYCLOAK_AUDIENCE: 'shop-api',
      KEYCLOAK_CLIENT_SECRET: 's3cret',
      PUBLIC_URL: 'https://shop.example.com',
    }
    const configured = await start(next, home, variables)
    const refused = await fetch(`${configured.origin}/api/orders/7`)
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="shop"'])
  })

  test('signs in at the embedded realm: proxy, pages, route handlers, logout', async () => {
    const port = await freePort()
    const publicUrl = `http://localhost:${port}`
    const variables = { PUBLIC_URL: publicUrl, KEYCLOAK_CLIENT_SECRET: 's3cret' }
    await start(next, home, { ...variables, KEYCLOAK_ISSUER: await startRealm(publicUrl) }, port)
    const browser = new Browser({})
    const text = async (path: string): Promise<string> => (await browser.open(publicUrl + path)).text()

    expect(await text('/visitors')).toContain('hello visitor')
    const refused = await browser.send(`${publicUrl}/guarded`)
    expect(await refused.json()).toMatchObject({ status: 401, login: '/auth/login' })
    const unknown = await browser.send(`${publicUrl}/account`)
    expect([unknown.status, unknown.headers.get('location')]).toEqual([
      307,
      '/auth/login?returnTo=%2Faccount',
    ])

    expect(await signIn(browser, `${publicUrl}/guarded`)).toContain('behind the proxy')
    expect(await text('/visitors')).toContain('hello alice')
    expect(await text('/account')).toContain('account of alice, loaded once')
    const me = await browser.send(`${publicUrl}/api/me`)
    expect(await me.json()).toEqual({ user: 'alice', session: true })
    expect((await browser.send(`${publicUrl}/api/me`, { method: 'HEAD' })).status).toBe(200)

    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: publicUrl }
    expect((await browser.send(`${publicUrl}/auth/logout`, { method: 'POST', headers })).status).toBe(303)
    expect((await browser.send(`${publicUrl}/api/me`)).status).toBe(401)
    expect(await text('/visitors')).toContain('hello visitor')
  })

  // The last one: it replaces the guard and the build.
  test('a guard on the edge runtime says what to change', async () => {
    for (const path of Object.keys(guards[name])) rmSync(join(home, path))
    const onEdge = guards.next15['middleware.ts'].replace(", runtime: 'nodejs'", '')
    writeFileSync(join(home, 'middleware.ts'), onEdge)
    await run(process.execPath, [next, 'build'], home)
    const { origin, output } = await start(next, home, {})
    expect((await fetch(`${origin}/guarded`)).status).toBe(500)
    expect(output()).toContain('the edge runtime has no node:crypto')
  })
})

/** The embedded realm with the user alice; it ends with the test. */
async function startRealm(publicUrl: string): Promise<string> {
  const database = await openTemporaryDatabase()
  await migrate(database.sql, 'devrealm', realmMigrations)
  const realm = await createDevRealm({ sql: database.sql })
  onTestFinished(async () => {
    await realm.close()
    await database.close()
  })
  const audience = {
    name: 'audience',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': 'shop-app', 'access.token.claim': 'true' },
  }
  await realm.importRealm({
    realm: 'shop',
    enabled: true,
    clients: [
      {
        clientId: 'shop-app',
        secret: 's3cret',
        standardFlowEnabled: true,
        redirectUris: [`${publicUrl}/auth/callback`],
        attributes: { 'post.logout.redirect.uris': `${publicUrl}/` },
        protocolMappers: [audience],
      },
    ],
    users: [
      {
        username: 'alice',
        enabled: true,
        email: 'alice@example.com',
        firstName: 'Alice',
        lastName: 'Example',
        credentials: [{ type: 'password', value: 'alice' }],
      },
    ],
  })
  return `${await realm.listen()}/realms/shop`
}

/** Opens a page, and signs in on the realm's own page; resolves to the text of the page. */
async function signIn(browser: Browser, page: string): Promise<string> {
  const login = await (await browser.open(page)).text()
  const action = /action="([^"]+)"/.exec(login)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const body = new URLSearchParams({ username: 'alice', password: 'alice' })
  const posted = await browser.send(action, { method: 'POST', body })
  return await (await browser.open(posted.headers.get('location') ?? '')).text()
}

/** `next start`, on a free port by default; it ends with the test. */
async function start(next: string, cwd: string, variables: Record<string, string>, given?: number) {
  const port = given ?? (await freePort())
  const args = [next, 'start', '--hostname', 'localhost', '--port', String(port)]
  const child = spawn(process.execPath, args, { cwd, env: { ...environment(), ...variables } })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += String(part)))
  while (!output.includes('Ready'))
    await Promise.race([once(child.stdout, 'data'), ended.then(() => Promise.reject(new Error(output)))])
  return { origin: `http://localhost:${port}`, output: () => output }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}
