import { readFile, rm } from 'node:fs/promises'
import { type Admin, usersWithMemberships } from '@cloakwright/admin'
import { openUserFile } from '@cloakwright/admin/files'
import { importUsers } from '@cloakwright/admin/jobs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openRejectedRows } from '../../../src/files/rejected-rows.ts'
import { collect } from '../../support/collect.ts'
import { openFolder } from '../../support/folder.ts'
import { openTarget, type Target } from '../../support/target.ts'
import { makeRealm } from '../../support/users.ts'

const folder = await openFolder()
let target: Target
let admin: Admin

beforeAll(async () => {
  target = await openTarget()
  admin = target.admin({ realm: target.realmName() })
  await makeRealm(admin)
  await admin.client.users.create({ username: 'present', email: 'present@example.com', firstName: 'Old' })
})
afterAll(() => target.close())

const jobs = (name: string) => ({
  journal: folder.path(`${name}.journal`),
  rejected: folder.path(`${name}.rejected.ndjson`),
})

async function rejected(path: string): Promise<{ line: number; reason: string; row: unknown }[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1)
  return lines
    .map((line) => JSON.parse(line) as never)
    .toSorted((a: { line: number }, b) => a.line - b['line'])
}

test('reports each rejected row of a CSV file with line and reason, and imports the others', async () => {
  const content = Buffer.concat(
    [
      'username,email,enabled,realmRoles,groups,firstName\n',
      'good-1,good-1@example.com,true,reader,/staff/night,Åsa\n',
      'no-columns,x\n',
      '"no-end,,,,,\n',
      'no-quote,,,,,a"b"c\n',
      `too-long,,,,,${'x'.repeat(2 * 1024 * 1024)}\n`,
      'no-flag,,yes,,,\n',
      'no-address,nobody,,,,\n',
      'no-role,,,riter,,\n',
      'no-group,,,,/staff/days,\n',
      'GOOD-1,,,,,twice in the file\n',
      'present,,,,,there before\n',
      'nul-\0,,,,,\n',
      ',nameless@example.com,,,,\n',
      `good-2,,,"writer;reader",,"'+1"\n`,
    ].map((line) => Buffer.from(line)),
  )
  const file = await openUserFile(await folder.write('bad.csv', content))
  const job = jobs('bad')
  const report = await importUsers(admin, file, job)

  expect(report).toMatchObject({ rows: 14, created: 2, existing: 1, rejected: 11 })
  // A row is enabled unless it says otherwise.
  const fields = ['enabled', 'firstName'].map((field) => ({ field, rows: 1 }))
  expect(report.leftUnchanged).toEqual({ differing: 1, fields })
  expect(report.reconciled).toMatchObject({ checked: 2, missing: 0, differing: 0 })
  expect((await rejected(job.rejected)).map(({ line, reason }) => `${line}: ${reason}`)).toEqual([
    '3: the row has 2 values, but the file has 6 columns',
    '4: a quotation mark is not closed',
    expect.stringMatching(/^5: a value contains a quotation mark/),
    '6: the row is longer than 1 MiB',
    '7: enabled must be true or false',
    '8: email is not a valid e-mail address',
    '9: there is no role "riter"',
    '10: there is no group "/staff/days"',
    '11: line 2 has the same user name',
    '13: username contains a control character',
    '14: username is missing',
  ])
  const found = await collect(usersWithMemberships(admin))
  expect(found).toMatchObject([
    { username: 'good-1', firstName: 'Åsa', groups: ['/everyone', '/staff/night'], realmRoles: ['reader'] },
    { username: 'good-2', firstName: '+1', realmRoles: ['reader', 'writer'] },
    { username: 'present', firstName: 'Old' },
  ])
})

test.each<[string, (deep: string) => string]>([
  [
    'deep.csv',
    (deep) => `username,attributes\ndeep,"{""a"":${deep}}"\n"open,\n${'\n'.repeat(170_000)}short,\n`,
  ],
  ['deep.ndjson', (deep) => `{"username":"deep","access":{"a":${deep}}}\n${deep}\n{"username":"short"}\n`],
  ['deep.json', (deep) => `[{"username":"deep","access":{"a":${deep}}},${deep},{"username":"short"}]`],
])('rejects rows that are nested too deeply, and imports the others: %s', async (name, content) => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
  const file = await openUserFile(await folder.write(name, content(deep)))
  const rejectedRows = await openRejectedRows(folder.path(`${name}.rejected`))
  let rows = 0
  for await (const row of file.rows()) {
    rows += 1
    if (!('user' in row)) await rejectedRows.write(row)
  }
  await rejectedRows.close()
  expect(rows).toBe(3)
  const reasons = (await rejected(folder.path(`${name}.rejected`))).map(({ reason }) => reason)
  expect(reasons[0]).toBe('the row has more than 64 levels')
})

test('the rows that were rejected are imported once they are fixed', async () => {
  const content =
    'username,enabled,realmRoles,clientRoles\nmend-1,yes,,\nmend-2,,riter,\nmend-3,,,shop\n"mend-4,,,\n'
  const file = await openUserFile(await folder.write('mend.csv', content))
  const job = jobs('mend')
  expect(await importUsers(admin, file, job)).toMatchObject({ created: 0, rejected: 4 })

  const text = (await readFile(job.rejected, 'utf8'))
    .replace('"yes"', 'true')
    .replace('["riter"]', '["writer"]')
    .replace('"clientRoles":"shop"', '"clientRoles":{"shop":["buyer"]}')
    .replace(String.raw`"row":"\"mend-4,,,"`, '"row":{"username":"mend-4"}')
  const mended = await openUserFile(await folder.write('mended.ndjson', text))
  await rm(job.rejected)
  expect(await importUsers(admin, mended, jobs('mended'))).toMatchObject({ created: 4, rejected: 0 })
  expect(await collect(usersWithMemberships(admin, { search: 'mend' }))).toMatchObject([
    { username: 'mend-1', enabled: true },
    { username: 'mend-2', realmRoles: ['writer'] },
    { username: 'mend-3', clientRoles: { shop: ['buyer'] } },
    { username: 'mend-4', enabled: true },
  ])
})
