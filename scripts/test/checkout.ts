import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A checkout with the real scripts and fakes for npm, the compiler and the database template. */
export interface Checkout {
  readonly folder: string
  write(path: string, text: string): void
  /** Starts scripts/run.mjs; `until` waits for its output. */
  start(args?: string[]): { readonly until: (text: RegExp) => Promise<void>; readonly ended: Promise<Ended> }
  /** Runs scripts/run.mjs to its end. */
  run(args?: string[], env?: NodeJS.ProcessEnv): Promise<Ended>
  remove(): void
}

export function makeCheckout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'cloakwright-checkout-'))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  cpSync(fileURLToPath(new URL('..', import.meta.url)), join(folder, 'scripts'), {
    recursive: true,
    filter: (path) => !path.endsWith('test'),
  })
  const lock = JSON.stringify({ packages: { 'node_modules/left': { version: '1.0.0' } } })
  write('package.json', JSON.stringify({ type: 'module', engines: { node: '>=20.19' } }))
  write('package-lock.json', lock)
  write('node_modules/.package-lock.json', lock)
  write('tsconfig.json', JSON.stringify({ references: [{ path: 'part' }] }))
  write('tsconfig.base.json', '{}')
  write('part/package.json', '{}')
  write('part/tsconfig.json', '{}')
  write('part/src/index.ts', '')
  write('part/dist/index.js', '')
  write('node_modules/typescript/bin/tsc', `console.log('compiled', ...process.argv.slice(2))`)
  write('scripts/database-template.mjs', `console.log('made the template')`)
  write('packages/devrealm/template/template.json', '{}')
  write('npm.js', `console.log('npm', ...process.argv.slice(2))`)
  const start = (args: string[] = [], env: NodeJS.ProcessEnv = {}) => {
    const child = spawn(process.execPath, [join(folder, 'scripts/run.mjs'), ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], npm_execpath: join(folder, 'npm.js'), ...env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (part) => (stdout += String(part)))
    child.stderr.on('data', (part) => (stderr += String(part)))
    return {
      until: async (text: RegExp) => {
        while (!text.test(stderr)) await once(child.stderr, 'data')
      },
      ended: once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr })),
    }
  }
  return {
    folder,
    write,
    start,
    run: (args, env) => start(args, env).ended,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
