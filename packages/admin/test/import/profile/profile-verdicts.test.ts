import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { type Admin, disableUser } from '@cloakwright/admin'
import { type ImportedUser, openUserFile } from '@cloakwright/admin/files'
import { type ImportReport, importUsers } from '@cloakwright/admin/jobs'
import { CloakwrightError } from 'cloakwright'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../../support/caught.ts'
import { openFolder } from '../../support/folder.ts'
import { cases, customAttributes, userOf, type Verdict, withAttributes } from '../../support/profile-table.ts'
import { onKeycloak, openTarget, type Target } from '../../support/target.ts'
import { fileOf, jobFiles } from '../../support/users.ts'

/** Where the embedded realm's profile differs from Keycloak's: default values. */
const keycloaksOnly: readonly string[] = ['preset']
const isTold = (name: string): boolean => onKeycloak || !keycloaksOnly.includes(name)
const told = cases.filter(([field]) => isTold(field))
const attributes = customAttributes.filter(({ name = '' }) => isTold(name))

const folder = await openFolder()
let target: Target
let admin: Admin

beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
beforeEach(() => {
  admin = target.admin({ realm: target.realmName() })
})

async function makeRealm(settings: object, custom: typeof customAttributes): Promise<void> {
  const { client, realm } = admin
  await client.realms.create({ realm, enabled: true, ...settings })
  const profile = await client.users.getProfile({ realm })
  await client.users.updateProfile({ realm, ...withAttributes(profile, custom) })
}

async function linesOf(path: string): Promise<{ line: number; reason: string }[]> {
  const text = await readFile(path, 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { line: number; reason: string })
}

const refusals: readonly string[] = ['CW_ADMIN_REFUSED', 'CW_ADMIN_CONFLICT']

async function verdictAlone(user: ImportedUser): Promise<Verdict> {
  try {
    await admin.client.users.create({ ...user, realm: admin.realm })
    return 'takes'
  } catch (error) {
    if (error instanceof CloakwrightError && refusals.includes(error.code)) return 'refuses'
    throw error
  }
}

function uncheckedOf({ warnings }: ImportReport): string[] {
  return warnings.flatMap(({ code, field, rows }) => (code === 'unchecked-value' ? `${field}: ${rows}` : []))
}

describe('an import', () => {
  test('accepts exactly the users that Keycloak accepts one by one, and each can be disabled', async () => {
    await makeRealm({}, attributes)
    const { client, realm } = admin
    const files = await jobFiles()
    const users = told.map((each, at) => userOf(each, at, 'row'))
    await importUsers(
      admin,
      fileOf(users.length, (at) => users[at] ?? ''),
      files,
    )
    const rejected = new Set((await linesOf(files.rejected)).map(({ line }) => line - 1))

    const found: string[] = []
    for (const [at, user] of users.entries()) {
      const name = user.username.toLowerCase()
      if (!rejected.has(at)) {
        await disableUser(admin, name)
        const [made] = await client.users.find({ realm, username: name, exact: true })
        await client.users.del({ realm, id: made?.id ?? '' })
      }
      const [field, value] = told[at] ?? []
      const verdict = rejected.has(at) ? 'refuses' : 'takes'
      found.push([field, JSON.stringify(value), verdict, await verdictAlone(user)].join(' '))
    }
    expect(found).toEqual(
      told.map(([field, value, verdict]) => [field, JSON.stringify(value), verdict, verdict].join(' ')),
    )
  })

  test.each(['ndjson', 'keycloak'] as const)(
    'keeps the ids of rows (%s) that Keycloak has to check',
    async (format) => {
      await makeRealm({}, attributes)
      const { client, realm } = admin
      const files = await jobFiles()
      const rowAt = (at: number): ImportedUser => ({
        id: `${realm}-${at}`,
        username: `kept-${at}`,
        enabled: at !== 1,
        attributes: { javaCode: [at === 2 ? 'small' : 'LARGE'] },
      })
      const report = await importUsers(admin, fileOf(3, rowAt, format), files)
      expect(uncheckedOf(report)).toEqual(['attributes.javaCode pattern: 3'])
      expect(report).toMatchObject({
        created: 2,
        rejected: 1,
        reconciled: { checked: 2, missing: 0, differing: 0 },
      })
      expect(await linesOf(files.rejected)).toMatchObject([
        { line: 3, reason: 'the attribute javaCode does not match the required pattern' },
      ])
      const there = await client.users.find({ realm, briefRepresentation: true })
      expect(there.map(({ id, enabled }) => [id, enabled])).toEqual([
        [`${realm}-0`, true],
        [`${realm}-1`, false],
      ])
      await disableUser(admin, 'kept-0')
    },
  )

  test('deletes what Keycloak refuses also where the job stopped before it asked', async () => {
    await makeRealm({}, attributes)
    const { client, realm } = admin
    const files = await jobFiles()
    const file = fileOf(2, (at) => ({
      id: `${realm}-${at}`,
      username: `stopped-${at}`,
      attributes: { javaCode: [at === 0 ? 'small' : 'LARGE'] },
    }))
    target.proxy.fail('PUT', `/${realm}-0`, { status: 403, body: '{"error":"HTTP 403 Forbidden"}' })
    expect((await caught(importUsers(admin, file, files))).code).toBe('CW_ADMIN_FORBIDDEN')
    expect(await client.users.count({ realm })).toBeGreaterThan(0)
    expect(await importUsers(admin, file, files)).toMatchObject({ created: 1, rejected: 1 })
    const there = await client.users.find({ realm })
    expect(there.map(({ id }) => id)).toEqual([`${realm}-1`])
  })

  test('leaves a user disabled that someone disabled between two runs', async () => {
    await makeRealm({}, attributes)
    const { client, realm } = admin
    const files = await jobFiles()
    const id = `${realm}-0`
    const row = { id, username: 'disabled-since', attributes: { javaCode: ['LARGE'] } }
    target.proxy.fail('PUT', `/${id}`, { status: 403, body: '{"error":"HTTP 403 Forbidden"}' })
    await caught(
      importUsers(
        admin,
        fileOf(1, () => row),
        files,
      ),
    )
    await client.users.update({ realm, id }, { enabled: false })
    await importUsers(
      admin,
      fileOf(1, () => row),
      files,
    )
    expect(await client.users.findOne({ realm, id })).toMatchObject({ enabled: false })
  })

  test('checks the users of an export too', async () => {
    await makeRealm({}, attributes)
    const files = await jobFiles()
    const rowAt = (at: number): ImportedUser => ({
      username: `exported-${at}`,
      attributes: { code: [at === 0 ? 'AB-1' : 'none'] },
    })
    expect(await importUsers(admin, fileOf(2, rowAt, 'keycloak'), files)).toMatchObject({
      created: 1,
      rejected: 1,
    })
    expect(await linesOf(files.rejected)).toMatchObject([
      { line: 2, reason: 'the attribute code does not match the required pattern' },
    ])
  })

  test('tells in a dry run what it leaves to Keycloak, and makes nothing', async () => {
    await makeRealm({}, attributes)
    const { client, realm } = admin
    const rowAt = (at: number): ImportedUser => ({
      username: `dry-${at}`,
      ...(at > 0 && { attributes: { javaCode: ['ABC'] } }),
    })
    const report = await importUsers(admin, fileOf(3, rowAt), { ...(await jobFiles()), dryRun: true })
    expect(uncheckedOf(report)).toEqual(['attributes.javaCode pattern: 2'])
    expect(await client.users.count({ realm })).toBe(0)
  })

  test('takes addresses for user names where the realm does', async () => {
    await makeRealm({ registrationEmailAsUsername: true }, [])
    const { client, realm } = admin
    const files = await jobFiles()
    const rows: ImportedUser[] = [
      { username: "o'neil@example.com", email: "o'neil@example.com" },
      { username: 'whoever', email: 'Foo%Bar@example.com' },
      { username: 'nomail' },
      { username: 'foo%bar@example.com', email: 'foo%bar@example.com' },
    ]
    const report = await importUsers(
      admin,
      fileOf(rows.length, (at) => rows[at] ?? ''),
      files,
    )
    expect(report).toMatchObject({
      created: 2,
      rejected: 2,
      reconciled: { checked: 2, missing: 0, differing: 0 },
    })
    expect(await linesOf(files.rejected)).toMatchObject([
      { line: 3, reason: 'the e-mail address is required' },
      { line: 4, reason: 'line 2 has the same user name' },
    ])
    const there = await client.users.find({ realm })
    const names = ['foo%bar@example.com', "o'neil@example.com"]
    expect(there.map(({ username }) => username)).toEqual(names)
    for (const name of names) await disableUser(admin, name)
  })

  test('takes a file without user names into such a realm alone', async () => {
    const path = await folder.write('people.csv', 'email,firstName\nAnn@example.com,Ann\n')
    const file = await openUserFile(path, { byEmail: true })
    await makeRealm({}, [])
    const files = await jobFiles()
    const error = await caught(importUsers(admin, file, files))
    expect([error.code, error.message]).toEqual([
      'CW_FILE_INVALID',
      `The CSV file ${path} needs a column username`,
    ])
    expect(existsSync(files.journal)).toBe(false)
    await admin.client.realms.update({ realm: admin.realm }, { registrationEmailAsUsername: true })
    expect(await importUsers(admin, file, files)).toMatchObject({ created: 1, rejected: 0 })
    expect(await admin.client.users.find({ realm: admin.realm })).toMatchObject([
      { username: 'ann@example.com', email: 'ann@example.com', firstName: 'Ann' },
    ])
  })

  test('rejects a name that is the address of another user, and an address that is a name', async () => {
    await makeRealm({}, [])
    const { client, realm } = admin
    await client.users.create({ realm, username: 'owner', email: 'owner@example.com' })
    await client.users.create({ realm, username: 'name@example.com' })
    const rows: ImportedUser[] = [
      { username: 'Owner@example.com' },
      { username: 'own@example.com', email: 'own@example.com' },
      { username: 'free@example.com' },
      { username: 'first', email: 'second@example.com' },
      { username: 'second@example.com' },
      { username: 'third', email: 'Name@example.com' },
    ]
    for (const dryRun of [true, false]) {
      const files = await jobFiles()
      const file = fileOf(rows.length, (at) => rows[at] ?? '')
      const report = await importUsers(admin, file, { ...files, dryRun })
      expect(report).toMatchObject({ created: 3, rejected: 3 })
      expect((await linesOf(files.rejected)).toSorted((a, b) => a.line - b.line)).toMatchObject([
        { line: 1, reason: 'the user name is the e-mail address of another user' },
        { line: 5, reason: 'the user name is the e-mail address of line 4' },
        { line: 6, reason: 'the e-mail address is the user name of another user' },
      ])
    }
    for (const at of [0, 5]) expect(await verdictAlone(rows[at] as ImportedUser)).toBe('refuses')
  })
})
