import { type Admin, effectiveMembers, type RoleName, type RoleWay } from '@cloakwright/admin'
import { ensureRealm } from '@cloakwright/admin/realm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { collect } from '../support/collect.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let admin: Admin
let realm: string

/** More than a page of 500, so that pages are put together. */
const crew = 620

beforeAll(async () => {
  target = await openTarget()
  realm = target.realmName()
  admin = target.admin({ realm })
  await ensureRealm(target.admin(), {
    realm,
    roles: {
      realm: [
        { name: 'editor' },
        { name: 'chief', composites: { realm: ['editor'] } },
        { name: 'boss', composites: { realm: ['chief'] } },
        { name: 'everyones' },
        { name: 'unused' },
      ],
      client: { shop: [{ name: 'manager', composites: { realm: ['editor'] } }, { name: 'keeper' }] },
    },
    clients: [{ clientId: 'shop', publicClient: false, serviceAccountsEnabled: true }],
    groups: [
      {
        name: 'staff',
        roles: { realm: ['editor'] },
        subGroups: [{ name: 'desk', subGroups: [{ name: 'night' }] }, { name: 'empty' }],
      },
      { name: 'press', roles: { realm: ['boss'], client: { shop: ['keeper'] } } },
    ],
    users: [
      { username: 'by-chief', roles: { realm: ['chief'] } },
      { username: 'by-boss', roles: { realm: ['boss'] } },
      { username: 'by-client-role', roles: { client: { shop: ['manager'] } } },
      { username: 'in-night', groups: ['/staff/desk/night'] },
      { username: 'in-press', groups: ['/press'] },
      { username: 'many-ways', roles: { realm: ['editor', 'boss'] }, groups: ['/staff', '/press'] },
      { username: 'none' },
    ],
  })
  const { client } = admin
  await client.realms.partialImport({
    realm,
    rep: {
      ifResourceExists: 'SKIP',
      users: Array.from({ length: crew }, (_, index) => ({
        username: `crew-${String(index).padStart(4, '0')}`,
        enabled: true,
        realmRoles: index % 2 === 0 ? ['editor'] : [],
        groups: index % 3 === 0 ? ['/staff/desk'] : [],
      })),
    },
  })
})
beforeEach(() => target.proxy.reset())
afterAll(() => target.close())

async function members(role: RoleName): Promise<Map<string | undefined, readonly RoleWay[]>> {
  const found = await collect(effectiveMembers(admin, role))
  const byName = new Map(found.map(({ user, ways }) => [user.username, ways]))
  // Each once.
  expect(byName.size).toBe(found.length)
  return byName
}

describe('who has a role in effect', () => {
  test('is given with every way: mapped, by composites, by a group and those above it', async () => {
    const found = await members({ name: 'editor' })
    const single = [...found].filter(([name]) => !name?.startsWith('crew-') && name !== 'many-ways')
    expect(Object.fromEntries(single)).toEqual({
      'by-chief': [{ roles: ['chief', 'editor'] }],
      'by-boss': [{ roles: ['boss', 'chief', 'editor'] }],
      'by-client-role': [{ roles: ['shop/manager', 'editor'] }],
      'in-night': [{ roles: ['editor'], group: '/staff', within: '/staff/desk/night' }],
      'in-press': [{ roles: ['boss', 'chief', 'editor'], group: '/press' }],
    })
    const direct = [{ roles: ['editor'] }, { roles: ['boss', 'chief', 'editor'] }]
    const byGroups = [
      { roles: ['editor'], group: '/staff' },
      { roles: ['boss', 'chief', 'editor'], group: '/press' },
    ]
    const ways = found.get('many-ways') ?? []
    expect(ways.slice(0, 2)).toEqual(direct)
    // A role's groups come in no order.
    expect(new Set(ways.slice(2))).toEqual(new Set(byGroups))
  })

  test('is put together over pages, and by pages: not by users', async () => {
    const found = await members({ name: 'editor' })
    const wanted = Array.from({ length: crew }, (_, index) => index).filter(
      (index) => index % 2 === 0 || index % 3 === 0,
    )
    const ofCrew = [...found].filter(([name]) => name?.startsWith('crew-') === true)
    expect(ofCrew).toHaveLength(wanted.length)
    expect(found.get('crew-0006')).toEqual([
      { roles: ['editor'] },
      { roles: ['editor'], group: '/staff', within: '/staff/desk' },
    ])
    expect(target.proxy.count('GET')).toBeLessThan(80)
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
  })

  test('is everyone with the default role, where that brings it', async () => {
    const { client } = admin
    const byDefault = await client.roles.findOneByName({ name: `default-roles-${realm}` })
    const role = await client.roles.findOneByName({ name: 'everyones' })
    const composites = [{ id: role?.id ?? '', name: 'everyones' }]
    await client.roles.createComposite({ roleId: byDefault?.id ?? '' }, composites)
    const found = await members({ name: 'everyones' })
    const way = { roles: [`default-roles-${realm}`, 'everyones'], isDefault: true }
    for (const name of ['none', 'many-ways', 'service-account-shop']) expect(found.get(name)).toEqual([way])
    // Who was imported without it does not have it.
    expect(found.has('crew-0001')).toBe(false)
  })

  test('of a client’s role', async () => {
    expect([...(await members({ name: 'manager', client: 'shop' })).keys()]).toEqual(['by-client-role'])
    const keepers = await members({ name: 'keeper', client: 'shop' })
    expect(keepers.get('in-press')).toEqual([{ roles: ['shop/keeper'], group: '/press' }])
  })

  test('is empty if no user has the role, and an error if the role does not exist', async () => {
    expect((await members({ name: 'unused' })).size).toBe(0)
    const error = await caught(members({ name: 'unusual' }))
    expect(error.code).toBe('CW_ADMIN_NOT_FOUND')
  })
})

test('composites that contain one another come to an end', async () => {
  const { roles } = admin.client
  for (const name of ['ring-a', 'ring-b']) await roles.create({ name })
  const [a, b] = await Promise.all(['ring-a', 'ring-b'].map((name) => roles.findOneByName({ name })))
  await roles.createComposite({ roleId: a?.id ?? '' }, [{ id: b?.id ?? '', name: 'ring-b' }])
  await roles.createComposite({ roleId: b?.id ?? '' }, [{ id: a?.id ?? '', name: 'ring-a' }])
  expect((await members({ name: 'ring-a' })).size).toBe(0)
})

test('tells how far it is, and ends when told to', async () => {
  const seen: string[] = []
  const stop = new AbortController()
  const options = {
    signal: stop.signal,
    onProgress: ({ phase, done }: { phase: string; done: number }) => void seen.push(`${phase} ${done}`),
  }
  const reading = effectiveMembers(admin, { name: 'editor' }, options)
  await reading.next()
  expect(seen.some((line) => /^reading \d{3}$/.test(line))).toBe(true)
  stop.abort(new Error('enough'))
  await expect(collect(reading)).rejects.toThrow('enough')
})

test('fails rather than leave a way out where the account may not see it', async () => {
  const { clients, users } = admin.client
  const [shop] = await clients.find({ clientId: 'shop' })
  const [management] = await clients.find({ clientId: 'realm-management' })
  const clientUniqueId = management?.id ?? ''
  await clients.update({ id: shop?.id ?? '' }, { ...shop, secret: 'shop-secret' })
  const id = (await clients.getServiceAccountUser({ id: shop?.id ?? '' })).id ?? ''
  const credentials = { clientId: 'shop', clientSecret: 'shop-secret', realm }
  for (const name of ['view-users', 'view-realm', 'view-clients']) {
    const reading = collect(effectiveMembers(target.admin({ realm, credentials }), { name: 'editor' }))
    expect((await caught(reading)).code).toBe('CW_ADMIN_FORBIDDEN')
    const role = await clients.findRole({ id: clientUniqueId, roleName: name })
    await users.addClientRoleMappings({ id, clientUniqueId, roles: [{ id: role?.id ?? '', name }] })
  }
  const found = await collect(effectiveMembers(target.admin({ realm, credentials }), { name: 'editor' }))
  expect(found.length).toBeGreaterThan(crew / 2)
})
