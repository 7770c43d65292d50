import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { type Admin, usersWithMemberships } from '@cloakwright/admin'
import { exportUsers, openUserFile } from '@cloakwright/admin/files'
import { importUsers } from '@cloakwright/admin/jobs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserRepresentation } from '../../src/client/representations.ts'
import { guarded, unguarded } from '../../src/files/csv/cells.ts'
import { writeCsv } from '../../src/files/write-users.ts'
import { collect } from '../support/collect.ts'
import { openFolder } from '../support/folder.ts'
import { openTarget, type Target } from '../support/target.ts'

const folder = await openFolder()

describe('a realm that is exported and imported into another', () => {
  let target: Target
  let from: Admin
  beforeAll(async () => {
    target = await openTarget()
    from = await openRealm([
      {
        username: 'alice',
        email: 'alice@example.com',
        emailVerified: true,
        firstName: 'Alice "Ali", the first',
        lastName: '=HYPERLINK("http://evil.example","x")',
        enabled: true,
        realmRoles: ['reader', '-a;b\\c', '=cmd'],
        clientRoles: { 'https://sp.example.com/': ['stock:read', '@x'] },
        groups: ['/staff', '/staff/+on call; nights'],
        requiredActions: ['UPDATE_PASSWORD'],
        attributes: {
          team: ['red', 'a;b', '+49 123'],
          'note;=1': ['two\r\nlines', '\tx', "'=1", '={"a":1}'],
        },
      },
      { username: 'bob', enabled: false, firstName: '@SUM(1)', lastName: "'-", attributes: { team: ['\\'] } },
      { username: 'élan', enabled: true, email: '+x@example.com', groups: ['/staff/+on call; nights'] },
    ])
  })
  afterAll(() => target.close())

  test.each(['csv', 'ndjson'] as const)(
    'by %s has the same users, roles, groups and attributes',
    async (format) => {
      const path = folder.path(`users.${format}`)
      const report = await exportTo(path, from, format)
      expect(report.users).toBe(3)

      const to = await openRealm([])
      const file = await openUserFile(path)
      const jobs = {
        journal: folder.path(`${format}.journal`),
        rejected: folder.path(`${format}.rejected`),
      }
      expect(await importUsers(to, file, jobs)).toMatchObject({ created: 3, rejected: 0, rows: 3 })

      expect((await collect(usersWithMemberships(to))).map(what)).toEqual(
        (await collect(usersWithMemberships(from))).map(what),
      )
      const again = folder.path(`again.${format}`)
      await exportTo(again, to, format)
      expect(await readFile(again, 'utf8')).toBe(await readFile(path, 'utf8'))
    },
  )

  test('has no cell that a spreadsheet would run, wherever it splits', async () => {
    const path = folder.path('safe.csv')
    await exportTo(path, from, 'csv')
    const text = await readFile(path, 'utf8')
    expect(text).toContain(`"'=HYPERLINK(""http://evil.example"",""x"")"`)
    for (const cell of text.split(/[,;\t\r\n]/)) expect(cell).not.toMatch(/^"?[=+\-@]/)
  })

  test('may be a part of it, has no service accounts, and tells how far it is', async () => {
    await from.client.clients.create({ clientId: 'robot', serviceAccountsEnabled: true, publicClient: false })
    const path = folder.path('part.ndjson')
    const told: string[] = []
    const report = await exportTo(path, from, 'ndjson', {
      enabled: true,
      onProgress: ({ phase, done, total }: { phase: string; done: number; total: number | undefined }) =>
        told.push(`${phase} ${done}/${total}`),
    })
    expect(report.users).toBe(2)
    const rows = await collect((await openUserFile(path)).rows())
    expect(rows).toMatchObject([{ user: { username: 'alice' } }, { user: { username: 'élan' } }])
    expect(told.at(-1)).toBe('exporting 3/3')
  })

  test('has people whose names begin like those of service accounts', async () => {
    const { client, realm } = from
    const people = ['service-account-robot2', 'service-account-person']
    // Of the one there is no client, of the other there is one without a service account.
    for (const username of people) await client.users.create({ realm, username, enabled: true })
    await client.clients.create({ clientId: 'Machine', serviceAccountsEnabled: true, publicClient: false })
    await client.clients.create({ clientId: 'person', publicClient: false })
    const path = folder.path('people.ndjson')
    expect(await exportTo(path, from, 'ndjson', { username: 'service-account-' })).toMatchObject({ users: 2 })
    const rows = await collect((await openUserFile(path)).rows())
    expect(rows.map((row) => 'user' in row && row.user.username).sort()).toEqual(people.sort())
  })

  test('ends with the signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(exportTo(folder.path('none.csv'), from, 'csv', { signal })).rejects.toThrow()
  })

  async function openRealm(users: object[]): Promise<Admin> {
    const realm = target.realmName()
    const admin = target.admin({ realm })
    await admin.client.realms.create({
      realm,
      enabled: true,
      clients: [{ clientId: 'https://sp.example.com/' }],
      roles: {
        realm: ['reader', '-a;b\\c', '=cmd'].map((name) => ({ name })),
        client: { 'https://sp.example.com/': [{ name: 'stock:read' }, { name: '@x' }] },
      },
      groups: [{ name: 'staff', subGroups: [{ name: '+on call; nights' }] }],
    })
    const profile = await admin.client.users.getProfile()
    const team = {
      name: 'team',
      multivalued: true,
      permissions: { view: ['admin' as const], edit: ['admin' as const] },
    }
    await admin.client.users.updateProfile({
      ...profile,
      attributes: [...(profile.attributes ?? []).map(({ validations: _none, ...each }) => each), team],
      unmanagedAttributePolicy: 'ENABLED' as never,
    })
    if (users.length > 0)
      await admin.client.realms.partialImport({ realm, rep: { ifResourceExists: 'SKIP', users } })
    return admin
  }
})

/** What is the same in both realms. */
function what(user: UserRepresentation): object {
  const { id: _id, createdTimestamp: _time, access: _access, ...same } = user
  return same
}

async function exportTo(
  path: string,
  admin: Admin,
  format: 'csv' | 'ndjson',
  options: object = {},
): Promise<{ users: number }> {
  const to = createWriteStream(path)
  try {
    return await exportUsers(admin, { format, to, ...options })
  } finally {
    to.end()
    await finished(to).catch(() => {})
  }
}

describe('whatever a user has', () => {
  // What PostgreSQL and UTF-8 can't keep is in no realm.
  const text = fc
    .oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: fc.constantFrom(...Array.from('=+-@\t\r\n\'"\\;:,; ax＝')), maxLength: 8 }),
    )
    .filter((value) => !value.includes('\0') && !/\p{Surrogate}/u.test(value))
  const name = text
    .map((value) => value.replace(/\p{Cc}/gu, '').trim())
    .filter((value) => value !== '' && value !== '__proto__')
  const list = fc.uniqueArray(name, { maxLength: 3 })
  const user = fc.record(
    {
      username: name,
      firstName: name,
      lastName: name,
      emailVerified: fc.boolean(),
      enabled: fc.boolean(),
      realmRoles: list,
      clientRoles: fc.dictionary(name, fc.uniqueArray(name, { minLength: 1, maxLength: 3 }), { maxKeys: 3 }),
      groups: fc.array(
        name.map((value) => `/${value.replaceAll('/', '')}x`),
        { maxLength: 3 },
      ),
      requiredActions: list,
      attributes: fc.dictionary(name, fc.array(text, { minLength: 1, maxLength: 3 }), { maxKeys: 3 }),
    },
    { requiredKeys: ['username', 'enabled'] },
  )

  test('comes back from a CSV file as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(user, { minLength: 1, maxLength: 5 }), list, async (users, attributes) => {
        const to = createWriteStream(folder.path('any.csv'))
        await writeCsv(stream(users), attributes, to)
        to.end()
        await finished(to)
        const rows = await collect((await openUserFile(folder.path('any.csv'))).rows())
        expect(rows.map((row) => ('user' in row ? row.user : row))).toEqual(users.map(withoutEmpty))
      }),
      { numRuns: 300 },
    )
  })

  test('is protected against formulas in a reversible way', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(unguarded(guarded(value))).toBe(value)
        expect(guarded(value)).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]|[;\t\r\n]"*[=+\-@＝＋－＠]/)
      }),
      { numRuns: 2000 },
    )
  })
})

/** An empty list in CSV is none. */
function withoutEmpty(user: object): object {
  return Object.fromEntries(
    Object.entries(user).filter(
      ([, value]) => typeof value !== 'object' || Object.keys(value as object).length > 0,
    ),
  )
}

async function* stream<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items
}
