import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { runHere } from '../support/in-process.ts'
import { openShop, type Shop } from '../support/shop.ts'

// Names are exact: nothing is guessed.

vi.setConfig({ testTimeout: 60_000 })

let shop: Shop
let aliceId: string
const run = (...args: string[]) => runHere(args, shop.variables)

beforeAll(async () => {
  shop = await openShop({
    roles: {
      realm: [{ name: 'editor' }, { name: 'only-realm' }],
      client: { 'shop-api': [{ name: 'stock-keeper' }], billing: [{ name: 'stock-keeper' }] },
    },
    clients: [{ clientId: 'shop-api' }, { clientId: 'billing' }],
    groups: [{ name: 'staff', subGroups: [{ name: 'night' }] }],
    users: [{ username: 'alice', email: 'p3@example.com', firstName: 'A', lastName: 'B' }],
  })
  aliceId = (await shop.admin.client.users.find({ username: 'alice', exact: true }))[0]?.id ?? ''
  // Two groups with the same path.
  await shop.admin.client.groups.create({ name: 'staff/night' })
})
beforeEach(() => void shop.writes())
afterAll(() => shop.target.close())

// Users by e-mail address: ../lookup/users.test.ts.
describe('a user name that is the id of another user', () => {
  test('is refused as ambiguous', async () => {
    const { users } = shop.admin.client
    const { id } = await users.create({ username: aliceId, enabled: true, email: 'x@example.com' })
    const { code, stderr } = await run('users', 'disable', aliceId)
    expect(stderr).toContain(`${aliceId} matches several users`)
    expect(stderr).toContain(`id:${aliceId}  user name alice, `)
    expect(stderr).toContain(`id:${id}  user name ${aliceId}, `)
    expect(code).toBe(2)
    await users.del({ id })
    expect((await run('users', 'get', aliceId)).stdout).toContain('username\talice\n')
    expect((await run('roles', 'grant', aliceId, 'editor', '--dry-run')).stdout).toContain(
      'user alice: roles',
    )
  })
})

describe('an unknown role', () => {
  test.each<[string, string[], RegExp]>([
    [
      'client roles, when a realm role is given',
      ['roles', 'grant', 'alice', 'editor', 'stock-keeper'],
      /realm .* has no role stock-keeper[^]*--client billing: that client has a role of this name\n.*--client shop-api/,
    ],
    [
      'a realm role, when a client role is given',
      ['roles', 'revoke', 'alice', 'only-realm', '--client', 'shop-api'],
      /client shop-api has no role only-realm[^]*Omit --client: the realm has a role of this name/,
    ],
    ['client roles', ['roles', 'members', 'stock-keeper'], /no role stock-keeper[^]*--client billing/],
    ['no role', ['roles', 'members', 'none'], /no role none[^]*cloakwright roles list/],
  ])('is refused, with a hint to %s: %j', async (_, args, reason) => {
    const { code, stderr } = await run(...args)
    expect(stderr).toMatch(reason)
    expect(code).toBe(1)
    expect(shop.writes()).toEqual([])
  })

  test.each([
    ['https://app.example.com:editor', 'https://app.example.com::editor'],
    ['urn:app:editor', 'urn:app::editor'],
  ])('of a client with a colon is refused as ambiguous: %s', async (given, proposed) => {
    const create = ['users', 'create', 'carol', '--dry-run', '--client-role']
    const refused = await run(...create, given)
    expect(refused.stderr).toMatch(/is ambiguous: client .* with role .*; client /)
    expect(refused.stderr).toContain(`Put :: between client and role: ${proposed}`)
    expect(refused.code).toBe(2)
    const named = await run(...create, proposed)
    expect(named.stderr).toContain(`no client ${proposed.split('::')[0]}`)
  })
})

test('the internal id or part of a client id is refused, with the client id in the hint', async () => {
  const [client] = await shop.admin.client.clients.find({ clientId: 'shop-api' })
  const byId = await run('roles', 'list', '--client', client?.id ?? '')
  expect(byId.stderr).toMatch(/Give the client id shop-api/)
  const similar = await run('sessions', 'list', '--client', 'shop')
  expect(similar.stderr).toMatch(/no client shop [^]*Similar: shop-api/)
})

test('two groups with the same path are both listed, each with a unique name', async () => {
  const { code, stderr } = await run('groups', 'members', '/staff/night')
  expect(stderr).toMatch(/\/staff\/night matches 2 groups .*"staff\/night" at the top level/)
  const ways = [...stderr.matchAll(/(\S+) for the group/g)].map(([, way = '']) => way)
  expect(ways.toSorted()).toEqual(['/staff~/night', expect.stringMatching(/^id:[\da-f-]{36}$/)])
  expect(code).toBe(1)
  for (const way of ways) expect((await run('groups', 'members', way)).code).toBe(0)
  expect((await run('groups', 'list')).stdout).toMatch(/^\/staff~\/night\t/m)
  expect((await run('groups', 'members', 'Staff')).stderr).toMatch(/Similar: \/staff/)
})
