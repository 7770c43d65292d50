import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { userRef } from '../../src/lookup/users.ts'
import { openShop, type Shop } from '../support/shop.ts'

// Users by e-mail address.

// Each of them starts processes.
vi.setConfig({ testTimeout: 90_000 })

let shop: Shop

beforeAll(async () => {
  shop = await openShop({ roles: { realm: [{ name: 'editor' }] }, groups: [{ name: 'staff' }] })
  const { realms, users } = shop.admin.client
  await realms.update({ realm: shop.realm }, { loginWithEmailAllowed: false, duplicateEmailsAllowed: true })
  for (const [username, email] of [
    ['alice', 'alice@example.com'],
    ['bob', 'shared@example.com'],
    ['carl', 'shared@example.com'],
    ['dora@example.com', 'dora@example.org'],
    ['erik', 'dora@example.com'],
  ] as const) {
    await users.create({ username, email, enabled: true, firstName: 'A', lastName: 'B' })
  }
})
beforeEach(() => void shop.writes())
afterAll(() => shop.target.close())

const idOf = async (username: string): Promise<string> =>
  (await shop.admin.client.users.find({ username, exact: true }))[0]?.id ?? ''

test.each<[string, string[], string]>([
  ['is found', ['users', 'get', 'Alice@Example.com'], 'username\talice\n'],
  ['is given a role', ['roles', 'grant', 'alice@example.com', 'editor'], '~ user alice: roles.editor'],
  ['joins a group', ['groups', 'add', 'alice@example.com', '/staff'], '~ user alice: groups/staff'],
  ['is disabled', ['users', 'disable', 'alice@example.com'], '~ user alice: enabled'],
  ['is seen before the deletion', ['users', 'delete', 'alice@example.com', '--dry-run'], '- user alice\n'],
  ['has its sessions ended', ['sessions', 'end', 'alice@example.com', '--yes'], 'No session is open'],
  ['is listed', ['users', 'list', '--email', 'ALICE@'], 'alice\talice@example.com\tno\t'],
])('a user %s by e-mail address: %j', async (_, args, expected) => {
  expect(await shop.print(...args)).toContain(expected)
})

test('an e-mail address is used even if the user name is another address', async () => {
  expect(await shop.print('users', 'get', 'dora@example.org')).toContain('username\tdora@example.com\n')
})

describe('a name of several users is refused, with their ids', () => {
  test.each<[string, string, readonly [string, string]]>([
    ['an address that two have', 'shared@example.com', ['bob', 'carl']],
    ['one’s user name and another’s address', 'dora@example.com', ['dora@example.com', 'erik']],
  ])('%s', async (_, text, names) => {
    const { code, stdout, stderr } = await shop.run('users', 'disable', text)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(`${text} matches several users of the realm ${shop.realm}`)
    for (const name of names) expect(stderr).toContain(`id:${await idOf(name)}  user name ${name}, `)
    expect(shop.writes()).toEqual([])
  })

  test('and the id is accepted', async () => {
    expect(await shop.print('users', 'disable', `id:${await idOf('erik')}`)).toContain('~ user erik: enabled')
  })
})

test('an unknown address is an error that proposes a search', async () => {
  const { code, stderr } = await shop.run('users', 'get', 'alise@example.com')
  expect(code).toBe(1)
  expect(stderr).toContain('has no user alise@example.com (CW_ADMIN_NOT_FOUND)')
  expect(stderr).toContain("cloakwright users list --search '*alise*'")
})

test('a user whose address only the database considers equal is not used', async () => {
  const { users } = shop.admin.client
  const [alice = {}] = await users.find({ username: 'alice', exact: true })
  const find = vi
    .spyOn(users, 'find')
    .mockImplementation(async (query) =>
      query?.email === undefined ? [] : [{ ...alice, email: 'álice@example.com' }],
    )
  try {
    await expect(userRef(shop.admin, 'alice@example.com')).rejects.toMatchObject({
      code: 'CW_ADMIN_NOT_FOUND',
    })
  } finally {
    find.mockRestore()
  }
  await expect(userRef(shop.admin, 'ALICE@example.com')).resolves.toEqual({ id: alice.id })
})

test('filters that Keycloak ignores together with --search are refused', async () => {
  for (const args of [
    ['users', 'list', '--search', 'a', '--email', 'example.com'],
    ['users', 'export', '--attribute', 'team=red', '--search', 'a'],
  ]) {
    const { code, stderr } = await shop.run(...args)
    expect(code).toBe(2)
    expect(stderr).toContain("cannot be used with option '--search <text>'")
  }
})
