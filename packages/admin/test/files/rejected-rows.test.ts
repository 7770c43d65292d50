import { appendFile, readFile, stat } from 'node:fs/promises'
import { openUserFile } from '@cloakwright/admin/files'
import { describe, expect, test } from 'vitest'
import { openRejectedRows } from '../../src/files/rejected-rows.ts'
import { caught } from '../support/caught.ts'
import { collect } from '../support/collect.ts'
import { openFolder } from '../support/folder.ts'

const folder = await openFolder()

describe('the file of rejected rows', () => {
  test('has line, reason and row of each rejected row, for its owner alone', async () => {
    const path = folder.path('rejected.ndjson')
    const rejectedRows = await openRejectedRows(path)
    await Promise.all([
      rejectedRows.write({
        line: 3,
        reason: 'enabled must be true or false',
        raw: { username: 'bob', enabled: 'yes' },
      }),
      rejectedRows.write({ line: 4, reason: 'a quotation mark is not closed', raw: '"zoe,' }),
    ])
    expect(rejectedRows.count).toBe(2)
    await rejectedRows.close()

    expect(
      (await readFile(path, 'utf8'))
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { line: 3, reason: 'enabled must be true or false', row: { username: 'bob', enabled: 'yes' } },
      { line: 4, reason: 'a quotation mark is not closed', row: '"zoe,' },
    ])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test('is a file of users once its rows are fixed, whatever format they come from', async () => {
    const source = await openUserFile(
      await folder.write('users.csv', 'username,enabled,realmRoles,password\nbob,yes,a;b,s3cret\n"zoe,,,\n'),
    )
    const path = folder.path('mended.ndjson')
    const rejectedRows = await openRejectedRows(path)
    for await (const row of source.rows()) if ('reason' in row) await rejectedRows.write(row)
    await rejectedRows.close()

    const mended = (await readFile(path, 'utf8')).replace('"yes"', 'true')
    expect(await folder.rows('mended.ndjson', mended)).toEqual([
      {
        line: 1,
        user: {
          username: 'bob',
          enabled: true,
          realmRoles: ['a', 'b'],
          credentials: [{ type: 'password', value: 's3cret', temporary: false }],
        },
      },
      { line: 2, reason: 'the row must be an object with the fields of a user', raw: '"zoe,,,' },
    ])
  })

  test.each(['rows of yesterday\n', '{"realm":"shop","users":[]}'])(
    'is never overwritten: %j',
    async (text) => {
      const path = await folder.write('precious.ndjson', text)
      expect(await caught(openRejectedRows(path))).toMatchObject({
        code: 'CW_FILE_EXISTS',
        message: expect.stringContaining(path),
      })
      expect(await caught(openRejectedRows(path, { resume: true }))).toMatchObject({
        code: 'CW_FILE_INVALID',
      })
      expect(await readFile(path, 'utf8')).toBe(text)
    },
  )

  test('continues where an interrupted job stopped, without duplicates and without a half-written line', async () => {
    const path = folder.path('resumed.ndjson')
    const before = await openRejectedRows(path)
    await before.write({ line: 2, reason: 'a', raw: { username: 'a' } })
    await before.write({ line: 5, reason: 'b', raw: 'é'.repeat(100_000) })
    await before.close()
    await appendFile(path, '{"line":7,"reason":"c","row":{"usern')

    const rejectedRows = await openRejectedRows(path, { resume: true })
    expect(rejectedRows.count).toBe(2)
    await rejectedRows.write({ line: 5, reason: 'b', raw: 'again' })
    await rejectedRows.write({ line: 7, reason: 'c', raw: { username: 'c' } })
    await rejectedRows.close()

    const rows = await collect((await openUserFile(path)).rows())
    expect(rows).toMatchObject([
      { line: 1, user: { username: 'a' } },
      { line: 2 },
      { line: 3, user: { username: 'c' } },
    ])
    expect(rows).toHaveLength(3)
  })

  test('does not stay when no row was rejected', async () => {
    const path = folder.path('none.ndjson')
    await (await openRejectedRows(path)).close()
    await expect(stat(path)).rejects.toThrow('ENOENT')
  })

  test('that is not writable is an error at once', async () => {
    expect(await caught(openRejectedRows(folder.path('no/such/folder.ndjson')))).toMatchObject({
      code: 'CW_FILE_INVALID',
    })
  })
})
