import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/program.ts'
import { openShop, type Shop } from '../../support/shop.ts'

// The shop is staging; production is a second realm.
let shop: Shop

beforeAll(async () => {
  shop = await openShop({
    displayName: 'Staging',
    roles: { realm: [{ name: 'customer' }] },
    clients: [{ clientId: 'web', publicClient: false, secret: 's3cr3t-canary' }],
    groups: [{ name: 'staff', roles: { realm: ['customer'] } }],
  })
})
afterAll(() => shop.target.close())

const module = (definition: string): string => {
  const file = join(temporaryFolder(), 'realm.mjs')
  writeFileSync(file, `export default () => (${definition})`)
  return file
}
const realm = (command: string, file: string, ...args: readonly string[]) =>
  shop.run('realm', command, '--realm', file, ...args)

test('exports staging, compares production with it and applies it, then finds no difference', {
  timeout: 60_000,
}, async () => {
  const production = shop.target.realmName()
  const file = join(temporaryFolder(), 'staging.json')
  const trail = join(temporaryFolder(), 'trail.ndjson')

  const exported = await shop.run('realm', 'export', '--realm', shop.realm, '--out', file)
  expect(exported).toMatchObject({
    code: 0,
    stdout: `The definition of ${shop.realm} was written to ${file}\n`,
  })
  expect(exported.stderr).toMatch(
    /not exported: client web: secret\n[^]*not exported: users[^]*identity providers/,
  )
  expect(readFileSync(file, 'utf8').includes('canary')).toBe(false)
  expect(await realm('plan', file)).toMatchObject({
    code: 0,
    stdout: `${shop.realm} matches its definition\n`,
  })

  const args = ['--target', production]
  await shop.target.admin().client.realms.create({ realm: production, enabled: true, displayName: 'Shop' })
  const json = await realm('plan', file, ...args, '--json')
  expect(json).toMatchObject({ code: 2, stderr: '' })
  expect(JSON.parse(json.stdout)).toMatchObject({
    dryRun: true,
    realm: production,
    changes: [
      {
        action: 'update',
        kind: 'realm',
        name: production,
        fields: ['displayName'],
        before: { displayName: 'Shop' },
        after: { displayName: 'Staging' },
      },
      {
        action: 'create',
        kind: 'realm role',
        name: 'customer',
        fields: [],
        before: {},
        after: { name: 'customer' },
      },
      { kind: 'client', name: 'web' },
      { kind: 'group', name: '/staff', after: { name: 'staff', roles: { realm: ['customer'] } } },
    ],
  })

  shop.writes()
  const text = await realm('apply', file, ...args, '--dry-run', '--audit', trail)
  expect(text).toMatchObject({ code: 0, stderr: '' })
  expect(text.stdout.split('\n')).toEqual([
    `~ realm ${production}: displayName`,
    '    displayName: "Shop" → "Staging"',
    '+ realm role customer',
    '+ client web',
    '+ group /staff',
    '4 to change',
    '',
  ])
  expect(shop.writes()).toEqual([])
  const applied = await realm('apply', file, ...args, '--audit', trail, '--reason', 'release 7', '--json')
  expect(applied).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(applied.stdout)).toEqual({ ...(JSON.parse(json.stdout) as object), dryRun: false })
  const entries = readFileSync(trail, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { seal?: unknown })
    .filter(({ seal }) => seal === undefined)
  expect(entries).toMatchObject([
    { kind: 'realm', before: { displayName: 'Shop' }, after: { displayName: 'Staging' }, why: 'release 7' },
    { kind: 'realm role', name: 'customer', realm: production },
    { kind: 'client', name: 'web' },
    { kind: 'group', name: '/staff' },
  ])
  expect(await realm('plan', file, ...args)).toMatchObject({
    code: 0,
    stdout: `${production} matches its definition\n`,
  })
})

describe('a change that can’t be recorded is not made', () => {
  test('apply fails if the trail of --audit or CLOAKWRIGHT_AUDIT can’t be written', async () => {
    const file = module(`{ realm: '${shop.realm}', displayName: 'Changed' }`)
    const nowhere = join(temporaryFolder(), 'no', 'such', 'folder')
    shop.writes()
    for (const work of [
      () => realm('apply', file, '--audit', nowhere),
      async () => {
        shop.variables['CLOAKWRIGHT_AUDIT'] = nowhere
        const result = await realm('apply', file)
        delete shop.variables['CLOAKWRIGHT_AUDIT']
        return result
      },
    ]) {
      const { code, stderr } = await work()
      expect(stderr).toMatch(/nothing was changed[^]*CW_AUDIT_UNAVAILABLE/)
      expect(code).toBe(1)
    }
    expect(shop.writes()).toEqual([])
  })

  test('--reason needs a trail', async () => {
    const file = module(`{ realm: '${shop.realm}', displayName: 'Changed' }`)
    const { code, stderr } = await realm('apply', file, '--reason', 'because')
    expect(stderr).toContain('--audit FILE, or set CLOAKWRIGHT_AUDIT')
    expect(code).toBe(2)
  })
})

test('plan and apply list dangling references, exit with 1 and write nothing', async () => {
  const file = module(`{
    realm: '${shop.realm}',
    roles: { realm: [{ name: 'r1', composites: { realm: ['gone'] } }] },
    clients: [{ clientId: 'a' }, { clientId: 'b', defaultClientScopes: ['gone'] }],
    users: [{ username: 'alice', roles: { realm: ['gone-too'] }, groups: ['/gone', '/staff'] }],
  }`)
  shop.writes()
  for (const command of ['plan', 'apply']) {
    const { code, stdout, stderr } = await realm(command, file)
    expect(stderr.split('\n').slice(1, 5)).toEqual([
      '  $.roles.realm[0].composites.realm[0]: no realm role gone',
      '  $.clients[1].defaultClientScopes[0]: no client scope gone',
      '  $.users[0].roles.realm[0]: no realm role gone-too',
      '  $.users[0].groups[0]: no group /gone (CW_REALM_MISMATCH)',
    ])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  }
  expect(shop.writes()).toEqual([])
})

test('export writes to standard output, and never overwrites a file', async () => {
  const { code, stdout, stderr } = await shop.run('realm', 'export')
  expect(JSON.parse(stdout)).toMatchObject({ realm: shop.realm, displayName: 'Staging' })
  expect(stderr).toContain('never exported: keys')
  expect(code).toBe(0)

  const file = join(temporaryFolder(), 'reviewed.json')
  writeFileSync(file, '{}')
  const refused = await shop.run('realm', 'export', '--out', file)
  expect(refused.stderr).toMatch(/exists already[^]*Give the path of a new file/)
  expect(refused.code).toBe(1)
  expect(readFileSync(file, 'utf8')).toBe('{}')
})
