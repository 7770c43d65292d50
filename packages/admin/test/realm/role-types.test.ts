import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { definedRoleNames, ensureRealm, readRoleNames, toRoleTypes } from '@cloakwright/admin/realm'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openTarget, type Target } from '../support/target.ts'

const home = join(import.meta.dirname, '../..')

/** What the compiler says of a program beside a declaration file. */
function compile(program: string, declaration?: string): string {
  // Inside the package, so that the program imports cloakwright by its name.
  const folder = mkdtempSync(join(home, '.types-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'program.ts'), program)
  if (declaration !== undefined) writeFileSync(join(folder, 'realm-roles.d.ts'), declaration)
  writeFileSync(
    join(folder, 'tsconfig.json'),
    '{ "extends": "../../../tsconfig.tests.json", "include": ["*.ts"] }',
  )
  const compiler = join(home, '../../node_modules/typescript/bin/tsc')
  try {
    return execFileSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })
  } catch (error) {
    return (error as { stdout: string }).stdout
  }
}

const roles = (...names: string[]) => names.map((name) => ({ name }))

test('the declaration file, in alphabetical order, whatever the definition’s', () => {
  const definition = {
    roles: {
      realm: roles('user', 'admin', 'user'),
      client: { 'shop-web': [], 'shop-api': roles('stock-keeper', 'buyer'), backoffice: roles('clerk') },
    },
  }
  expect(toRoleTypes(definedRoleNames(definition))).toBe(`\
// Written by \`cloakwright realm types\`, for the compiler: the realm's roles. Changes here are lost.
export {}

declare module 'cloakwright' {
  interface RealmRoles {
    realm: 'admin' | 'user'
    clients: {
      backoffice: 'clerk'
      'shop-api': 'buyer' | 'stock-keeper'
    }
  }
}
`)
})

describe('the compiler', () => {
  const imports =
    "import { clientRole, role } from 'cloakwright'; import { requireClientRole, requireRole } from 'cloakwright/fastify'"
  const program = (...lines: string[]) =>
    [imports, ...lines, 'export const used = [clientRole, role, requireClientRole, requireRole]'].join('\n')

  test('takes any role while there is no such file', () => {
    expect(compile(program("role('admn')", "clientRole('shop', 'x')", 'role(process.title)'))).toBe('')
  })

  test('refuses a mistyped role, client and client role once there is one', () => {
    const declaration = toRoleTypes(
      definedRoleNames({ roles: { realm: roles('admin'), client: { 'shop-api': roles('buyer') } } }),
    )
    const right = [
      "role('admin')",
      "role('admin', 'admin')",
      "clientRole('shop-api', 'buyer')",
      "requireRole('admin')",
      "requireClientRole('shop-api', 'buyer')",
    ]
    expect(compile(program(...right), declaration)).toBe('')
    const wrong = [
      "role('admn')",
      "role('admin', 'Admin')",
      'role(process.title)',
      "clientRole('shop-api', 'byer')",
      "clientRole('shop', 'buyer')",
      "role('buyer')",
      "requireRole('admn')",
      "requireClientRole('shop-api', 'byer')",
    ]
    const lines = compile(program(...wrong), declaration)
      .trim()
      .split('\n')
    expect(lines.map((line) => /program\.ts\((\d+),.*'"(admin|buyer|shop-api)"'/.exec(line)?.[1])).toEqual(
      wrong.map((_, at) => `${at + 2}`),
    )
  })

  test('takes no role of a realm that has none', () => {
    const output = compile(
      program("role('admin')", "clientRole('shop', 'x')"),
      toRoleTypes(definedRoleNames({})),
    )
    expect(output).toMatch(/program\.ts\(2,.*'never'/)
    expect(output).toMatch(/program\.ts\(3,.*'never'/)
  })

  test('reads odd names as they are', () => {
    const odd = [
      'it\'s "so"',
      String.raw`back\slash`,
      String.raw`\"`,
      '\\',
      "'",
      'line\nline',
      '\u2028 \u202E \u{E0001} \0',
      '*/ } // ${x} `',
      'Süd/West + 1%',
      '__proto__',
      'constructor',
      '\uD800',
    ]
    const clients = JSON.parse(
      JSON.stringify(Object.fromEntries(odd.map((name) => [`of ${name}`, roles(name)]))).replace(
        'of __proto__',
        '__proto__',
      ),
    ) as Record<string, { name: string }[]>
    const declaration = toRoleTypes(definedRoleNames({ roles: { realm: roles(...odd), client: clients } }))
    expect(declaration).not.toMatch(/\p{Cf}|\u2028/u)
    const uses = Object.entries(clients).flatMap(([client, [role]]) => [
      `role(${JSON.stringify(role?.name)})`,
      `clientRole(${JSON.stringify(client)}, ${JSON.stringify(role?.name)})`,
    ])
    expect(uses).toHaveLength(24)
    expect(compile(program(...uses), declaration)).toBe('')
  })
})

test('long lists are one role a line', () => {
  const names = Array.from({ length: 20 }, (_, at) => `department-${at + 10}`)
  const text = toRoleTypes({ realm: names, clients: new Map() })
  expect(text).toContain("    realm:\n      | 'department-10'\n      | 'department-11'\n")
  expect(text).toContain('    clients: {}\n')
})

describe('a live realm', () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  test('says all of its roles, beyond the first page', async () => {
    const realm = target.realmName()
    const many = Array.from({ length: 120 }, (_, at) => `role-${at}`)
    const admin = target.admin()
    await ensureRealm(admin, {
      realm,
      roles: { realm: roles(...many), client: { 'shop-api': roles('buyer') } },
      clients: [{ clientId: 'shop-api' }, { clientId: 'shop-web' }],
    })
    const found = await readRoleNames(target.admin(), realm)
    expect(found.realm).toEqual(expect.arrayContaining([...many, 'offline_access']))
    expect(found.clients.get('shop-api')).toEqual(['buyer'])
    expect(found.clients.has('shop-web')).toBe(false)
    expect(found.clients.get('realm-management')).toContain('view-users')
  })

  test('that is not there is an error', async () => {
    await expect(readRoleNames(target.admin(), 'no-such-realm')).rejects.toMatchObject({
      code: 'CW_ADMIN_NOT_FOUND',
    })
  })
})
