import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { runOnTerminal, startCli, temporaryFolder } from '../../support/program.ts'
import { openShop, type Shop } from '../../support/shop.ts'

// Commands on many users.

// Each of them starts many processes.
vi.setConfig({ testTimeout: 90_000 })

let shop: Shop

beforeAll(async () => {
  shop = await openShop({
    roles: { realm: [{ name: 'user' }, { name: 'editor' }] },
    groups: [{ name: 'staff' }],
    users: [{ username: 'taken', email: 'taken@example.com' }],
  })
})
beforeEach(() => void shop.writes())
afterAll(() => shop.target.close())

function writeRows(name: string, rows: readonly string[]): string {
  const file = join(temporaryFolder(), name)
  writeFileSync(file, `${rows.join('\n')}\n`)
  return file
}

function people(prefix: string, count: number): string[] {
  const rows = Array.from({ length: count }, (_, index) => `${prefix}-${index},user,/staff`)
  return ['username,realmRoles,groups', ...rows]
}

const usersOf = async (prefix: string) =>
  (await shop.run('users', 'list', '--search', `${prefix}-`)).stdout.split('\n').length - 1

describe('import', () => {
  const rows = [
    'username,email,realmRoles,groups,password',
    'imported-ann,ann@example.com,user,/staff,canary-pa55word',
    'imported-ben,ben@example.com,,,',
    'imported-ben,,,,',
    'imported-cat,cat,,,',
    'imported-dan,,nothing,,',
    'imported-eve,taken@example.com,,,',
  ]

  test('a dry run reports the rejected rows, and creates no user and no file', async () => {
    const file = writeRows('people.csv', rows)
    const { code, stdout, stderr } = await shop.run('users', 'import', file, '--dry-run')
    expect(stderr).toMatch(/^line 4: .*line 3/m)
    expect(stderr).toMatch(/^line 5: .*e-mail/m)
    expect(stderr).toMatch(/^line 6: there is no role "nothing"$/m)
    expect(stdout).toMatch(/^6 rows in [\d.]+ s$/m)
    expect(stderr).toMatch(/^line 7: another user has the same e-mail address$/m)
    expect(stdout).toMatch(/^4 rejected$/m)
    expect(stdout).toMatch(/^Dry run: nothing was changed\n[^]*^2 to create$/m)
    expect(code).toBe(3)
    // The checks of the rights, which change nothing: no users, and a user without a name.
    expect(shop.writes().toSorted()).toEqual([
      `POST /admin/realms/${shop.realm}/partialImport`,
      `POST /admin/realms/${shop.realm}/users`,
    ])
    expect(await usersOf('imported')).toBe(0)
    expect(existsSync(`${file}.journal`)).toBe(false)
    expect(existsSync(`${file}.rejected.ndjson`)).toBe(false)
  })

  test('warns about a column that the realm hides, with the number of rows, and exits with 3, as the dry run does', async () => {
    const file = writeRows('hidden.csv', [
      'username,email,firstName,lastName,attributes.costCentre',
      'hidden-1,hidden-1@example.com,H,One,canary-42',
      'hidden-2,hidden-2@example.com,H,,canary-43',
    ])
    for (const args of [['--dry-run'], []]) {
      const { code, stdout, stderr } = await shop.run('users', 'import', file, ...args)
      expect(stderr).toMatch(
        /^warning: attributes\.costCentre \(2 rows\): .*user profile does not declare it/m,
      )
      expect(stderr).toMatch(/^warning: lastName \(1 row\): missing: .*before they can sign in/m)
      expect(stdout + stderr).not.toContain('canary')
      expect(code).toBe(3)
    }
  })

  test('lists exactly the accepted columns in its help', async () => {
    const { stdout } = await shop.run('users', 'import', '--help')
    const table = stdout.slice(
      stdout.indexOf('\nColumns of a CSV file'),
      stdout.indexOf('\nDifferences between existing users'),
    )
    const listed = [...table.matchAll(/^ {2}([\w.]+(?:, [\w.]+)*) {2}/gm)].flatMap(([, names = '']) =>
      names.split(', '),
    )
    const { stderr } = await shop.run('users', 'import', writeRows('unknown.csv', ['username,unknown']))
    const [, columns = ''] =
      /Name the columns in the first row: (.*), and attributes\.NAME/.exec(stderr) ?? []
    expect(listed.toSorted()).toEqual([...columns.split(', '), 'attributes.NAME'].toSorted())
  })

  test('reports a file without rows', async () => {
    const { code, stderr } = await shop.run('users', 'import', writeRows('none.csv', ['username,email']))
    expect(stderr).toMatch(/none\.csv has no rows: nothing was done$/m)
    expect(code).toBe(0)
  })

  test('reports existing users of a file that was saved again, and exits with 0', async () => {
    const again = ['username,email', 'again-1,again-1@example.com', 'again-2,again-2@example.com']
    expect(await shop.run('users', 'import', writeRows('1.csv', again))).toMatchObject({ code: 0 })
    const file = join(temporaryFolder(), '2.csv')
    writeFileSync(file, again.map((row) => `${row}\r\n`).join(''))
    for (const args of [['--dry-run'], []]) {
      const { code, stdout, stderr } = await shop.run('users', 'import', file, ...args)
      expect(stdout).toMatch(/^2 existing users left unchanged$/m)
      expect(stderr).not.toContain('different from the file')
      // The warning is about new users only: existing ones may have a last name.
      expect(stderr).toMatch(/^warning: lastName \(2 rows\): missing: users must fill it in/m)
      expect(stdout).toMatch(/^0 (?:to create|created)$/m)
      expect(code).toBe(0)
    }
    const other = writeRows('3.csv', [...again.slice(0, 2), 'again-2,other@example.com'])
    const { code, stderr } = await shop.run('users', 'import', other)
    expect(stderr).toMatch(/^1 existing user different from the file, left unchanged \(email: 1\)$/m)
    expect(code).toBe(3)
  })

  test('creates users, keeps rejected rows, resumes, and can be undone', async () => {
    const file = writeRows('people.csv', rows)
    const first = await shop.run('users', 'import', file, '--json')
    expect(first.code).toBe(3)
    expect(JSON.parse(first.stdout)).toMatchObject({ rows: 6, created: 2, reconciled: { missing: 0 } })
    expect(first.stdout + first.stderr).not.toContain('canary')
    const rejected = `${file}.rejected.ndjson`
    expect(readFileSync(rejected, 'utf8').trimEnd().split('\n')).toHaveLength(4)
    for (const kept of [rejected, `${file}.journal`]) expect(statSync(kept).mode & 0o777).toBe(0o600)
    expect(readFileSync(`${file}.journal`, 'utf8')).not.toContain('canary')

    const again = await shop.run('users', 'import', file, '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({ created: 2 })
    expect((await shop.run('users', 'import', file)).stdout).toMatch(/^2 created earlier$/m)
    expect(await usersOf('imported')).toBe(2)

    const undo = ['users', 'undo', `${file}.journal`]
    shop.writes()
    expect(await shop.run(...undo, '--dry-run', '--json')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/"dryRun": true,\s+"undone": 2/),
    })
    expect(shop.writes()).toEqual([])
    expect(await shop.run(...undo)).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    expect(await shop.run(...undo, '--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^2 rows undone$/m),
    })
    const { stderr } = await shop.run(...undo, '--yes')
    expect(stderr).toMatch(/^Nothing to undo in /m)
    expect(await usersOf('imported')).toBe(0)
    expect(await usersOf('taken')).toBe(0)
    expect(await shop.print('users', 'get', 'taken')).toContain('taken@example.com')
  })

  test('says 0 created, not created earlier, when this run rejected every row', async () => {
    const file = writeRows('strangers.csv', ['username,realmRoles', 'stranger,nobody'])
    const { code, stdout } = await shop.run('users', 'import', file)
    expect(stdout).toMatch(/^0 created\n1 rejected$/m)
    expect(code).toBe(3)
    const assigned = await shop.run('users', 'assign', file, '--role', 'user', '--journal', `${file}.2`)
    expect(assigned.stdout).toMatch(/^0 changed\n1 rejected$/m)
  })

  test('stops cleanly on Ctrl+C with 130, and the same command resumes', async () => {
    const file = writeRows('many.csv', people('many', 3000))
    const program = startCli(['users', 'import', file], shop.variables)
    await until(() => shop.target.proxy.seen.some(({ path }) => path.endsWith('/partialImport')))
    program.child.kill('SIGINT')
    expect(await program.ended).toBe(130)
    expect(program.stderr()).toContain('Run the same command again to resume')
    expect(await usersOf('many')).toBeLessThan(3000)

    const { code, stdout, stderr } = await shop.run('users', 'import', file)
    expect(stderr).toMatch(/^importing: 3000 of 3000, \d+\/s/m)
    expect(stdout).toMatch(/^3000 created$/m)
    expect(code).toBe(0)
    expect(await usersOf('many')).toBe(3000)
  })

  test.skipIf(process.platform !== 'linux')('shows a bar with rate and time left on a terminal', async () => {
    const file = writeRows('bar.csv', people('bar', 600))
    const { code, output } = await runOnTerminal(['users', 'import', file], shop.variables)
    expect(output).toMatch(/importing [█░]+ +\d+% +\d+ of 600, \d+\/s, \d+ s left/)
    expect(code).toBe(0)
  })

  test.each<[string, string[], RegExp]>([
    ['a file that does not exist', ['users', 'import', 'none.csv'], /none\.csv.*CW_FILE_INVALID/],
    [
      'a journal that does not exist',
      ['users', 'undo', 'none.journal', '--yes'],
      /none\.journal.*CW_JOURNAL_INVALID/,
    ],
    [
      'the same before the confirmation',
      ['users', 'undo', 'none.journal'],
      /none\.journal.*CW_JOURNAL_INVALID[^]*FILE\.journal/,
    ],
    [
      'the same in a dry run',
      ['users', 'undo', 'none.journal', '--dry-run'],
      /none\.journal.*CW_JOURNAL_INVALID/,
    ],
  ])('refuses %s', async (_, args, reason) => {
    const { code, stderr } = await shop.run(...args)
    expect(stderr).toMatch(reason)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(code).toBe(1)
  })
})

describe('disable and assign', () => {
  test('change the users of a file, reject unknown users, and can be undone', async () => {
    const file = writeRows('staff.csv', people('staff', 4))
    await shop.run('users', 'import', file)
    const some = writeRows('some.csv', ['username', 'staff-0', 'staff-1', 'nobody-there'])
    const disabled = async () =>
      (await shop.run('users', 'list', '--search', 'staff-', '--disabled')).stdout.split('\n').length - 1

    const disable = ['users', 'disable', '--file', some]
    shop.writes()
    expect(await shop.run(...disable)).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    expect(await shop.run(...disable, '--dry-run')).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/^2 to change$/m),
    })
    expect(shop.writes()).toEqual([])
    expect(await shop.run(...disable, '--yes')).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/^2 changed$/m),
      stderr: expect.stringMatching(
        /^line 4: [^]*cloakwright users disable --file \S+rejected.ndjson --yes$/m,
      ),
    })
    expect(await disabled()).toBe(2)
    const rejected = `${some}.disable.rejected.ndjson`
    expect(readFileSync(rejected, 'utf8')).not.toContain('enabled')
    expect(await shop.run('users', 'import', rejected)).toMatchObject({ code: 1 })
    expect(await shop.run('users', 'undo', `${some}.disable.journal`, '--yes')).toMatchObject({ code: 0 })
    expect(await disabled()).toBe(0)

    const part = writeRows('part.csv', ['username', 'staff-9'])
    const told = await shop.run('users', 'assign', part, '--role', 'editor', '--group', '/staff')
    const again = /Fix them, then run:\n {2}cloakwright (.*)/.exec(told.stderr)?.[1]?.split(' ') ?? []
    expect(again).toEqual([
      'users',
      'assign',
      `${part}.assign.rejected.ndjson`,
      '--role',
      'editor',
      '--group',
      '/staff',
    ])
    writeFileSync(again[2] ?? '', readFileSync(again[2] ?? '', 'utf8').replace('staff-9', 'staff-3'))
    expect(await shop.run(...again)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 changed$/m),
    })

    const given = await shop.run('users', 'assign', file, '--role', 'editor', '--json')
    expect(JSON.parse(given.stdout)).toMatchObject({ changed: 3, present: 1, rejected: 0 })
    expect(given.code).toBe(0)
    expect((await shop.print('roles', 'members', 'editor')).split('\n')).toHaveLength(5)
  })

  test('disable refuses neither or both of a user and a file', async () => {
    expect(await shop.run('users', 'disable')).toMatchObject({ code: 2 })
    expect(await shop.run('users', 'disable', 'taken', '--file', 'x.csv')).toMatchObject({ code: 2 })
  })
})

describe('export', () => {
  test('writes a file for import, to standard output or a new private file', async () => {
    const file = writeRows('out.csv', people('out', 3))
    await shop.run('users', 'import', file)
    const { code, stdout } = await shop.run('users', 'export', '--search', 'out-', '--format', 'ndjson')
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject(
      [0, 1, 2].map((number) => ({ username: `out-${number}`, realmRoles: ['user'], groups: ['/staff'] })),
    )

    const out = join(temporaryFolder(), 'out.csv')
    const args = ['users', 'export', '--search', 'out-', '--out', out]
    expect(await shop.run(...args)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^3 users written to /m),
    })
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(await shop.run('users', 'import', out, '--dry-run')).toMatchObject({ code: 0 })
    expect(await shop.run(...args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('exists already'),
    })
  })

  test('leaves no file if it fails', async () => {
    const out = join(temporaryFolder(), 'out.csv')
    const { code } = await shop.run('users', 'export', '--realm', 'none', '--out', out)
    expect(code).toBe(1)
    expect(existsSync(out)).toBe(false)
  })
})

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 20))
}
