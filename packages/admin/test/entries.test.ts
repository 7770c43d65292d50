import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const home = join(import.meta.dirname, '..')
const { exports, typesVersions } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, { readonly types: string }>>
  readonly typesVersions: { readonly '*': Readonly<Record<string, readonly string[]>> }
}
const entries = Object.keys(exports).map((path) => `@cloakwright/admin${path.slice(1)}`)

function run(code: string): string {
  return execFileSync(process.execPath, ['--eval', code], { cwd: home, encoding: 'utf8' })
}

/** What `require` gives of the built package, as in a CommonJS service. */
function namesIn(entry: string): readonly string[] {
  return JSON.parse(run(`console.log(JSON.stringify(Object.keys(require('${entry}'))))`)) as string[]
}

test.each([
  ['@cloakwright/admin', 'createAdmin'],
  ['@cloakwright/admin/realm', 'defineRealm'],
  ['@cloakwright/admin/jobs', 'importUsers'],
  ['@cloakwright/admin/files', 'openUserFile'],
  ['@cloakwright/admin/audit', 'createAuditTrail'],
  ['@cloakwright/admin/secrets', 'rotateSecret'],
])('a CommonJS service gets %s by require()', (entry, name) => {
  expect(entries).toContain(entry)
  expect(namesIn(entry)).toContain(name)
})

test('no name is in two entries', () => {
  const names = entries.flatMap(namesIn)
  expect(names).toEqual([...new Set(names)])
})

test('the main entry does not load the packages that only jobs and files need', () => {
  const ofClient = /^(?:node:|@keycloak\/keycloak-admin-client)/
  const others = [...packagesOf('dist/index.js')].filter((name) => !ofClient.test(name))
  expect(others.toSorted()).toEqual(['cloakwright', 'jose'])
})

/** The packages that a built file imports, itself or by way of others. */
function packagesOf(file: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(file)) return new Set()
  seen.add(file)
  const found = [...readFileSync(join(home, file), 'utf8').matchAll(/^[^*\n]* from '([^']+)'/gm)]
  return new Set(
    found.flatMap(([, name = '']) =>
      name.startsWith('.') ? [...packagesOf(join(file, '..', name), seen)] : [name],
    ),
  )
}

test('compilers that do not read exports find the same types', () => {
  const { '.': _main, ...subpaths } = exports
  expect(typesVersions['*']).toEqual(
    Object.fromEntries(Object.entries(subpaths).map(([path, { types }]) => [path.slice(2), [types]])),
  )
})
