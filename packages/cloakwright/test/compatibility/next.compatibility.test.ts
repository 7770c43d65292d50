import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { blocksOf, openRealms } from '../guides/support/programs.ts'
import { Browser } from '../session/support/browser.ts'
import { signIn } from '../session/support/realm.ts'
import { environment, folder, type Outcome, run } from './support.ts'

// An application that is built for a container image: none of the service's variables is set during `next build`.

/** The code of the guide, by its files. */
const { 'proxy.ts': proxy = '', ...login } = Object.fromEntries(
  blocksOf('add-login-next.md').map(({ file, code }) => [file ?? '', code]),
)

const files = {
  ...login,
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
  'app/loaded/page.tsx': `
    import { auth } from '../../auth'
    export default async function Page() {
      await auth.requireUser({ returnTo: '/loaded' })
      const [session, again] = [await auth.getSession(), await auth.getSession()]
      return <p>{'loaded ' + (session === again ? 'once' : 'twice')}</p>
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
  next16: { 'proxy.ts': proxy },
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
      SESSION_KEY: Buffer.alloc(32, 7).toString('base64'),
    }
    const configured = await start(next, home, variables)
    const refused = await fetch(`${configured.origin}/api/orders/7`)
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="shop"'])
  })

  test('signs in at the embedded realm: proxy, pages, route handlers, logout', async () => {
    const port = await freePort()
    const publicUrl = `http://localhost:${port}`
    const realms = await openRealms()
    onTestFinished(() => realms.close())
    await start(next, home, await realms.add(publicUrl), port)
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

    expect(await (await signIn(browser, 'alice', `${publicUrl}/guarded`)).text()).toContain(
      'behind the proxy',
    )
    expect(await text('/visitors')).toContain('hello alice')
    expect(await text('/account')).toMatch(/Hello (<!-- -->)?alice/)
    expect(await text('/loaded')).toContain('loaded once')
    expect(await text('/admin')).toBe('{"welcome":"alice"}')
    expect((await signIn(new Browser({}), 'bob', `${publicUrl}/admin`)).status).toBe(403)
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
