import { readFile } from 'node:fs/promises'
import type { Admin } from '@cloakwright/admin'
import type { ImportedUser } from '@cloakwright/admin/files'
import { importUsers } from '@cloakwright/admin/jobs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTarget, type Target } from '../../support/target.ts'
import { fileOf, jobFiles, makeRealm, person } from '../../support/users.ts'

// Users who exist already: found by the import and by its dry run alike.

let target: Target
let admin: Admin

beforeAll(async () => {
  target = await openTarget()
  admin = target.admin({ realm: target.realmName() })
  await makeRealm(admin)
})
afterAll(() => target.close())

let used = 0

/** Numbers of people that no other test has. */
function from(): number {
  used += 1000
  return used
}

async function rejectedLines(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { line: number; reason: string })
    .map(({ line, reason }) => `${line}: ${reason}`)
    .toSorted()
}

/** What a dry run foresees and what the import then does, without what only one of them has. */
async function both(rows: readonly ImportedUser[]): Promise<{ dry: object; real: object }> {
  const file = fileOf(rows.length, (at) => rows[at] as ImportedUser)
  const [dryFiles, files] = [await jobFiles(), await jobFiles()]
  const dry = await importUsers(admin, file, { ...dryFiles, dryRun: true })
  const real = await importUsers(admin, file, files)
  const { reconciled: _none, seconds: _of, ...foreseen } = dry
  const { reconciled: _some, seconds: _in, ...done } = real
  return {
    dry: { ...foreseen, reasons: await rejectedLines(dryFiles.rejected) },
    real: { ...done, reasons: await rejectedLines(files.rejected) },
  }
}

describe('a file whose users exist', () => {
  test.each([
    ['is done, and nothing differs', 3],
    ['the same of many', 130],
  ])('%s', async (_, count) => {
    const start = from()
    const rows = Array.from({ length: count }, (_each, at) => person(start + at))
    await importUsers(
      admin,
      fileOf(count, (at) => rows[at] as ImportedUser),
      await jobFiles(),
    )
    // The same users from a file that was saved again.
    const { dry, real } = await both(rows.map((user) => ({ ...user, emailVerified: false })))
    expect(real).toMatchObject({
      rows: count,
      created: 0,
      present: 0,
      existing: count,
      rejected: 0,
      leftUnchanged: { differing: 0, fields: [] },
      reasons: [],
    })
    expect(dry).toEqual(real)
  })

  test('tells which fields, roles and groups differ, in how many rows, and changes none', async () => {
    const start = from()
    const { client, realm } = admin
    const made = await importUsers(
      admin,
      fileOf(4, (at) => person(start + at)),
      await jobFiles(),
    )
    expect(made.created).toBe(4)
    const { dry, real } = await both([
      { ...person(start), email: 'elsewhere@example.org' },
      { ...person(start + 1), email: 'elsewhere-1@example.org', enabled: false, id: 'own-id' },
      {
        ...person(start + 2),
        realmRoles: ['reader'],
        clientRoles: { shop: ['buyer'] },
        groups: ['/staff/night'],
      },
      { ...person(start + 3), realmRoles: [`default-roles-${realm}`] },
      person(start + 4),
    ])
    expect(real).toMatchObject({
      created: 1,
      existing: 4,
      rejected: 0,
      leftUnchanged: {
        differing: 3,
        fields: [
          { field: 'email', rows: 2 },
          { field: 'id', rows: 1 },
          { field: 'enabled', rows: 1 },
          { field: 'roles.shop/buyer', rows: 1 },
          { field: 'groups/staff/night', rows: 1 },
        ],
      },
    })
    expect(dry).toEqual(real)
    const [untouched] = await client.users.find({ realm, username: person(start).username, exact: true })
    expect(untouched).toMatchObject({ email: person(start).email })
  })
})

describe('a row is rejected', () => {
  test('of which another user has the e-mail address or the id, and only then', async () => {
    const start = from()
    const { client, realm } = admin
    await client.realms.partialImport({
      realm,
      rep: {
        ifResourceExists: 'SKIP',
        users: [0, 4].map((at) => ({ ...person(start + at), id: `other-${start + at}` })),
      },
    })
    const { email = '' } = person(start)
    const { dry, real } = await both([
      { ...person(start + 1), email: email.toUpperCase() },
      { ...person(start + 2), id: `other-${start}` },
      { ...person(start + 4), id: `other-${start + 4}` },
      person(start + 3),
    ])
    expect(real).toMatchObject({
      created: 1,
      present: 1,
      existing: 0,
      rejected: 2,
      reasons: ['1: another user has the same e-mail address', '2: another user has the same id'],
    })
    expect(dry).toMatchObject({ created: 1, present: 1, existing: 0, rejected: 2 })
    expect((dry as { reasons: string[] }).reasons).toEqual((real as { reasons: string[] }).reasons)
  })

  test('by e-mail address only if the realm requires unique addresses', async () => {
    const start = from()
    const { client, realm } = admin
    await client.users.create({ realm, username: person(start).username, email: person(start).email ?? '' })
    await client.realms.update({ realm }, { duplicateEmailsAllowed: true, loginWithEmailAllowed: false })
    const { dry, real } = await both([{ ...person(start + 1), email: person(start).email ?? '' }])
    await client.realms.update({ realm }, { duplicateEmailsAllowed: false, loginWithEmailAllowed: true })
    expect(real).toMatchObject({ created: 1, rejected: 0 })
    expect(dry).toEqual(real)
  })
})

test('a dry run finds the users that the same import has made', async () => {
  const start = from()
  const file = fileOf(2, (at) => person(start + at))
  await importUsers(admin, file, await jobFiles())
  const again = await importUsers(admin, file, { ...(await jobFiles()), dryRun: true })
  expect(again).toMatchObject({ created: 0, present: 2, existing: 0, leftUnchanged: { differing: 0 } })
})

test('a dry run asks for few users by name, and lists the realm for many', async () => {
  const start = from()
  const requests = async (count: number): Promise<string[]> => {
    const file = fileOf(count, (at) => person(start + at))
    target.proxy.seen.length = 0
    await importUsers(admin, file, { ...(await jobFiles()), dryRun: true })
    return target.proxy.seen
      .filter(({ method, path }) => method === 'GET' && path.endsWith('/users'))
      .map(({ method }) => method)
  }
  // More than a hundred users in the realm: by name and address, and by the address as a name.
  expect(await requests(1)).toEqual(['GET', 'GET', 'GET'])
  expect(await requests(200)).toEqual(['GET'])
})
