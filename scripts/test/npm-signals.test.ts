import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Checkout, makeCheckout } from './checkout.ts'

/** The server of `npm start` in this test: it exits shortly after a signal and prints so. */
const server = `
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => setTimeout(() => {
    console.log('closed')
    process.exit()
  }, 100))
}
console.log('ready ' + process.pid)
setInterval(() => {}, 1000)
`

let checkout: Checkout
let npm: ChildProcess | undefined
let pid: number | undefined

beforeEach(() => {
  checkout = makeCheckout()
})

afterEach(() => {
  for (const each of [npm?.pid, pid]) {
    try {
      if (each !== undefined) process.kill(each, 'SIGKILL')
    } catch {
      // It has exited, as expected.
    }
  }
  checkout.remove()
})

describe.skipIf(process.platform === 'win32')('a command under npm', () => {
  it('is replaced by its Node process, in every script that starts servers', () => {
    const { scripts } = JSON.parse(
      readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'),
    ) as { scripts: Record<string, string> }
    for (const name of ['start', 'test', 'devrealm', 'keycloak', 'test:keycloak', 'test:browser', 'bench']) {
      expect(scripts[name]).toMatch(/^exec node scripts\//)
    }
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'ends cleanly when only npm receives %s',
    async (signal) => {
      await checkout.run()
      checkout.write('server.mjs', server)
      checkout.write(
        'package.json',
        JSON.stringify({
          type: 'module',
          engines: { node: '>=20.19' },
          scripts: { start: 'exec node scripts/run.mjs node server.mjs' },
        }),
      )
      npm = spawn('npm', ['start', '--silent'], {
        cwd: checkout.folder,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      if (npm.stdout === null) throw new Error('no output')
      const lines = createInterface({ input: npm.stdout })
      const [ready] = (await once(lines, 'line')) as [string]
      pid = Number(ready.split(' ')[1])

      const closed = once(lines, 'line')
      npm.kill(signal)
      expect(await closed).toEqual(['closed'])
    },
  )
})

it('has an exec command for Windows in the checkout', () => {
  expect(readFileSync(join(fileURLToPath(new URL('../..', import.meta.url)), 'exec.cmd'), 'utf8')).toContain(
    '@%*',
  )
})
