import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { environment, folder, run } from './support.ts'

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

describe.each(['next15', 'next16'])('%s', (name) => {
  const home = join(folder, name)
  const next = join(home, 'node_modules/next/dist/bin/next')

  test('builds without the environment, with a NextRequest, and fails at the first request', async () => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(home, path)), { recursive: true })
      writeFileSync(join(home, path), text)
    }
    const built = await run(process.execPath, [next, 'build'], home)
    expect(built, built.stdout + built.stderr).toMatchObject({ code: 0 })

    const without = await start(next, home, {})
    expect((await fetch(`${without.origin}/api/orders/7`)).status).toBe(500)
    expect(without.output()).toContain("code: 'CW_CONFIG_MISSING'")

    const variables = { KEYCLOAK_ISSUER: 'http://127.0.0.1:9/realms/shop', KEYCLOAK_AUDIENCE: 'shop-api' }
    const configured = await start(next, home, variables)
    const refused = await fetch(`${configured.origin}/api/orders/7`)
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="shop"'])
  })
})

/** `next start` on a free port; it ends with the test. */
async function start(next: string, cwd: string, variables: Record<string, string>) {
  const port = await freePort()
  const args = [next, 'start', '--hostname', '127.0.0.1', '--port', String(port)]
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
  return { origin: `http://127.0.0.1:${port}`, output: () => output }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}
