import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'

const home = join(import.meta.dirname, '..')
const { exports, typesVersions } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, { readonly types: string }>>
  readonly typesVersions: { readonly '*': Readonly<Record<string, readonly string[]>> }
}
const entries = Object.keys(exports).map((path) => `@cloakwright/admin${path.slice(1)}`)

/** What `require` gives of each built entry, as in a CommonJS service. */
function readNames(): ReadonlyMap<string, readonly string[]> {
  const code = `console.log(JSON.stringify(${JSON.stringify(entries)}.map((each) => [each, Object.keys(require(each))])))`
  const output = execFileSync(process.execPath, ['--eval', code], { cwd: home, encoding: 'utf8' })
  return new Map(JSON.parse(output) as [string, readonly string[]][])
}

let namesIn: ReadonlyMap<string, readonly string[]>
beforeAll(() => {
  namesIn = readNames()
})

test.each([
  ['@cloakwright/admin', 'createAdmin'],
  ['@cloakwright/admin/realm', 'defineRealm'],
  ['@cloakwright/admin/jobs', 'importUsers'],
  ['@cloakwright/admin/files', 'openUserFile'],
  ['@cloakwright/admin/audit', 'createAuditTrail'],
  ['@cloakwright/admin/secrets', 'rotateSecret'],
])('a CommonJS service gets %s by require()', (entry, name) => {
  expect(entries).toContain(entry)
  expect(namesIn.get(entry)).toContain(name)
})

test('no name is in two entries', () => {
  const names = entries.flatMap((entry) => namesIn.get(entry) ?? [])
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
