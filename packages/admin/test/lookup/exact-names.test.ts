import {
  addToGroups,
  deleteRole,
  deleteUser,
  disableUser,
  findGroup,
  findUser,
  grantRoles,
  updateClient,
  updateRole,
  updateUser,
} from '@cloakwright/admin'
import { openUserFile } from '@cloakwright/admin/files'
import { importUsers } from '@cloakwright/admin/jobs'
import { planRealm } from '@cloakwright/admin/realm'
import { readSecretStatus } from '@cloakwright/admin/secrets'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openFolder } from '../support/folder.ts'
import { openTaskRealm, type TaskRealm } from '../support/realm.ts'
import { openTarget, type Target } from '../support/target.ts'

// Some databases take one letter for another: what a search finds is not yet what was asked for.

let target: Target
let task: TaskRealm

beforeAll(async () => {
  target = await openTarget()
  task = await openTaskRealm(target)
  const { users, roles, groups, clients } = task.admin.client
  for (const username of ['alice', 'rené']) {
    await users.create({ username, email: `${username}@example.com`, enabled: true })
  }
  await roles.create({ name: 'Éditor' })
  await groups.create({ name: 'Équipe' })
  const { id } = await clients.create({ clientId: 'Boutique', secret: 'the-live-secret' })
  await clients.createRole({ id, name: 'Vendeur' })
})
beforeEach(() => {
  target.proxy.reset()
  for (const [name, other] of [
    ['rene', 'rené'],
    ['rene@example.com', 'rené@example.com'],
    ['Editor', 'Éditor'],
    ['Equipe', 'Équipe'],
    ['boutique', 'Boutique'],
    ['vendeur', 'Vendeur'],
  ] as const)
    target.proxy.confuse(name, other)
})
afterAll(() => target.close())

const writes = (): number => target.proxy.count('POST', 'PUT', 'DELETE')

describe('changes no other object that the search also finds', () => {
  test.each<[string, (task: TaskRealm) => Promise<unknown>]>([
    ['a user, edited', ({ admin }) => updateUser(admin, 'rene', { firstName: 'R' })],
    ['a user, disabled', ({ admin }) => disableUser(admin, 'rene')],
    ['a role, edited', ({ admin }) => updateRole(admin, { name: 'Editor' }, { description: 'D' })],
    ['a role, granted', ({ admin }) => grantRoles(admin, 'alice', { realm: ['Editor'] })],
    [
      'a role of a client',
      ({ admin }) => updateRole(admin, { name: 'vendeur', client: 'Boutique' }, { description: 'D' }),
    ],
    ['a client', ({ admin }) => updateClient(admin, 'boutique', { name: 'N' })],
    [
      'a client, for its role',
      ({ admin }) => grantRoles(admin, 'alice', { client: { boutique: ['Vendeur'] } }),
    ],
    ['a client, for its secret', ({ admin }) => readSecretStatus(admin, 'boutique')],
    ['a group', ({ admin }) => addToGroups(admin, 'alice', ['/Equipe'])],
  ])('%s', async (_, edit) => {
    await expect(edit(task)).rejects.toMatchObject({ code: 'CW_ADMIN_NOT_FOUND' })
    expect(writes()).toBe(0)
  })

  test.each<[string, (task: TaskRealm) => Promise<readonly unknown[]>]>([
    ['a user, deleted', ({ admin }) => deleteUser(admin, 'rene')],
    ['a role, deleted', ({ admin }) => deleteRole(admin, { name: 'Editor' })],
  ])('%s', async (_, remove) => {
    await expect(remove(task)).resolves.toEqual([])
    expect(writes()).toBe(0)
  })
})

test('another one that the search finds is not found', async () => {
  await expect(findUser(task.admin, 'rene')).resolves.toBeUndefined()
  await expect(findGroup(task.admin, '/Equipe')).resolves.toBeUndefined()
})

test('an import does not take the name of a row for the address of another user', async () => {
  const folder = await openFolder()
  const file = await openUserFile(
    await folder.write('people.csv', 'username,email\nrene@example.com,r@example.org\n'),
  )
  const files = { journal: folder.path('journal'), rejected: folder.path('rejected') }
  const report = await importUsers(task.admin, file, files)
  expect(report).toMatchObject({ created: 1, rejected: 0 })
})

test('a realm definition does not change another one that the search finds', async () => {
  const { realm, admin } = task
  const { details } = await planRealm(admin, {
    realm,
    roles: { realm: [{ name: 'Editor' }] },
    clients: [{ clientId: 'boutique' }],
    groups: [{ name: 'Equipe' }],
    users: [{ username: 'rene', firstName: 'R' }],
  })
  expect(details.map(({ action, kind, name }) => `${action} ${kind} ${name}`).sort()).toEqual([
    'create client boutique',
    'create group /Equipe',
    'create realm role Editor',
    'create user rene',
  ])
})

test.each([
  ['a realm role', { roles: { realm: ['Editor'] } }],
  ['a role of a client', { roles: { client: { Boutique: ['vendeur'] } } }],
  ['a client', { roles: { client: { boutique: ['Vendeur'] } } }],
  ['a group', { groups: ['/Equipe'] }],
])('a realm definition does not refer to another one that the search finds: %s', async (_, user) => {
  const { realm, admin } = task
  await expect(planRealm(admin, { realm, users: [{ username: 'alice', ...user }] })).rejects.toMatchObject({
    code: 'CW_REALM_MISMATCH',
  })
})
