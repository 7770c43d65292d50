import {
  addToGroups,
  deleteGroup,
  deleteRole,
  ensureGroup,
  ensureRole,
  ensureUser,
  grantRolesToGroup,
  moveGroup,
  removeFromGroups,
  revokeRolesFromGroup,
  setGroups,
} from '@cloakwright/admin'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { openTaskRealm, type TaskRealm } from '../support/realm.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let of: TaskRealm

beforeAll(async () => {
  target = await openTarget()
  of = await openTaskRealm(target)
  await ensureUser(of.admin, { username: 'alice' })
})
beforeEach(() => {
  target.proxy.reset()
  of.recorded()
})
afterAll(() => target.close())

const pathOf = async (id: string) => (await of.admin.client.groups.findOne({ id }))?.path

describe('memberships', () => {
  test('are added and taken away, each once', async () => {
    const paths = ['/staff', '/staff/editors', '/staff']

    expect(await addToGroups(of.admin, 'alice', paths)).toMatchObject([
      { kind: 'user', name: 'alice', fields: ['groups/staff', 'groups/staff/editors'] },
    ])
    expect(await addToGroups(of.admin, 'alice', paths)).toEqual([])
    expect(await removeFromGroups(of.admin, 'alice', ['/staff', '/guests'])).toMatchObject([
      { fields: ['groups/staff'], before: { 'groups/staff': true }, after: { 'groups/staff': false } },
    ])
    expect(await removeFromGroups(of.admin, 'alice', ['/staff'])).toEqual([])
  })

  test('are set to exactly those, out of others first', async () => {
    await setGroups(of.admin, 'alice', ['/staff', '/guests'])

    expect(await setGroups(of.admin, 'alice', ['/guests', '/staff/editors'])).toMatchObject([
      {
        fields: ['groups/staff', 'groups/staff/editors'],
        before: { 'groups/staff': true, 'groups/staff/editors': false },
      },
    ])
    expect(await setGroups(of.admin, 'alice', ['/staff/editors', '/guests'])).toEqual([])
    expect(await setGroups(of.admin, 'alice', [])).toMatchObject([{ after: { 'groups/guests': false } }])
  })

  test('of more groups than a page are all seen', async () => {
    const paths = Array.from({ length: 105 }, (_, index) => `/club-${index}`)
    for (const path of paths) await ensureGroup(of.admin, path)
    await setGroups(of.admin, 'alice', paths)

    expect(await setGroups(of.admin, 'alice', paths)).toEqual([])
    expect((await setGroups(of.admin, 'alice', []))[0]?.fields).toHaveLength(105)
  })

  test.each([
    ['a group that is not there', ['/guests', '/nobody'], 'CW_ADMIN_NOT_FOUND', 'has no group /nobody'],
    ['no path', ['/guests', 'staff'], 'CW_ADMIN_REFUSED', '"staff" is not a group path'],
    ['an empty name', ['/staff//editors'], 'CW_ADMIN_REFUSED', '"/staff//editors" is not a group path'],
  ])('of %s are an error before anything is changed', async (_what, paths, code, says) => {
    for (const task of [setGroups, addToGroups, removeFromGroups]) {
      const error = await caught(task(of.admin, 'alice', paths))
      expect(error.code).toBe(code)
      expect(error.message).toContain(says)
    }
    expect(target.proxy.count('PUT', 'DELETE')).toBe(0)
  })
})

describe('a group', () => {
  test('is made with those above it, and then only where something differs', async () => {
    const wanted = {
      description: 'All of them',
      attributes: { costCentre: ['4711'] },
      roles: { realm: ['user'], client: { 'shop-api': ['editor'] } },
    }

    const { id, changes } = await ensureGroup(of.admin, '/company/north/sales', wanted)

    expect(changes).toMatchObject([
      { action: 'create', kind: 'group', name: '/company' },
      { action: 'create', name: '/company/north' },
      { action: 'create', name: '/company/north/sales', id },
      { action: 'update', fields: ['description', 'attributes.costCentre'] },
      { action: 'update', fields: ['roles.user', 'roles.shop-api/editor'] },
    ])
    expect(of.recorded()).toEqual(changes)
    expect(await ensureGroup(of.admin, '/company/north/sales', wanted)).toEqual({ id, changes: [] })
    expect(
      (await ensureGroup(of.admin, '/company/north/sales', { attributes: { costCentre: null } })).changes,
    ).toMatchObject([{ fields: ['attributes.costCentre'], before: { 'attributes.costCentre': ['4711'] } }])
    expect(await of.admin.client.groups.findOne({ id })).toMatchObject({
      description: 'All of them',
      attributes: {},
      realmRoles: ['user'],
      clientRoles: { 'shop-api': ['editor'] },
    })
  })

  test('whose creation got no response is created once', async () => {
    target.proxy.fail('POST', '/groups', 'reset after')
    target.proxy.fail('POST', '/children', { status: 504, after: true }, 'reset')

    const { changes } = await ensureGroup(of.admin, '/unanswered/below')

    expect(changes).toMatchObject([{ name: '/unanswered' }, { name: '/unanswered/below' }])
    expect(await of.admin.client.groups.find({ search: 'unanswered' })).toHaveLength(1)
  })

  test('is moved with all below it, down and up again', async () => {
    const { id } = await ensureGroup(of.admin, '/moved')
    const below = await ensureGroup(of.admin, '/moved/below')
    await ensureGroup(of.admin, '/home/deep')

    expect(await moveGroup(of.admin, '/moved', '/home/deep')).toMatchObject([
      { action: 'update', kind: 'group', id, fields: ['path'], after: { path: '/home/deep/moved' } },
    ])
    expect(await moveGroup(of.admin, '/moved', '/home/deep')).toEqual([])
    expect(await pathOf(below.id)).toBe('/home/deep/moved/below')
    expect(await moveGroup(of.admin, '/home/deep/moved', '/home/deep')).toEqual([])
    target.proxy.fail('POST', '/groups', 'reset after')
    expect(await moveGroup(of.admin, '/home/deep/moved', '/')).toMatchObject([{ after: { path: '/moved' } }])
    expect(await pathOf(id)).toBe('/moved')
  })

  test.each(['/self', '/self/below'])('is not moved into itself: %s', async (parent) => {
    await ensureGroup(of.admin, '/self/below')
    target.proxy.reset()

    const error = await caught(moveGroup(of.admin, '/self', parent))

    expect(error.code).toBe('CW_ADMIN_REFUSED')
    expect(error.message).toBe('The group /self cannot be moved into itself')
    expect(target.proxy.count('POST')).toBe(0)
  })

  test('is not moved where its name is taken, nor from or to nowhere', async () => {
    const { id } = await ensureGroup(of.admin, '/taken')
    await ensureGroup(of.admin, '/other/taken')

    for (const [path, parent, says] of [
      ['/taken', '/other', "Sibling group named 'taken' already exists."],
      ['/other/taken', '/', "Top level group named 'taken' already exists."],
    ] as const) {
      const error = await caught(moveGroup(of.admin, path, parent))
      expect(error.code).toBe('CW_ADMIN_CONFLICT')
      expect(error.message).toContain(says)
    }
    expect((await caught(moveGroup(of.admin, '/taken', '/nowhere'))).message).toContain('no group /nowhere')
    expect((await caught(moveGroup(of.admin, '/nowhere', '/other'))).message).toContain('no group /nowhere')
    expect(await pathOf(id)).toBe('/taken')
  })

  test('is deleted once', async () => {
    await ensureGroup(of.admin, '/doomed', { attributes: { k: ['v'] } })

    expect(await deleteGroup(of.admin, '/doomed')).toMatchObject([
      { action: 'delete', kind: 'group', name: '/doomed', before: { attributes: { k: ['v'] } } },
    ])
    expect(await deleteGroup(of.admin, '/doomed')).toEqual([])
  })
})

test('roles are given to a group and taken from it, each once; its members have them so long', async () => {
  const { client } = of.admin
  await ensureGroup(of.admin, '/crew/night')
  const { id } = await ensureUser(of.admin, { username: 'night-owl', groups: ['/crew/night'] })
  const effective = async (): Promise<unknown[]> =>
    (await client.users.listCompositeRealmRoleMappings({ id })).map(({ name }) => name)
  const roles = { realm: ['auditor'], client: { 'shop-api': ['editor'] } }
  of.recorded()

  const given = await grantRolesToGroup(of.admin, '/crew', roles)
  expect(given).toMatchObject([
    { kind: 'group', name: '/crew', fields: ['roles.auditor', 'roles.shop-api/editor'] },
  ])
  expect(of.recorded()).toEqual(given)
  expect(await grantRolesToGroup(of.admin, '/crew', roles)).toEqual([])
  expect(await effective()).toContain('auditor')
  expect(await revokeRolesFromGroup(of.admin, '/crew', roles)).toMatchObject([
    { name: '/crew', after: { 'roles.auditor': false, 'roles.shop-api/editor': false } },
  ])
  expect(await revokeRolesFromGroup(of.admin, '/crew', roles)).toEqual([])
  expect(await effective()).not.toContain('auditor')
  target.proxy.reset()
  for (const [path, wanted] of [
    ['/crew/day', roles],
    ['/crew', { realm: ['auditor', 'auditer'] }],
  ] as const) {
    const error = await caught(grantRolesToGroup(of.admin, path, wanted))
    expect(error.code).toBe('CW_ADMIN_NOT_FOUND')
  }
  expect(target.proxy.count('POST')).toBe(0)
})

describe('a role', () => {
  test.each([
    ['of the realm', { name: 'reader' }, 'realm role', 'reader'],
    ['of a client', { name: 'reader', client: 'shop-api' }, 'client role', 'shop-api/reader'],
  ] as const)('%s is made, changed and deleted, each once', async (_what, role, kind, name) => {
    const wanted = {
      ...role,
      description: 'Reads',
      attributes: { area: ['books'] },
      composites: { realm: ['user'], client: { 'shop-api': ['editor'] } },
    }

    expect(await ensureRole(of.admin, wanted)).toMatchObject([
      { action: 'create', kind, name },
      { action: 'update', kind, name, fields: ['attributes.area'] },
      { action: 'update', kind, name, fields: ['composites.user', 'composites.shop-api/editor'] },
    ])
    expect(await ensureRole(of.admin, wanted)).toEqual([])
    expect(await ensureRole(of.admin, { ...role, attributes: { area: ['maps'] } })).toMatchObject([
      { fields: ['attributes.area'], before: { 'attributes.area': ['books'] } },
    ])
    expect(await deleteRole(of.admin, role)).toMatchObject([
      { action: 'delete', kind, name, before: { description: 'Reads', attributes: { area: ['maps'] } } },
    ])
    expect(await deleteRole(of.admin, role)).toEqual([])
  })

  test('whose creation got no response is created once', async () => {
    target.proxy.fail('POST', '/roles', 'reset after')

    expect(await ensureRole(of.admin, { name: 'unanswered' })).toMatchObject([{ action: 'create' }])
  })

  test('of a client that is not there is an error, or nothing to delete', async () => {
    const role = { name: 'reader', client: 'no-such-client' }

    expect((await caught(ensureRole(of.admin, role))).message).toContain('has no client no-such-client')
    expect(await deleteRole(of.admin, role)).toEqual([])
  })
})
