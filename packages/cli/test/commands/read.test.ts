import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openShop, type Shop } from '../support/shop.ts'

// Commands that only read.

const count = 230
const steering = 'Edits\u001B]0;owned\u0007 \u009B31m all'

// Each of them starts many processes.
vi.setConfig({ testTimeout: 90_000 })

let shop: Shop

beforeAll(async () => {
  shop = await openShop({
    roles: {
      realm: [{ name: 'user' }, { name: 'editor', description: steering }],
      client: { 'shop-api': [{ name: 'stock-keeper' }] },
    },
    clients: [{ clientId: 'shop-api', publicClient: true, directAccessGrantsEnabled: true }],
    groups: [{ name: 'staff', subGroups: [{ name: 'editors' }, { name: 'support' }] }, { name: 'buyers' }],
    users: [
      {
        username: 'alice',
        email: 'alice@example.com',
        firstName: 'Alice',
        lastName: 'Liddell',
        password: 'canary-pa55word',
        groups: ['/staff/editors'],
        roles: { realm: ['editor'], client: { 'shop-api': ['stock-keeper'] } },
      },
    ],
  })
  await shop.admin.client.realms.partialImport({
    realm: shop.realm,
    rep: {
      ifResourceExists: 'SKIP',
      users: Array.from({ length: count - 1 }, (_, index) => ({
        username: `user-${String(index).padStart(4, '0')}`,
        enabled: index % 10 !== 0,
      })),
    },
  })
})
beforeEach(() => void shop.writes())
afterAll(() => shop.target.close())

function columns(stdout: string): string[][] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
}

test('users list prints more than the hundred users of one Keycloak page, and writes nothing', async () => {
  const rows = columns(await shop.print('users', 'list'))
  expect(rows).toHaveLength(count)
  expect(rows[0]?.slice(0, 3)).toEqual(['alice', 'alice@example.com', 'yes'])
  expect(rows.filter(([, , enabled]) => enabled === 'no')).toHaveLength(23)
  expect(shop.writes()).toEqual([])
})

test.each<[string, string[], number]>([
  ['that begin with a text', ['--search', 'user-001'], 10],
  ['that are disabled', ['--disabled'], 23],
  ['at most so many', ['--limit', '120'], 120],
  ['with an attribute that nobody has', ['--attribute', 'team=blue and red'], 0],
])('users list: those %s', async (_, options, expected) => {
  const stdout = await shop.print('users', 'list', ...options, '--json')
  const lines = stdout.split('\n').slice(0, -1)
  expect(lines).toHaveLength(expected)
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty('username')
})

test('users list --memberships reads groups and roles by page, not by user', async () => {
  const rows = columns(await shop.print('users', 'list', '--memberships'))
  expect(rows).toHaveLength(count)
  expect(rows[0]?.slice(4)).toEqual(['/staff/editors', 'editor', '{"shop-api":["stock-keeper"]}'])
  expect(shop.target.proxy.seen.length).toBeLessThan(count / 2)
})

test('users get prints groups and roles, by user name or id', async () => {
  const user = JSON.parse(await shop.print('users', 'get', 'alice', '--json')) as Record<string, unknown>
  expect(user).toMatchObject({
    username: 'alice',
    email: 'alice@example.com',
    groups: ['/staff/editors'],
    clientRoles: { 'shop-api': ['stock-keeper'] },
  })
  expect(user['realmRoles']).toContain('editor')
  const lines = columns(await shop.print('users', 'get', `id:${String(user['id'])}`))
  expect(lines).toContainEqual(['username', 'alice'])
  expect(lines).toContainEqual(['groups', '/staff/editors'])
})

test('groups list includes subgroups, groups members only direct members', async () => {
  const paths = columns(await shop.print('groups', 'list')).map(([path]) => path)
  expect(paths).toEqual(['/buyers', '/staff', '/staff/editors', '/staff/support'])
  expect(columns(await shop.print('groups', 'members', '/staff/editors')).map(([name]) => name)).toEqual([
    'alice',
  ])
  expect((await shop.run('groups', 'members', '/staff')).stdout).toBe('')
})

test('roles list and members work for the realm and for a client', async () => {
  expect(columns(await shop.print('roles', 'list')).map(([name]) => name)).toContain('user')
  expect(await shop.print('roles', 'list', '--client', 'shop-api')).toBe('stock-keeper\tno\t\n')
  for (const role of [['editor'], ['stock-keeper', '--client', 'shop-api']]) {
    expect(columns(await shop.print('roles', 'members', ...role)).map(([name]) => name)).toEqual(['alice'])
  }
})

test('sessions list works for a user and for a client', async () => {
  const answer = await fetch(`${shop.target.proxy.url}/realms/${shop.realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'shop-api',
      username: 'alice',
      password: 'canary-pa55word',
    }),
  })
  expect(answer.status).toBe(200)
  for (const where of [
    ['--user', 'alice'],
    ['--client', 'shop-api'],
  ]) {
    const rows = columns(await shop.print('sessions', 'list', ...where))
    expect(rows).toHaveLength(1)
    expect(rows[0]?.[1]).toBe('alice')
    expect(rows[0]?.[3]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
  }
})

describe('control characters from the server are escaped', () => {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const control = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/

  test('in lines as question marks', async () => {
    const stdout = await shop.print('roles', 'list')
    expect(stdout).not.toMatch(control)
    expect(stdout).toContain('editor\tno\tEdits?]0;owned? ?31m all\n')
  })

  test('in JSON as escapes of the same characters', async () => {
    const stdout = await shop.print('roles', 'list', '--json')
    expect(stdout).not.toMatch(control)
    const roles = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; description?: string })
    expect(roles.find(({ name }) => name === 'editor')?.description).toBe(steering)
  })
})

test.each<[string, string[], RegExp, number]>([
  ['an unknown user', ['users', 'get', 'nobody'], /no user nobody \(CW_ADMIN_NOT_FOUND\)/, 1],
  ['an unknown group', ['groups', 'members', '/none'], /no group \/none \(CW_ADMIN_NOT_FOUND\)/, 1],
  ['an unknown client', ['roles', 'list', '--client', 'none'], /no client none \(CW_ADMIN_NOT_FOUND\)/, 1],
  ['an unknown realm', ['users', 'list', '--realm', 'none'], /404.*CW_ADMIN_NOT_FOUND/, 1],
  ['sessions without a user or client', ['sessions', 'list'], /--user USER or --client ID/, 2],
  ['an attribute without a value', ['users', 'list', '--attribute', 'team'], /NAME=VALUE/, 2],
  ['a limit of 0', ['users', 'list', '--limit', '0'], /whole number, 1 or more/, 2],
])('refuses %s on standard error', async (_, args, reason, ended) => {
  const { code, stdout, stderr } = await shop.run(...args)
  expect(stderr).toMatch(reason)
  expect(stdout).toBe('')
  expect(code).toBe(ended)
})
