import { type Admin, users, usersWithMemberships } from '@cloakwright/admin'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { pagesByName } from '../../src/listing/pages-by-name.ts'
import { caught } from '../support/caught.ts'
import { collect } from '../support/collect.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
beforeEach(() => target.proxy.reset())
afterAll(() => target.close())

describe('users with their memberships', () => {
  let admin: Admin
  beforeAll(async () => {
    const realm = target.realmName()
    admin = target.admin({ realm })
    await admin.client.realms.create({
      realm,
      enabled: true,
      clients: [{ clientId: 'app' }, { clientId: '__proto__' }],
      roles: {
        realm: [
          { name: 'editor', composite: true, composites: { realm: ['reader'] } },
          { name: 'reader' },
          { name: 'a/b;c' },
        ],
        client: { app: [{ name: 'stock:read' }], ['__proto__']: [{ name: 'odd' }] },
      },
      groups: [
        {
          name: 'staff',
          realmRoles: ['reader'],
          subGroups: [{ name: 'on call', subGroups: [{ name: 'nights' }] }],
        },
        { name: 'Ärzte' },
      ],
      users: [
        {
          username: 'alice',
          enabled: true,
          realmRoles: ['a/b;c', 'editor', `default-roles-${realm}`],
          clientRoles: Object.fromEntries([
            ['app', ['stock:read']],
            ['__proto__', ['odd']],
          ]),
          groups: ['/staff', '/staff/on call/nights'],
        },
        { username: 'bob', enabled: false, groups: ['/Ärzte'] },
        { username: 'zoe', enabled: true, realmRoles: ['editor'] },
      ],
    })
  })

  const alice = {
    username: 'alice',
    realmRoles: ['a/b;c', 'editor'],
    clientRoles: Object.fromEntries([
      ['app', ['stock:read']],
      ['__proto__', ['odd']],
    ]),
    groups: ['/staff', '/staff/on call/nights'],
  }
  const bob = { username: 'bob', realmRoles: [], clientRoles: {}, groups: ['/Ärzte'] }
  const zoe = { username: 'zoe', realmRoles: ['editor'], clientRoles: {}, groups: [] }

  test('have their direct roles, not those of composites, groups and the default role', async () => {
    expect(await collect(usersWithMemberships(admin))).toMatchObject([alice, bob, zoe])
  })

  test('are found by a filter, and then asked for one by one', async () => {
    const found = await collect(usersWithMemberships(admin, { enabled: true }))
    expect(found).toMatchObject([alice, zoe])
    // The count, the list, the realm for its default role, then two for each user.
    expect(target.proxy.count('GET')).toBe(3 + 2 * 2)
    expect(await collect(usersWithMemberships(admin, { search: 'nobody' }))).toEqual([])
  })

  test('have only the requested parts', async () => {
    const [groups] = await collect(usersWithMemberships(admin, { roles: false }))
    expect(groups).toMatchObject({ groups: alice.groups })
    expect(groups).not.toHaveProperty('realmRoles')
    const [roles] = await collect(usersWithMemberships(admin, { groups: false, username: 'ali' }))
    expect(roles).toMatchObject({ realmRoles: alice.realmRoles, clientRoles: alice.clientRoles })
    expect(roles).not.toHaveProperty('groups')
  })

  test('are brief where that is enough', async () => {
    const [whole] = await collect(usersWithMemberships(admin))
    const [brief] = await collect(usersWithMemberships(admin, { brief: true }))
    expect(brief).toMatchObject(alice)
    expect(whole).toHaveProperty('requiredActions')
    expect(brief).not.toHaveProperty('requiredActions')
  })

  test('stop when the signal is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(collect(usersWithMemberships(admin, { signal }))).rejects.toThrow('enough')
  })
})

describe('a thousand users in twenty groups', () => {
  let admin: Admin
  beforeAll(async () => {
    const realm = target.realmName()
    admin = target.admin({ realm })
    await admin.client.realms.create({
      realm,
      enabled: true,
      roles: { realm: [{ name: 'reader' }] },
      groups: Array.from({ length: 20 }, (_, index) => ({ name: `group-${index}` })),
    })
    for (let first = 0; first < 1000; first += 250) {
      const list = Array.from({ length: 250 }, (_, index) => ({
        username: `user-${first + index}`,
        enabled: true,
        realmRoles: ['reader'],
        groups: [`/group-${(first + index) % 20}`],
      }))
      await admin.client.realms.partialImport({ realm, rep: { ifResourceExists: 'SKIP', users: list } })
    }
  })

  test('cost a request a page, not a request a user', async () => {
    const found = await collect(usersWithMemberships(admin, { roles: false }))

    expect(new Set(found.map(({ id }) => id)).size).toBe(1000)
    expect(
      found.every(({ username, groups }) => groups?.[0] === `/group-${Number(username?.slice(5)) % 20}`),
    ).toBe(true)
    // Three pages of users, one of groups, one of members for each of twenty groups.
    expect(target.proxy.count('GET')).toBe(3 + 1 + 20)
  })

  test('cost one more for each role and client', async () => {
    const found = await collect(usersWithMemberships(admin))

    expect(found.every(({ realmRoles }) => realmRoles?.join() === 'reader')).toBe(true)
    const { client } = admin
    const clients = await client.clients.find()
    const roles = await Promise.all(clients.map(({ id = '' }) => client.clients.listRoles({ id })))
    // The realm, one page of its roles and of its clients; three pages for `reader`, one for the two others of a realm.
    const fixed = 1 + 1 + 1 + 3 + 2
    const listed = target.proxy.count('GET') - 1 - clients.length
    expect(listed).toBe(3 + 1 + 20 + fixed + clients.length + roles.flat().length)
  })
})

describe('users who come and go while the list is read', () => {
  test.each([
    ['are deleted on pages that were read', ['user-01', 'user-02', 'user-09'], []],
    [
      'are deleted with everybody who was read',
      Array.from({ length: 10 }, (_, index) => `user-0${index}`),
      [],
    ],
    ['are created before those that were read', [], ['aaa-1', 'aaa-2', 'user-000']],
    ['come and go', ['user-03', 'user-08', 'user-09'], ['aaa-1', 'user-001']],
  ])('and %s leave no one out and double none', async (_what, gone, come) => {
    const realm = target.realmName()
    const names = Array.from({ length: 35 }, (_, index) => `user-${String(index).padStart(2, '0')}`)
    const { client } = target.admin({ realm })
    await client.realms.create({
      realm,
      enabled: true,
      users: names.map((username) => ({ username, enabled: true })),
    })

    const found: string[] = []
    for await (const page of pagesByName((part) => client.users.find({ ...part }), 10)) {
      if (found.length === 0) {
        for (const username of gone) {
          const [user] = await client.users.find({ username, exact: true })
          await client.users.del({ id: user?.id ?? '' })
        }
        for (const username of come) await client.users.create({ username, enabled: true })
      }
      found.push(...page.map(({ username = '' }) => username))
    }

    expect(new Set(found).size).toBe(found.length)
    expect(found.filter((name) => !come.includes(name))).toEqual(names)
  })
})

test('users come by name, each once, whatever their number', async () => {
  const realm = target.realmName()
  const admin = target.admin({ realm })
  const names = Array.from({ length: 501 }, (_, index) => `user-${String(index).padStart(3, '0')}`)
  await admin.client.realms.create({ realm, enabled: true, users: names.map((username) => ({ username })) })

  expect((await collect(users(admin))).map(({ username }) => username)).toEqual(names)
  expect((await collect(users(admin, { username: 'user-00', exact: false }))).length).toBe(10)
})

test.each([{ q: 'team:red' }, { email: 'example.com' }, { exact: true }])(
  'a condition that Keycloak ignores with search is refused: %j',
  async (condition) => {
    const error = await caught(collect(users(target.admin(), { search: 'a', ...condition })))
    expect(error.code).toBe('CW_CONFIG_INVALID')
    expect(error.message).toBe(`Keycloak ignores ${Object.keys(condition)[0]} when search is given`)
    expect(target.proxy.count('GET')).toBe(0)
  },
)
