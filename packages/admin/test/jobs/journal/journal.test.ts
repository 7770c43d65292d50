import { randomInt } from 'node:crypto'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import type { Admin } from '@cloakwright/admin'
import { importUsers, undoJob } from '@cloakwright/admin/jobs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readRecord, writeRecord } from '../../../src/jobs/journal/journal-records.ts'
import { caught } from '../../support/caught.ts'
import { openTarget, type Target } from '../../support/target.ts'
import { fileOf, jobFiles, makeRealm, person } from '../../support/users.ts'

let target: Target
let admin: Admin

beforeAll(async () => {
  target = await openTarget()
  admin = target.admin({ realm: target.realmName() })
  await makeRealm(admin)
})
afterAll(() => target.close())

/** A finished import of three users that no other test has. */
async function finished(): Promise<{
  journal: string
  rejected: string
  file: ReturnType<typeof fileOf>
}> {
  const files = await jobFiles()
  const from = randomInt(1_000_000)
  const file = fileOf(3, (at) => person(from + at))
  await importUsers(admin, file, files)
  return { ...files, file }
}

describe('a journal', () => {
  test('names each user by line, id and name, before and after its batch', async () => {
    const { journal, file } = await finished()
    const lines = (await readFile(journal, 'utf8')).trim().split('\n')
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(records).toEqual([
      {
        journal: 1,
        job: 'import',
        server: admin.server,
        realm: admin.realm,
        realmId: expect.any(String),
        file: file.digest,
      },
      {
        started: 1,
        rows: [1, 2, 3].map((line) => [line, expect.any(String), expect.any(String), expect.any(Number)]),
      },
      { ended: 1, created: [1, 2, 3] },
    ])
  })

  test('may end with half a line, as a kill leaves it', async () => {
    const { journal, rejected, file } = await finished()
    await appendFile(journal, '{"started":2,"rows":[[4,"')
    expect(await importUsers(admin, file, { journal, rejected })).toMatchObject({ created: 3, present: 0 })
    await appendFile(journal, '{"undone')
    expect(await undoJob(admin, journal)).toMatchObject({ undone: 3 })
  })

  test('may end within its first line', async () => {
    const { journal, rejected, file } = await finished()
    const text = await readFile(journal, 'utf8')
    for (const length of [0, 1, text.indexOf('\n')]) {
      await writeFile(journal, text.slice(0, length))
      expect(await importUsers(admin, file, { journal, rejected })).toMatchObject({ present: 3 })
    }
  })

  test('keeps the form of earlier releases: rejected rows are its failed ones', async () => {
    const { journal, rejected, file } = await finished()
    const text = await readFile(journal, 'utf8')
    const ended = '{"ended":1,"created":[1,2],"failed":[[3,"another user has its id"]]}'
    await writeFile(journal, text.replace('{"ended":1,"created":[1,2,3]}', ended))
    expect(await importUsers(admin, file, { journal, rejected })).toMatchObject({ created: 2, rejected: 1 })
    expect(JSON.parse(await readFile(rejected, 'utf8'))).toMatchObject({
      line: 3,
      reason: 'another user has its id',
    })
    const record = readRecord(ended)
    expect(record).toMatchObject({ ends: [{ line: 1 }, { line: 2 }, { line: 3, outcome: 'rejected' }] })
    expect(record && writeRecord(record)).toBe(ended)
  })

  const damages: [string, (text: string) => string][] = [
    ['a broken line in the middle', (text) => text.replace('"rows"', '"ro')],
    ['a line that is no record', (text) => text.replace('\n', '\n{"unknown":1}\n')],
    ['no first line', (text) => text.slice(text.indexOf('\n') + 1)],
    ['a second first line', (text) => text.slice(0, text.indexOf('\n') + 1) + text],
    ['one line of other text', () => '{"realm":"shop","users":[{"username":"alice"}]}'],
    ['other text', () => 'username,email\nalice,alice@example.org\n'],
  ]
  test.each(damages)('with %s is refused, whole and unchanged', async (_, damage) => {
    const { journal, rejected, file } = await finished()
    const damaged = damage(await readFile(journal, 'utf8'))
    await writeFile(journal, damaged)
    expect((await caught(importUsers(admin, file, { journal, rejected }))).code).toBe('CW_JOURNAL_INVALID')
    expect((await caught(undoJob(admin, journal))).code).toBe('CW_JOURNAL_INVALID')
    expect(await readFile(journal, 'utf8')).toBe(damaged)
  })

  test.each([
    ['file', { file: 'other' }, 'belongs to another file'],
    ['realm', { realm: 'other' }, 'belongs to another realm'],
    ['realm of the same name', { realmId: 'other' }, 'belongs to another realm (it was re-created)'],
    ['server', { server: 'https://id.example.com' }, 'belongs to another server'],
    ['job', { job: 'disable' }, 'belongs to another job'],
  ])('of another %s is refused', async (_, header, message) => {
    const { journal, rejected, file } = await finished()
    const [first = '', ...rest] = (await readFile(journal, 'utf8')).split('\n')
    const changed = JSON.stringify({ ...(JSON.parse(first) as object), ...header })
    await writeFile(journal, [changed, ...rest].join('\n'))
    const error = await caught(importUsers(admin, file, { journal, rejected }))
    expect(error.code).toBe('CW_JOURNAL_MISMATCH')
    expect(error.message).toContain(message)
    expect(error.hint).toContain('--journal')
  })

  test('in a folder that is not there is refused', async () => {
    const { rejected } = await jobFiles()
    const options = { journal: `${rejected}/journal`, rejected }
    expect((await caught(importUsers(admin, fileOf(1, person), options))).code).toBe('CW_JOURNAL_INVALID')
  })

  test('is unlocked when the job ends, also by an error', async () => {
    const { journal, rejected, file } = await finished()
    target.proxy.fail('GET', '/users', { status: 403 })
    expect((await caught(importUsers(admin, file, { journal, rejected }))).code).toBe('CW_ADMIN_FORBIDDEN')
    expect(await importUsers(admin, file, { journal, rejected })).toMatchObject({ created: 3 })
  })
})
