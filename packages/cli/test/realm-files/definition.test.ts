import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadDefinition } from '../../src/realm-files/definition.ts'
import { temporaryFolder } from '../support/program.ts'

function writeModule(source: string): string {
  const file = join(temporaryFolder(), 'realm.mjs')
  writeFileSync(file, source)
  return file
}

test('loads the result of the module’s default export, also of an async one', async () => {
  const file = writeModule(
    "export default async (env) => ({ realm: env.PATH === undefined ? 'none' : 'shop' })",
  )
  expect(await loadDefinition(file)).toEqual({ realm: 'shop' })
})

test.each<[string, string, RegExp]>([
  ['nothing exported', 'export const realm = 1', /default export of .* is not a function/],
  ['no realm', 'export default () => ({})', /realm/],
  ['an unknown field', "export default () => ({ realm: 'x', usres: [] })", /usres/],
  ['an error', 'export default () => missing.realm', /Could not load .*realm\.mjs: ReferenceError/],
])('refuses a module with %s', async (_, source, reason) => {
  await expect(loadDefinition(writeModule(source))).rejects.toMatchObject({
    code: 'CW_REALM_INVALID',
    message: expect.stringMatching(reason),
  })
})

test('reports the place of an error in the module', async () => {
  const file = writeModule('\nexport default () =>\n  missing.realm')
  await expect(loadDefinition(file)).rejects.toMatchObject({ hint: expect.stringContaining('realm.mjs:3:') })
})

test.each<[string, string, RegExp]>([
  ['a JSON syntax error', '{', /realm\.json:1:2: JSON syntax error/],
  [
    'a password’s mask',
    '{"realm":"x","clients":[{"clientId":"a","secret":"**********"}]}',
    /\$\.clients\[0\]\.secret/,
  ],
  [
    'Keycloak’s own export',
    '{"id":"4711","realm":"x","users":[]}',
    /Keycloak's own export, not a realm definition/,
  ],
  ['several realms', '[{"realm":"x"},{"realm":"y"}]', /Keycloak's own export/],
])('refuses a file with %s', async (_, text, reason) => {
  const file = join(temporaryFolder(), 'realm.json')
  writeFileSync(file, text)
  await expect(loadDefinition(file)).rejects.toMatchObject({
    code: 'CW_REALM_INVALID',
    message: expect.stringMatching(reason),
  })
})

test('accepts a definition in JSON', async () => {
  const file = join(temporaryFolder(), 'realm.json')
  writeFileSync(file, '{"realm":"shop","roles":{"realm":[{"name":"buyer"}]}}')
  expect(await loadDefinition(file)).toEqual({ realm: 'shop', roles: { realm: [{ name: 'buyer' }] } })
})
