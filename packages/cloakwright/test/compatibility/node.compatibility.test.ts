import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { core, frameworks, nodes, run } from './support.ts'

beforeAll(() => {
  cpSync(join(import.meta.dirname, 'services'), frameworks, { recursive: true })
  cpSync(join(import.meta.dirname, 'loaded-files.mjs'), join(core, 'loaded-files.mjs'))
})

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

  // How long that takes is measured by the benchmark.
  test('the core loads nothing but its own files and jose, and not many of them', async () => {
    const { code, stdout, stderr } = await run(path, ['loaded-files.mjs'], core)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const files = stdout.split('\n').filter((url) => url.startsWith('file:'))
    expect(files.filter((url) => !/\/node_modules\/(cloakwright|jose)\/dist\//.test(url))).toEqual([])
    expect(
      files.filter((url) => /\/dist\/(adapters|session|clients|compat|forward|state)\//.test(url)),
    ).toEqual([])
    expect(files.length).toBeGreaterThan(50)
    expect(files.length).toBeLessThan(110)
  })
})
