import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { runHere } from '../support/in-process.ts'
import { openShop, type Shop } from '../support/shop.ts'

// What a command names: nothing is guessed.

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
  // Two groups whose paths read the same.
  await shop.admin.client.groups.create({ name: 'staff/night' })
})
beforeEach(() => void shop.writes())
afterAll(() => shop.target.close())

// By its address: ../lookup/users.test.ts.
describe('a user whose name is the id of another', () => {
  test('is not taken for that one, nor that one for it', async () => {
    const { users } = shop.admin.client
    const { id } = await users.create({ username: aliceId, enabled: true, email: 'x@example.com' })
    const { code, stderr } = await run('users', 'disable', aliceId)
    expect(stderr).toContain(`${aliceId} names several users`)
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

describe('a role', () => {
  test.each<[string, string[], RegExp]>([
    [
      'of clients, not of the realm',
      ['roles', 'grant', 'alice', 'editor', 'stock-keeper'],
      /realm .* has no role stock-keeper[^]*client billing has a role of this name: --client billing\n.*--client shop-api/,
    ],
    [
      'of the realm, not of the client',
      ['roles', 'revoke', 'alice', 'only-realm', '--client', 'shop-api'],
      /client shop-api has no role only-realm[^]*The realm has a role of this name: leave --client out/,
    ],
    ['of clients', ['roles', 'members', 'stock-keeper'], /no role stock-keeper[^]*--client billing/],
    ['that is nowhere', ['roles', 'members', 'none'], /no role none[^]*cloakwright roles list/],
  ])('%s is not taken for another: %j', async (_, args, reason) => {
    const { code, stderr } = await run(...args)
    expect(stderr).toMatch(reason)
    expect(code).toBe(1)
    expect(shop.writes()).toEqual([])
  })

  test.each([
    ['https://app.example.com:editor', 'https://app.example.com::editor'],
    ['urn:app:editor', 'urn:app::editor'],
  ])('of a client with a colon is asked back: %s', async (given, proposed) => {
    const create = ['users', 'create', 'carol', '--dry-run', '--client-role']
    const refused = await run(...create, given)
    expect(refused.stderr).toMatch(/can be read in several ways: client .* with role .*; client /)
    expect(refused.stderr).toContain(`Put :: between client and role: ${proposed}`)
    expect(refused.code).toBe(2)
    const named = await run(...create, proposed)
    expect(named.stderr).toContain(`no client ${proposed.split('::')[0]}`)
  })
})

test('a client by its id or a part of its name is told', async () => {
  const [client] = await shop.admin.client.clients.find({ clientId: 'shop-api' })
  const byId = await run('roles', 'list', '--client', client?.id ?? '')
  expect(byId.stderr).toMatch(/It is the id of the client shop-api/)
  const similar = await run('sessions', 'list', '--client', 'shop')
  expect(similar.stderr).toMatch(/no client shop [^]*Similar: shop-api/)
})

test('of two groups with one path both are listed, and each can be named', async () => {
  const { code, stderr } = await run('groups', 'members', '/staff/night')
  expect(stderr).toMatch(/\/staff\/night names 2 groups .*"staff\/night" at the top/)
  const ways = [...stderr.matchAll(/(\S+) for the group/g)].map(([, way = '']) => way)
  expect(ways.toSorted()).toEqual(['/staff~/night', expect.stringMatching(/^id:[\da-f-]{36}$/)])
  expect(code).toBe(1)
  for (const way of ways) expect((await run('groups', 'members', way)).code).toBe(0)
  expect((await run('groups', 'list')).stdout).toMatch(/^\/staff~\/night\t/m)
  expect((await run('groups', 'members', 'Staff')).stderr).toMatch(/Similar: \/staff/)
})
