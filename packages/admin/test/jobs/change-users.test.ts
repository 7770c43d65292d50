import { readFile, writeFile } from 'node:fs/promises'
import { type Admin, type Change, usersWithMemberships } from '@cloakwright/admin'
import { openUserFile, type UserFile } from '@cloakwright/admin/files'
import { bulkAssign, bulkDisable, type ChangeOptions, importUsers, undoJob } from '@cloakwright/admin/jobs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { collect } from '../support/collect.ts'
import { openFolder } from '../support/folder.ts'
import { onKeycloak, openTarget, type Target, whenSettled } from '../support/target.ts'

const folder = await openFolder()
let target: Target
let admin: Admin
let recorded: Change[]
let number = 0

beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
beforeEach(async () => {
  const realm = target.realmName()
  recorded = []
  admin = target.admin({
    realm,
    recorder: { record: async (changes) => void recorded.push(...changes) },
  })
  await admin.client.realms.create({
    realm,
    enabled: true,
    clients: [{ clientId: 'app' }],
    roles: { realm: [{ name: 'reader' }, { name: 'app/editor' }], client: { app: [{ name: 'editor' }] } },
    groups: [{ name: 'staff', subGroups: [{ name: 'editors' }] }],
    users: [
      { username: 'alice', enabled: true, email: 'alice@example.com', firstName: 'Alice', lastName: 'L' },
      { username: 'bob', enabled: false, realmRoles: ['reader', 'app/editor'], groups: ['/staff'] },
      { username: 'zoe', enabled: true, realmRoles: ['app/editor'], clientRoles: { app: ['editor'] } },
    ],
  })
  target.proxy.reset()
})

async function open(content: string): Promise<{ file: UserFile; job: ChangeOptions }> {
  number += 1
  const file = await openUserFile(await folder.write(`job-${number}.csv`, content))
  const job = {
    journal: folder.path(`job-${number}.journal`),
    rejected: folder.path(`job-${number}.rejected`),
  }
  return { file, job }
}

async function rejectedReasons({ rejected }: ChangeOptions): Promise<string[]> {
  return (await readFile(rejected, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { line: number; reason: string })
    .map(({ line, reason }) => `${line}: ${reason}`)
}

async function state(): Promise<Record<string, string>> {
  const all = await collect(usersWithMemberships(admin))
  return Object.fromEntries(
    all.map(({ username, enabled, realmRoles, clientRoles, groups }) => [
      username,
      [enabled === true ? 'enabled' : 'disabled', realmRoles, JSON.stringify(clientRoles), groups]
        .flat()
        .join(' '),
    ]),
  )
}

describe('users of a file', () => {
  test('are disabled, each unknown one reported by its line, and enabled again by the journal', async () => {
    const before = await state()
    const { file, job } = await open('username\nalice\nnobody\nBOB\nALICE\n"\nzoe\n')

    const report = await bulkDisable(admin, file, job)

    expect(report).toMatchObject({ rows: 6, changed: 2, present: 1, rejected: 3 })
    expect(await rejectedReasons(job)).toEqual([
      '5: line 2 has the same user name',
      expect.stringMatching(/^6: a quotation mark is not closed/),
      '3: there is no user with this user name',
    ])
    expect(Object.values(await state()).every((user) => user.startsWith('disabled'))).toBe(true)
    expect(await admin.client.users.find({ username: 'alice', exact: true })).toMatchObject([
      { email: 'alice@example.com', firstName: 'Alice', lastName: 'L' },
    ])
    expect(recorded).toMatchObject(
      ['alice', 'zoe'].map((name) => ({
        action: 'update',
        kind: 'user',
        name,
        fields: ['enabled'],
        before: { enabled: true },
        after: { enabled: false },
      })),
    )

    recorded = []
    expect(await undoJob(admin, job.journal)).toMatchObject({ undone: 2, kept: 0 })
    expect(await state()).toEqual(before)
    expect(recorded.map(({ before: from, after }) => [from, after])).toEqual([
      [{ enabled: false }, { enabled: true }],
      [{ enabled: false }, { enabled: true }],
    ])
  })

  test('lose their sessions when they are disabled, unless the option keeps them', async () => {
    const { file, job } = await open('username\nalice\nzoe\n')
    await bulkDisable(admin, file, job)
    expect(target.proxy.seen.filter(({ path }) => path.endsWith('/logout'))).toHaveLength(2)

    const kept = await open('username\nalice\nzoe\n')
    await bulkDisable(admin, kept.file, { ...kept.job, endSessions: false })
    expect(target.proxy.seen.filter(({ path }) => path.endsWith('/logout'))).toHaveLength(2)
  })

  test('are enabled again also where their sessions could not be ended', async () => {
    const before = await state()
    const { file, job } = await open('username\nalice\n')
    target.proxy.fail('POST', '/logout', { status: 400, body: '{"error":"no"}' })
    expect(await bulkDisable(admin, file, job)).toMatchObject({ changed: 0, rejected: 1 })
    expect(recorded).toMatchObject([{ name: 'alice', fields: ['enabled'], after: { enabled: false } }])
    expect(await undoJob(admin, job.journal)).toMatchObject({ undone: 1 })
    expect(await state()).toEqual(before)
  })

  test('who were changed in part count as rejected in a run that continues, too', async () => {
    const { file, job } = await open('username\nalice\nzoe\n')
    target.proxy.fail('POST', '/logout', { status: 400, body: '{"error":"no"}' })
    expect(await bulkDisable(admin, file, job)).toMatchObject({ changed: 1, rejected: 1 })
    const reasons = await rejectedReasons(job)
    expect(await bulkDisable(admin, file, job)).toMatchObject({ changed: 1, rejected: 1 })
    expect(await rejectedReasons(job)).toEqual(reasons)
    expect(await undoJob(admin, job.journal)).toMatchObject({ undone: 2 })
  })

  test('whom two rows name, by name and by address, are two rows of the undo too', async () => {
    const before = await state()
    const { job } = await open('username\n')
    const rows = [
      { username: 'alice', realmRoles: ['reader'] },
      { email: 'alice@example.com', realmRoles: ['app/editor'] },
    ]
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
    const file = await openUserFile(await folder.write('named-twice.ndjson', text), { byEmail: true })
    const report = await bulkAssign(admin, file, job)
    expect(report).toMatchObject({ changed: 2, rejected: 0 })
    expect(await undoJob(admin, job.journal)).toMatchObject({ undone: 2, kept: 0 })
    expect(await state()).toEqual(before)
  })

  test('of a job that finds a file of rejected rows are left alone, however often it is called', async () => {
    const { file, job } = await open('username\nnobody\n')
    const other = '{"line":9,"reason":"of another job","row":null}\n'
    await writeFile(job.rejected, other)
    for (let call = 0; call < 2; call += 1)
      expect(await caught(bulkDisable(admin, file, job))).toMatchObject({ code: 'CW_FILE_EXISTS' })
    expect(await readFile(job.rejected, 'utf8')).toBe(other)
  })

  test('all get the same roles and groups, which an undo takes only from those who had them not', async () => {
    const before = await state()
    const { file, job } = await open('username\nalice\nbob\nzoe\n')
    const what = {
      roles: { realm: ['reader', 'app/editor'], client: { app: ['editor'] } },
      groups: ['/staff', '/staff/editors'],
    }

    const report = await bulkAssign(admin, file, { ...job, ...what })

    expect(report).toMatchObject({ rows: 3, changed: 3, present: 0, rejected: 0 })
    const all = 'app/editor reader {"app":["editor"]} /staff /staff/editors'
    expect(await state()).toEqual({ alice: `enabled ${all}`, bob: `disabled ${all}`, zoe: `enabled ${all}` })
    expect(recorded.map(({ name, fields }) => [name, [...fields].sort().join(' ')])).toEqual([
      ['alice', 'groups/staff groups/staff/editors roles.app/editor roles.reader'],
      ['bob', 'groups/staff/editors roles.app/editor'],
      ['zoe', 'groups/staff groups/staff/editors roles.reader'],
    ])
    expect(await bulkAssign(admin, file, { ...(await open('username\n')).job, ...what })).toMatchObject({
      changed: 0,
      present: 3,
    })

    recorded = []
    expect(await undoJob(admin, job.journal)).toMatchObject({ undone: 3 })
    expect(await state()).toEqual(before)
    expect(recorded[1]).toMatchObject({
      before: { 'groups/staff/editors': true },
      after: { 'groups/staff/editors': false },
    })
  })

  test('get the roles and groups of their row, where all of these exist', async () => {
    const { file, job } = await open(
      'username,realmRoles,clientRoles,groups\nalice,reader,app:editor,/staff/editors\nbob,writer,,\nzoe,,none:x,\nzoe2,,app:x,\nzoe3,,,/no\nnobody,reader,,\n',
    )
    expect(await bulkAssign(admin, file, job)).toMatchObject({ rows: 6, changed: 1, rejected: 5 })
    expect((await state())['alice']).toBe('enabled reader {"app":["editor"]} /staff/editors')
    expect(await rejectedReasons(job)).toEqual([
      '3: there is no role "writer"',
      '4: there is no client "none"',
      '5: the client "app" has no role "x"',
      '6: there is no group "/no"',
      '7: there is no user with this user name',
    ])
  })

  test('have the default role of another realm as that of this one', async () => {
    const { file, job } = await open('username,realmRoles\nalice,default-roles-staging\n')
    expect(await bulkAssign(admin, file, { ...job, dryRun: true })).toMatchObject({ rows: 1, rejected: 0 })
  })

  test('are left alone by an unknown role for all, and by a dry run', async () => {
    const before = await state()
    const { file, job } = await open('username\nalice\nbob\n')
    expect(await caught(bulkAssign(admin, file, { ...job, groups: ['/no'] }))).toMatchObject({
      code: 'CW_ADMIN_NOT_FOUND',
    })
    target.proxy.reset()
    expect(await bulkDisable(admin, file, { ...job, dryRun: true })).toMatchObject({ changed: 1, present: 1 })
    expect(await bulkAssign(admin, file, { ...job, groups: ['/staff'], dryRun: true })).toMatchObject({
      changed: 1,
      present: 1,
    })
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
    expect(await state()).toEqual(before)
  })
})

describe('rejected rows', () => {
  test.each([
    ['disable', (file: UserFile, job: ChangeOptions) => bulkDisable(admin, file, job)],
    [
      'assign',
      (file: UserFile, job: ChangeOptions) => bulkAssign(admin, file, { ...job, groups: ['/staff'] }),
    ],
  ])('of %s are for the same job again, and no import makes users of them', async (_name, run) => {
    const { file, job } = await open(
      'username,enabled,password\nzoe,,\nmis-typed,true,s3cr3t-canary\nzo,maybe,s3cr3t-canary\n',
    )
    expect(await run(file, job)).toMatchObject({ changed: 1, rejected: 2 })
    const text = await readFile(job.rejected, 'utf8')
    expect(text).not.toMatch(/enabled":|s3cr3t/)

    const again = await openUserFile(job.rejected, { format: 'ndjson' })
    const other = (await open('username\n')).job
    expect(await caught(importUsers(admin, again, other))).toMatchObject({ code: 'CW_FILE_INVALID' })
    expect(Object.keys(await state())).toEqual(['alice', 'bob', 'zoe'])

    await writeFile(job.rejected, text.replace('mis-typed', 'alice').replace('"zo"', '"nobody"'))
    const fixed = await openUserFile(job.rejected, { format: 'ndjson' })
    expect(await run(fixed, other)).toMatchObject({ rows: 2, changed: 1, rejected: 1 })
  })

  test('of an import are no list of leavers', async () => {
    const { file, job } = await open('username,email\nalice,no address\n')
    await importUsers(admin, file, job)
    const again = await openUserFile(job.rejected, { format: 'ndjson' })
    const { job: other } = await open('username\n')
    for (const job of [bulkDisable, bulkAssign])
      expect(await caught(job(admin, again, other))).toMatchObject({ code: 'CW_FILE_INVALID' })
    expect((await state())['alice']).toMatch(/^enabled/)
  })
})

describe('a row names its user', () => {
  async function disableBy(content: string): Promise<{ changed: number; reasons: string[] }> {
    const { job } = await open('username\n')
    const file = await openUserFile(await folder.write(`job-${number}.csv`, content), { byEmail: true })
    const { changed, rejected } = await bulkDisable(admin, file, job)
    return { changed, reasons: rejected === 0 ? [] : await rejectedReasons(job) }
  }

  beforeEach(async () => {
    const { client, realm } = admin
    await client.realms.update({ realm }, { duplicateEmailsAllowed: true, loginWithEmailAllowed: false })
    for (const username of ['carl', 'carla'])
      await client.users.create({ realm, username, email: 'shared@example.com', enabled: true })
    await client.users.create({ realm, username: 'dora@example.com', enabled: true })
  })

  test('by user name, never by an address in that column', async () => {
    const { changed, reasons } = await disableBy(
      'username,email\ndora@example.com,alice@example.com\nalice@example.com,\n,zoe@example.com\n',
    )
    expect(changed).toBe(1)
    expect(reasons).toEqual([
      '4: username is missing',
      '3: there is no user with this user name. To find users by e-mail address, use the column email and leave out username',
    ])
    expect(Object.entries(await state()).filter(([, user]) => user.startsWith('disabled'))).toMatchObject([
      ['bob', expect.anything()],
      ['dora@example.com', expect.anything()],
    ])
  })

  test('by e-mail address in a file without user names; one of several users is rejected', async () => {
    const { changed, reasons } = await disableBy(
      'Email\nALICE@example.com\nshared@example.com\ndora@example.com\nalice@example.com\n',
    )
    expect(changed).toBe(1)
    expect(reasons).toEqual([
      '5: line 2 has the same e-mail address',
      '3: 2 users have this e-mail address: use the user name instead',
      '4: no user has this e-mail address',
    ])
    expect((await state())['alice']).toMatch(/^disabled/)
  })

  test('also when it was rejected because the user was unknown', async () => {
    const { job } = await open('username\n')
    const file = await openUserFile(
      await folder.write(`job-${number}.csv`, 'username,email\n,alice@example.com\n'),
      {
        byEmail: true,
      },
    )
    await bulkDisable(admin, file, job)
    const again = await openUserFile(job.rejected, { byEmail: true, format: 'ndjson' })
    const { job: other } = await open('username\n')
    expect(await bulkDisable(admin, again, other)).toMatchObject({ changed: 0, rejected: 1 })
    expect((await state())['alice']).toMatch(/^enabled/)
  })
})

test('faults on 5 % of the requests change nothing in the end', { timeout: 120_000 }, async () => {
  const { client, realm } = admin
  const names = Array.from({ length: 25 }, (_, index) => `user-${String(index).padStart(2, '0')}`)
  const list = names.map((username) => ({ username, enabled: true }))
  await client.realms.partialImport({ realm, rep: { ifResourceExists: 'SKIP', users: list } })
  const before = await state()
  const assign = await open(`username\n${names.join('\n')}\n`)
  const disable = await open(`username\n${names.join('\n')}\n`)
  const patient = target.admin({ realm, timeout: onKeycloak ? 2000 : 1000 })
  target.proxy.storm({ share: 0.05, seed: 7 })

  const what = { roles: { realm: ['reader'] }, groups: ['/staff'] }
  expect(await bulkAssign(patient, assign.file, { ...assign.job, ...what })).toMatchObject({
    changed: 25,
    rejected: 0,
  })
  expect(await bulkDisable(patient, disable.file, disable.job)).toMatchObject({ changed: 25, rejected: 0 })
  target.proxy.reset()
  const after = await state()
  expect(new Set(names.map((name) => after[name]))).toEqual(new Set(['disabled reader {} /staff']))

  target.proxy.storm({ share: 0.05, seed: 8 })
  await undoJob(patient, disable.job.journal)
  await undoJob(patient, assign.job.journal)
  target.proxy.reset()
  expect(await state()).toEqual(before)
})

describe('a job that was interrupted', () => {
  test('is continued, and undone as a whole', async () => {
    const before = await state()
    const { file, job } = await open('username\nalice\nbob\nzoe\n')
    const what = { roles: { realm: ['reader'] }, groups: ['/staff'] }
    // The third user's group, after its role: what an end in the middle leaves.
    const refusal = { status: 403, body: '{"error":"HTTP 403 Forbidden"}' }
    const [zoe] = await admin.client.users.find({ username: 'zoe', exact: true })
    const [staff] = await admin.client.groups.find({ search: 'staff', exact: true })
    target.proxy.fail('PUT', `/users/${zoe?.id}/groups/${staff?.id}`, refusal)
    expect(await caught(bulkAssign(admin, file, { ...job, ...what }))).toMatchObject({
      code: 'CW_ADMIN_FORBIDDEN',
    })
    expect((await state())['zoe']).toContain('reader')

    expect(await caught(bulkAssign(admin, file, { ...job, groups: ['/staff'] }))).toMatchObject({
      code: 'CW_JOURNAL_MISMATCH',
    })
    expect(await bulkAssign(admin, file, { ...job, ...what })).toMatchObject({
      changed: 2,
      present: 1,
      rejected: 0,
    })
    expect((await state())['zoe']).toBe('enabled app/editor reader {"app":["editor"]} /staff')
    target.proxy.reset()
    expect(await bulkAssign(admin, file, { ...job, ...what })).toMatchObject({
      changed: 2,
      present: 1,
      rejected: 0,
    })
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)

    await whenSettled(() => undoJob(admin, job.journal))
    expect(await state()).toEqual(before)
  })

  test('counts a partly refused user as rejected, and an undo covers the part that was changed', async () => {
    const before = await state()
    const { file, job } = await open('username\nalice\n')
    const [staff] = await admin.client.groups.find({ search: 'staff', exact: true })
    target.proxy.fail('PUT', `/groups/${staff?.id}`, { status: 400, body: '{"error":"no"}' })

    const what = { roles: { realm: ['reader'] }, groups: ['/staff'] }
    expect(await bulkAssign(admin, file, { ...job, ...what })).toMatchObject({ changed: 0, rejected: 1 })
    expect((await rejectedReasons(job))[0]).toContain('400: no')
    expect(await state()).not.toEqual(before)

    await undoJob(admin, job.journal)
    expect(await state()).toEqual(before)
  })
})
