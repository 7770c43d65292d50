import {
  type Admin,
  addToGroups,
  deleteGroup,
  ensureGroup,
  ensureUser,
  findGroup,
  moveGroup,
  removeFromGroups,
  setGroups,
  updateGroup,
  usersWithMemberships,
} from '@cloakwright/admin'
import { openUserFile } from '@cloakwright/admin/files'
import { bulkAssign, importUsers, undoJob } from '@cloakwright/admin/jobs'
import { ensureRealm, planRealm } from '@cloakwright/admin/realm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { collect } from '../support/collect.ts'
import { openFolder } from '../support/folder.ts'
import { openTarget, type Target } from '../support/target.ts'
import { jobFiles } from '../support/users.ts'

// Keycloak writes the path of a group `a/b` at the top as /a/b, like that of `b` within `a`, and finds by that path the
// second one only; where there is no `b` within `a`, none at all.

const folder = await openFolder()
const ids = new Map<string, string>()
let target: Target
let admin: Admin

beforeAll(async () => {
  target = await openTarget()
  const realm = target.realmName()
  admin = target.admin({ realm })
  await admin.client.realms.create({ realm, enabled: true })
  const make = async (name: string, parent?: string): Promise<void> => {
    const { groups } = admin.client
    const { id } =
      parent === undefined
        ? await groups.create({ realm, name })
        : await groups.createChildGroup({ realm, id: ids.get(parent) ?? '' }, { name })
    ids.set(parent === undefined ? name : `${parent} > ${name}`, id)
  }
  for (const name of ['alone', 'alone/b', 'only/top', 'both', 'both/b']) await make(name)
  await make('b', 'both')
  await make('y/z', 'alone')
  await make('below', 'both/b')
  await ensureUser(admin, { username: 'alice' })
})
beforeEach(() => target.proxy.reset())
afterAll(() => target.close())

const idOf = (name: string): string => ids.get(name) ?? ''
const groupIdsOf = async (username: string): Promise<(string | undefined)[]> => {
  const [user] = await admin.client.users.find({ username, exact: true })
  return (await admin.client.users.listGroups({ id: user?.id ?? '' })).map(({ id }) => id)
}

describe('a path', () => {
  test.each([
    ['/alone', 'alone', '/alone'],
    ['/alone/b', 'alone/b', '/alone~/b'],
    ['/alone~/b', 'alone/b', '/alone~/b'],
    ['/alone/y/z', 'alone > y/z', '/alone/y~/z'],
    ['/alone/y~/z', 'alone > y/z', '/alone/y~/z'],
    ['/only/top', 'only/top', '/only~/top'],
    ['/both~/b', 'both/b', '/both~/b'],
    ['/both/b/below', 'both/b > below', '/both~/b/below'],
    ['/both/b/none', undefined, undefined],
    ['/both~/none', undefined, undefined],
    ['/none', undefined, undefined],
  ])('%s finds the one group that it may mean', async (path, name, own) => {
    const group = await findGroup(admin, path)
    expect(group?.id).toBe(name === undefined ? undefined : idOf(name))
    expect(group?.path).toBe(own)
  })

  test('an id finds its group, with the path that tells it from others', async () => {
    expect(await findGroup(admin, `id:${idOf('both > b')}`)).toMatchObject({ path: '/both/b', name: 'b' })
    expect(await findGroup(admin, `id:${idOf('both/b > below')}`)).toMatchObject({ path: '/both~/b/below' })
    expect(await findGroup(admin, 'id:00000000-0000-4000-8000-000000000000')).toBeUndefined()
  })

  test.each<[string, (path: string) => Promise<unknown>]>([
    ['addToGroups', (path) => addToGroups(admin, 'alice', ['/alone', path])],
    ['removeFromGroups', (path) => removeFromGroups(admin, 'alice', [path])],
    ['setGroups', (path) => setGroups(admin, 'alice', [path])],
    ['ensureUser', (path) => ensureUser(admin, { username: 'alice', groups: [path] })],
    ['ensureGroup', (path) => ensureGroup(admin, path, { description: 'no' })],
    ['updateGroup', (path) => updateGroup(admin, path, { description: 'no' })],
    ['moveGroup', (path) => moveGroup(admin, path, '/alone')],
    ['moveGroup, for the parent', (path) => moveGroup(admin, '/only~/top', path)],
    ['deleteGroup', (path) => deleteGroup(admin, path)],
  ])('of two groups changes nothing by %s, and says how to name each', async (_name, task) => {
    const error = await caught(task('/both/b'))
    expect(error).toMatchObject({ code: 'CW_ADMIN_REFUSED' })
    expect(error.message).toContain('matches 2 groups')
    expect(error.message).toContain('"b" in /both')
    expect(error.message).toContain('"both/b" at the top')
    expect(error.hint).toContain(`id:${idOf('both > b')} for the group "b" in /both`)
    expect(error.hint).toContain('/both~/b for the group "both/b" at the top')
    expect(target.proxy.count('PUT', 'POST', 'DELETE')).toBe(0)
  })

  test('costs one more request where it has several names', async () => {
    await findGroup(admin, '/alone')
    expect(target.proxy.count('GET')).toBe(1)
  })
})

test('memberships are given and taken by the ways that the error names', async () => {
  const child = `id:${idOf('both > b')}`
  expect(await addToGroups(admin, 'alice', ['/both~/b', child])).toMatchObject([
    { fields: ['groups/both~/b', 'groups/both/b'] },
  ])
  expect(await removeFromGroups(admin, 'alice', [child])).toMatchObject([{ fields: ['groups/both/b'] }])
  expect(await groupIdsOf('alice')).toEqual([idOf('both/b')])
  expect(await setGroups(admin, 'alice', [child])).toMatchObject([
    { fields: ['groups/both~/b', 'groups/both/b'] },
  ])
  expect(await groupIdsOf('alice')).toEqual([idOf('both > b')])
  await setGroups(admin, 'alice', [])
})

test('groups are made, found again and moved with a slash in their names, and never taken for others', async () => {
  const error = await caught(ensureGroup(admin, '/alone/b'))
  expect(error).toMatchObject({ code: 'CW_ADMIN_REFUSED' })
  expect(error.hint).toContain('For the existing group, write /alone~/b')
  const { id, changes } = await ensureGroup(admin, '/n~/m/k')
  expect(changes).toMatchObject([{ name: '/n~/m' }, { name: '/n~/m/k' }])
  expect((await admin.client.groups.findOne({ id }))?.path).toBe('/n/m/k')
  expect((await ensureGroup(admin, '/n~/m/k')).changes).toEqual([])
  expect(await moveGroup(admin, '/n~/m', '/alone')).toMatchObject([
    { before: { path: '/n~/m' }, after: { path: '/alone/n~/m' } },
  ])
  expect(await moveGroup(admin, '/n~/m', '/alone')).toEqual([])
  expect(await deleteGroup(admin, '/alone/n~/m')).toMatchObject([{ name: '/alone/n~/m' }])
})

describe('rows of a file', () => {
  async function open(content: string) {
    const file = await openUserFile(await folder.write('rows.csv', content))
    return { file, job: await jobFiles() }
  }
  async function reasons(path: string): Promise<string[]> {
    const rows = (await collect((await openUserFile(path, { format: 'ndjson' })).rows())) as object[]
    expect(rows.length).toBeGreaterThan(0)
    const { readFile } = await import('node:fs/promises')
    return (await readFile(path, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { reason: string }).reason)
  }

  test('are assigned to the group that they name, and taken out of that one again', async () => {
    await addToGroups(admin, 'alice', [`id:${idOf('both > b')}`])
    const { file, job } = await open('username,groups\nalice,/both~/b\nbob,/both/b\n')
    expect(await bulkAssign(admin, file, job)).toMatchObject({ changed: 1, rejected: 1 })
    expect(await reasons(job.rejected)).toEqual([
      expect.stringMatching(/^\/both\/b matches 2 groups .*"both\/b" at the top.*Write .*\/both~\/b for/),
    ])
    expect(new Set(await groupIdsOf('alice'))).toEqual(new Set([idOf('both > b'), idOf('both/b')]))
    expect(await undoJob(admin, job.journal)).toMatchObject({ undone: 1 })
    expect(await groupIdsOf('alice')).toEqual([idOf('both > b')])
    const all = await open('username\nalice\n')
    expect(await caught(bulkAssign(admin, all.file, { ...all.job, groups: ['/both/b'] }))).toMatchObject({
      code: 'CW_ADMIN_REFUSED',
    })
    await setGroups(admin, 'alice', [])
  })

  test('are imported into the group that they name, or rejected where no import finds it', async () => {
    const child = `id:${idOf('both > b')}`
    const { file, job } = await open(
      `username,groups\nimp-1,/only~/top\nimp-2,${child}\nimp-3,/alone/y~/z\nimp-4,/both/b\nimp-5,/both~/b\nimp-6,/alone~/b\n`,
    )
    const report = await importUsers(admin, file, job)
    expect(report).toMatchObject({ created: 3, rejected: 3, reconciled: { missing: 0, differing: 0 } })
    expect(await reasons(job.rejected)).toEqual([
      expect.stringMatching(/^\/both\/b matches 2 groups/),
      expect.stringMatching(/^Keycloak confuses the path of the group/),
      expect.stringMatching(/^Keycloak confuses the path of the group/),
    ])
    expect(await groupIdsOf('imp-1')).toEqual([idOf('only/top')])
    expect(await groupIdsOf('imp-2')).toEqual([idOf('both > b')])
    expect(await groupIdsOf('imp-3')).toEqual([idOf('alone > y/z')])
  })
})

test('a default group that an import would miss stops it before anything is written', async () => {
  const { realms } = admin.client
  const { realm } = admin
  const file = await openUserFile(await folder.write('plain.csv', 'username\nimp-7\n'))
  await realms.addDefaultGroup({ realm, id: idOf('both/b') })
  const error = await caught(importUsers(admin, file, await jobFiles()))
  await realms.removeDefaultGroup({ realm, id: idOf('both/b') })
  expect(error).toMatchObject({ code: 'CW_ADMIN_REFUSED', message: expect.stringContaining('default group') })
  await realms.addDefaultGroup({ realm, id: idOf('alone > y/z') })
  expect(await importUsers(admin, file, await jobFiles())).toMatchObject({ created: 1 })
  await realms.removeDefaultGroup({ realm, id: idOf('alone > y/z') })
  expect(await groupIdsOf('imp-7')).toEqual([idOf('alone > y/z')])
})

test('lists write each group as a command takes it', async () => {
  await addToGroups(admin, 'alice', ['/both~/b', '/only/top'])
  for (const filter of [{}, { username: 'alice', exact: true }]) {
    const users = await collect(usersWithMemberships(admin, filter))
    expect(users.find(({ username }) => username === 'alice')?.groups).toEqual(['/both~/b', '/only~/top'])
  }
  await setGroups(admin, 'alice', [])
})

test('a realm definition names its own groups, and of others only one that is plain', async () => {
  const { realm } = admin
  const users = [{ username: 'alice', groups: ['/both/b'] }]
  expect(await caught(planRealm(admin, { realm, users }))).toMatchObject({ code: 'CW_ADMIN_REFUSED' })

  await addToGroups(admin, 'alice', ['/both~/b'])
  const groups = [{ name: 'both', subGroups: [{ name: 'b' }] }]
  const changes = await ensureRealm(admin, { realm, groups, users })
  expect(changes).toMatchObject([{ kind: 'user', name: 'alice', fields: ['groups/both/b'] }])
  expect(new Set(await groupIdsOf('alice'))).toEqual(new Set([idOf('both/b'), idOf('both > b')]))
  expect(await ensureRealm(admin, { realm, groups, users })).toEqual([])
})
