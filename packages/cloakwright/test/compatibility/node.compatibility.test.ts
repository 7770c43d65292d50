import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { core, frameworks, nodes, run } from './support.ts'

beforeAll(() => cpSync(join(import.meta.dirname, 'services'), frameworks, { recursive: true }))

test('the core depends on jose only', () => {
  const installed = readdirSync(join(core, 'node_modules')).filter((name) => !name.startsWith('.'))
  expect(installed.sort()).toEqual(['cloakwright', 'jose'])
})

test.each(['web', 'websocket', 'state', 'lock', 'testing'])(
  'cloakwright/%s needs nothing else',
  async (entry) => {
    const outcome = await run(process.execPath, ['--eval', `require('cloakwright/${entry}')`], core)
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' })
  },
)

describe.each(nodes)('on Node $version', ({ version, path }) => {
  test.each(['commonjs', 'esm'])('every framework serves requests in %s', async (modules) => {
    const { code, stdout, stderr } = await run(path, ['service.cjs', modules], frameworks)
    // No output at all: no warning about experimental features.
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const users = [200, 401, 403, 200]
    expect(JSON.parse(stdout)).toEqual({
      version,
      username: 'alice',
      others: ['function', 'function'],
      answers: {
        fastify: users,
        express: users,
        express4: users,
        'keycloak-connect on express': users,
        'keycloak-connect on express4': users,
        hono: users,
        web: users,
        websocket: users,
        nest: users,
      },
    })
  })

  test.each([
    ['commonjs', ['--input-type=commonjs', '--eval'], "require('cloakwright')"],
    ['esm', ['--input-type=module', '--eval'], "await import('cloakwright')"],
  ])('the core loads quickly: %s', async (_modules, flags, load) => {
    // CPU time, so that other processes do not count.
    const script = `const start = process.cpuUsage(); ${load}; const { user, system } = process.cpuUsage(start); console.log((user + system) / 1000)`
    const times: number[] = []
    for (let attempt = 0; attempt < 5; attempt++) {
      const { code, stdout, stderr } = await run(path, [...flags, script], core)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      times.push(Number(stdout))
    }
    // The promised figure (60 ms) is measured by the benchmark; a machine may be slower, but a mistake costs more.
    expect(Math.min(...times)).toBeLessThan(150)
  })
})
