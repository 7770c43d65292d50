import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevRealm } from '@cloakwright/devrealm'
import { expect, onTestFinished, test } from 'vitest'
import { runHere } from '../../support/in-process.ts'
import { temporaryFolder } from '../../support/program.ts'

const written = (name: string, text: string): string => {
  const file = join(temporaryFolder(), name)
  writeFileSync(file, text)
  return file
}

const roles = {
  realm: [{ name: 'admin' }, { name: 'buyer' }],
  client: { 'shop-api': [{ name: 'stock-keeper' }] },
}
const declared = `declare module 'cloakwright' {
  interface RealmRoles {
    realm: 'admin' | 'buyer'
    clients: {
      'shop-api': 'stock-keeper'
    }
  }
}
`

test.each([
  [
    'a definition',
    'realm.mjs',
    `export default () => (${JSON.stringify({ realm: 'shop', roles, clients: [{ clientId: 'shop-api' }] })})`,
  ],
  ['an export', 'realm.json', JSON.stringify({ realm: 'shop', roles, keycloakVersion: '26.7.4' })],
  ['a list of one export', 'realm.json', JSON.stringify([{ realm: 'shop', roles }])],
])('writes the roles of %s to standard output', async (_name, file, text) => {
  const { code, stdout, stderr } = await runHere(['realm', 'types', '--realm', written(file, text)])
  expect(stderr).toBe('')
  expect(stdout).toContain(declared)
  expect(stdout.endsWith(declared)).toBe(true)
  expect(code).toBe(0)
})

test('writes a file only if it changes', async () => {
  const out = join(temporaryFolder(), 'realm-roles.d.ts')
  const command = (content: object) =>
    runHere(['realm', 'types', '--realm', written('realm.json', JSON.stringify(content)), '--out', out])
  expect(await command({ roles })).toMatchObject({ code: 0, stdout: `The types were written to ${out}\n` })
  expect(readFileSync(out, 'utf8')).toContain(declared)
  utimesSync(out, 1, 1)
  expect(await command({ roles })).toMatchObject({ code: 0, stdout: `${out} is already up to date\n` })
  expect(statSync(out).mtimeMs).toBe(1000)
  expect(await command({ roles: { realm: [{ name: 'other' }] } })).toMatchObject({ code: 0 })
  expect(readFileSync(out, 'utf8')).toContain("realm: 'other'")
})

test('writes the roles of the live realm', async () => {
  const realm = await createDevRealm({ admin: { username: 'admin', password: 'admin' } })
  onTestFinished(() => realm.close())
  const server = await realm.listen()
  const { code, stdout, stderr } = await runHere(['realm', 'types', '--server', server], {
    KEYCLOAK_REALM: 'master',
  })
  expect(stderr).toBe('')
  expect(stdout).toMatch(/realm:[^]*'offline_access'[^]*clients: \{/)
  expect(code).toBe(0)
  const missing = await runHere(['realm', 'types', '--server', server])
  expect(missing.stderr).toMatch(/no realm cloakwright \(CW_ADMIN_NOT_FOUND\)/)
  expect(missing.code).toBe(1)
})

test.each<[string, () => string[], number, RegExp]>([
  ['an export of two realms', () => ['--realm', written('realms.json', '[{}, {}]')], 1, /CW_REALM_INVALID/],
  ['a file that is not an export', () => ['--realm', written('realms.json', '7')], 1, /CW_REALM_INVALID/],
  ['a file that does not exist', () => ['--realm', 'none.json'], 1, /--realm: could not read none\.json/],
  [
    'a folder that does not exist',
    () => ['--realm', written('realm.json', '{}'), '--out', '/nowhere/a.d.ts'],
    1,
    /ENOENT.*CW_CONFIG_INVALID/,
  ],
  [
    'a definition and a server',
    () => ['--realm', 'x', '--server', 'http://localhost'],
    2,
    /cannot be used with/,
  ],
])('refuses %s', async (_name, args, code, reason) => {
  const output = await runHere(['realm', 'types', ...args()])
  expect(output.stderr).toMatch(reason)
  expect(output.code).toBe(code)
})
