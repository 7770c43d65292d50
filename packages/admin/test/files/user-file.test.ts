import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { openUserFile, type Row } from '@cloakwright/admin/files'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { collect } from '../support/collect.ts'
import { openFolder } from '../support/folder.ts'

const folder = await openFolder()

const alice = {
  username: 'alice',
  email: 'alice@example.com',
  emailVerified: true,
  firstName: 'Alice',
  lastName: 'Liddell, "Ali"',
  enabled: false,
  realmRoles: ['admin', 'user'],
  clientRoles: { app: ['editor', 'stock:read'], 'https://sp.example.com': ['a;b'] },
  groups: ['/staff/editors', '/on-call'],
  requiredActions: ['UPDATE_PASSWORD'],
  attributes: { team: ['red', 'green'] },
}

describe('a CSV file', () => {
  test('has users with roles, groups, attributes and a password', async () => {
    const content = [
      'username,email,emailVerified,firstName,lastName,enabled,realmRoles,clientRoles,groups,requiredActions,attributes.team,temporaryPassword',
      String.raw`alice,alice@example.com,TRUE,Alice,"Liddell, ""Ali""",false,admin; user,app:editor;app:stock:read;https\://sp.example.com:a\;b,/staff/editors;/on-call,UPDATE_PASSWORD,red;green,'=initial`,
      'bob,,,,,,,,,,,',
    ].join('\r\n')
    expect(await folder.rows('users.csv', content)).toEqual([
      {
        line: 2,
        user: { ...alice, credentials: [{ type: 'password', value: "'=initial", temporary: true }] },
      },
      { line: 3, user: { username: 'bob', enabled: true } },
    ])
  })

  test.each([
    ['a byte-order mark', '\uFEFFusername,email\nalice,a@example.com\n'],
    ['semicolons, as some spreadsheets write them', 'username;email\nalice;a@example.com\n'],
    ['tabs', 'username\temail\nalice\ta@example.com\n'],
    ['no line break at its end', 'username,email\nalice,a@example.com'],
    ['empty lines', '\nusername,email\r\n\r\nalice,a@example.com\n  \n'],
    ['quoted names', '"username","email"\n"alice","a@example.com"\n'],
    [
      'its separator in a first line, as Excel is told it',
      'sep=;\r\nusername;email\r\nalice;a@example.com\r\n',
    ],
    ['a separator that only that line says', '\uFEFFSEP=|\nusername|email\nalice|a@example.com\n'],
    ['a tab there', 'sep=\t\nusername\temail\nalice\ta@example.com\n'],
    ['rows without a value', 'username;email\r\n;\r\nalice;a@example.com\r\n ; \r\n;\r\n;;;\r\n'],
    ['such rows above the names', ';;\nusername;email;\nalice;a@example.com;\n'],
    ['empty values after the others', 'username,email,,\nalice,a@example.com,,\n'],
    ['more of them than there are columns', 'username,email\nalice,a@example.com,, ,\n'],
    ['names in any letter case, with spaces', ' User Name ;\u00a0EMAIL\nalice;a@example.com\n'],
    ['lines that end in CR alone', 'username,email\ralice,a@example.com\r'],
    [
      'the same with its separator, a mark and an empty line',
      '\uFEFF\rsep=;\rusername;email\ralice;a@example.com',
    ],
  ])('may have %s', async (_what, content) => {
    const rows = await folder.rows('users.csv', content)
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ user: { username: 'alice', email: 'a@example.com' } })
  })

  test('may have attributes named in any letter case; their own names stay', async () => {
    expect(
      await folder.rows('users.csv', 'USERNAME;FirstName;Attributes.costCentre\nalice;Al;4711\n'),
    ).toEqual([
      {
        line: 2,
        user: { username: 'alice', enabled: true, firstName: 'Al', attributes: { costCentre: ['4711'] } },
      },
    ])
  })

  test('may have lines that end in CR alone and line breaks in quotation marks', async () => {
    const content = 'username,attributes.note\ralice,"one\rtwo\nthree"\rbob,"x\rzoe,\r'
    expect(await folder.rows('users.csv', content)).toMatchObject([
      { line: 2, user: { username: 'alice', attributes: { note: ['one\rtwo\nthree'] } } },
      { line: 4, reason: 'a quotation mark is not closed' },
      { line: 5, user: { username: 'zoe' } },
    ])
  })

  test('may have line breaks in quotation marks, counted as lines', async () => {
    const content = 'username,attributes.note\nalice,"one\r\ntwo"\nbob,"x\n""y"""\nzoe,\n'
    expect(await folder.rows('users.csv', content)).toEqual([
      { line: 2, user: { username: 'alice', enabled: true, attributes: { note: ['one\r\ntwo'] } } },
      { line: 4, user: { username: 'bob', enabled: true, attributes: { note: ['x\n"y"'] } } },
      { line: 6, user: { username: 'zoe', enabled: true } },
    ])
  })

  test.each([
    ['unknown columns', 'username,mail,name\n', 'has unknown columns, line 1: "mail", "name"'],
    ['no user names', 'email\n', 'needs a column username'],
    ['a column twice', 'username,email,email\n', 'has the column email twice'],
    [
      'no names that can be read',
      'username,"email\nalice,a\n',
      'has an unreadable row of column names, line 1',
    ],
    ['nothing but line breaks', '\n\n', 'is empty: it needs a row of column names'],
    [
      'a column that is named by nothing',
      'username,,email\n',
      'has a column without a name, line 1, column 2',
    ],
    ['a column twice but for its letter case', 'username,E mail,EMAIL\n', 'has the column email twice'],
  ])('with %s is refused when it is opened', async (_what, content, message) => {
    const error = await caught(openUserFile(await folder.write('users.csv', content)))
    expect(error).toMatchObject({ code: 'CW_FILE_INVALID', message: expect.stringContaining(message) })
    expect(error.hint).toContain('username, email, emailVerified')
  })

  test.each([
    ['Username;E-Mail', 'Write username, email. '],
    ['login,Surname,Given_name,Attributes.team', 'Write username, lastName, firstName, attributes.team. '],
    ['username,e-mail,shoe size', 'Write email for "e-mail". '],
    ['username,shoe size', 'Name the columns in the first row: '],
  ])('with the columns %s suggests the right names', async (names, hint) => {
    const error = await caught(openUserFile(await folder.write('users.csv', `${names}\r\n`)))
    expect(error.message).toContain('has unknown columns, line 1')
    expect(error.hint).toMatch(new RegExp(`^${hint}`))
  })

  test.each([
    ['too few values', 'bob', 'the row has 1 value, but the file has 2 columns'],
    ['too many values', 'bob,b@example.com,x', 'the row has 3 values, but the file has 2 columns'],
    ['text after a quotation mark', '"bob"x,', 'a value contains a quotation mark'],
    ['a quotation mark within', 'b"o"b,', 'a value contains a quotation mark'],
    ['a quotation mark that the next one closes', '"bob,\n"zoe,', 'a value contains a quotation mark'],
    ['a quotation mark that nothing closes', '"bob,', 'a quotation mark is not closed'],
    ['a NUL', 'b\0b,', 'username contains a control character'],
    ['no user name', ',b@example.com', 'username is missing'],
    ['no e-mail address', 'bob,bob', 'email is not a valid e-mail address'],
  ])('with a row that has %s continues with the next line', async (_what, row, reason) => {
    const rows = await folder.rows('users.csv', `username,email\n${row}\nalice,\n`)
    expect(rows[0]).toMatchObject({ line: 2, reason: expect.stringContaining(reason) })
    expect(rows.at(-1)).toMatchObject({ line: 3 + row.split('\n').length - 1, user: { username: 'alice' } })
  })

  test.each(['true', 'FALSE', ' yes ', 'no', '1', '0', 'x'])(
    'with the temporary password %j has a rejected row, also when it is read again',
    async (flag) => {
      const rows = await folder.rows(
        'users.csv',
        `username,temporaryPassword\nbob,${flag}\nalice,s3cr3t-canary\n`,
      )
      expect(rows).toMatchObject([
        {
          line: 2,
          reason: expect.stringMatching(/^temporaryPassword must be the password itself, not a flag/),
        },
        { line: 3, user: { credentials: [{ value: 's3cr3t-canary', temporary: true }] } },
      ])
      const [raw] = rows.flatMap((row) => ('raw' in row ? [row.raw] : []))
      expect(await folder.rows('again.ndjson', JSON.stringify(raw))).toMatchObject([
        {
          reason: expect.stringContaining(
            'credentials[0].value must be the temporary password itself, not a flag',
          ),
        },
      ])
    },
  )

  test('rejects a row with both passwords, and accepts a password that is a word', async () => {
    const rows = await folder.rows(
      'users.csv',
      'username,password,temporaryPassword\nbob,S3cret-pw1,true\nzoe,true,\n',
    )
    expect(rows).toMatchObject([
      { line: 2, reason: 'fill in password or temporaryPassword, not both' },
      { line: 3, user: { credentials: [{ value: 'true', temporary: false }] } },
    ])
  })

  test('rejects only the line with the unclosed quotation mark, also before a thousand others', async () => {
    const others = Array.from({ length: 1000 }, (_, index) => `user-${index},\n`)
    const rows = await folder.rows('users.csv', `username,email\n"bob,\n${others.join('')}`)
    expect(bad(rows)).toEqual([
      { line: 2, reason: expect.stringContaining('a quotation mark is not closed'), raw: '"bob,' },
    ])
    expect(rows).toHaveLength(1001)
  })

  test('rejects cells that are not a valid role, boolean or JSON', async () => {
    const rows = await folder.rows(
      'users.csv',
      'username,enabled,clientRoles,groups,attributes\nu1,yes,,,\nu2,,editor,,\nu3,,,staff,\nu4,,,,{\n',
    )
    expect(rows.map((row) => ('reason' in row ? row.reason : ''))).toEqual([
      'enabled must be true or false',
      'clientRoles must be an object of lists',
      'groups[0] is not a group path like /staff/editors',
      'attributes must be an object of lists',
    ])
  })
})

describe('an NDJSON file', () => {
  test('has one user a line, as Keycloak represents it', async () => {
    const credentials = [{ type: 'password', secretData: '{}', credentialData: '{}' }]
    const rows = await folder.rows(
      'users.ndjson',
      `\uFEFF${JSON.stringify({ ...alice, credentials })}\r\n\n{"username":"bob","email":null}\n`,
    )
    expect(rows).toEqual([
      { line: 1, user: { ...alice, credentials } },
      { line: 3, user: { username: 'bob', enabled: true } },
    ])
  })

  test.each([
    ['{"username":"bob"', 'the line is not valid JSON'],
    ['[]', 'the row must be an object with the fields of a user'],
    ['"bob"', 'the row must be an object with the fields of a user'],
    ['{}', 'username is missing'],
    ['{"username":7}', 'username must be a string'],
    ['{"username":""}', 'username is empty'],
    ['{"username":" bob"}', 'username starts or ends with a space'],
    ['{"username":"b\\u0000b"}', 'username contains a control character'],
    [`{"username":"${'b'.repeat(256)}"}`, 'username has more than 255 characters'],
    ['{"username":"bob","enabled":"yes"}', 'enabled must be true or false'],
    ['{"username":"bob","nickname":"x"}', 'unknown field "nickname"'],
    ['{"username":"bob","__proto__":{"enabled":true}}', 'unknown field "__proto__"'],
    ['{"username":"bob","constructor":{}}', 'unknown field "constructor"'],
    ['{"username":"bob","attributes":{"__proto__":["x"]}}', 'attributes["__proto__"] is not a valid name'],
    ['{"username":"bob","attributes":{"team":"red"}}', 'attributes.team must be a list of strings'],
    ['{"username":"bob","attributes":{"team":["a\\u0000"]}}', 'attributes.team[0] contains a NUL character'],
    ['{"username":"bob","attributes":[]}', 'attributes must be an object of lists'],
    ['{"username":"bob","realmRoles":["a",1]}', 'realmRoles[1] must be a string'],
    ['{"username":"bob","realmRoles":"a"}', 'realmRoles must be a list of strings'],
    ['{"username":"bob","clientRoles":{"app":"a"}}', 'clientRoles.app must be a list of strings'],
    ['{"username":"bob","groups":["staff"]}', 'groups[0] is not a group path like /staff/editors'],
    ['{"username":"bob","groups":["/"]}', 'groups[0] is not a group path like /staff/editors'],
    ['{"username":"bob","credentials":[{"value":"x"}]}', 'credentials[0].type is missing'],
    [
      '{"username":"bob","credentials":[{"type":"password","value":5}]}',
      'credentials[0].value must be a string',
    ],
    ['{"username":"bob","createdTimestamp":"now"}', 'createdTimestamp must be a whole number'],
  ])('with the row %s continues with the next line', async (row, reason) => {
    const rows = await folder.rows('users.ndjson', `${row}\n{"username":"alice"}\n`)
    expect(rows).toMatchObject([
      { line: 1, reason },
      { line: 2, user: { username: 'alice' } },
    ])
  })
})

describe('a Keycloak export', () => {
  const users = [
    { ...alice, id: 'f1c9a4b2-5d1e-4c7e-9d53-000000000000' },
    { username: 'bob', enabled: true },
  ]
  const rows = users.map((user, index) => ({ line: index + 1, user }))
  const service = { username: 'service-account-app', serviceAccountClientId: 'app' }

  test.each([
    [
      'a realm',
      {
        realm: 'shop',
        roles: { realm: [{ name: 'users' }] },
        users,
        clients: [{ users: [{ username: 'no' }] }],
      },
    ],
    ['a bare list', users],
  ])('may be %s', async (_what, content) => {
    expect(await folder.rows('realm.json', JSON.stringify(content))).toEqual(rows)
    expect(await folder.rows('realm.json', JSON.stringify(content, undefined, 2))).toEqual(rows)
  })

  test('may be the folder of all parts, in their order', async () => {
    await mkdir(folder.path('export'))
    await folder.write('export/shop-realm.json', '{"realm":"shop"}')
    for (let part = 0; part < 12; part += 1) {
      const list = Array.from({ length: 2 }, (_, index) => ({
        username: `user-${part * 2 + index}`,
        enabled: true,
      }))
      await folder.write(`export/shop-users-${part}.json`, JSON.stringify({ realm: 'shop', users: list }))
    }
    const file = await openUserFile(folder.path('export'))
    const found = await collect(file.rows())
    expect(file.format).toBe('keycloak')
    expect(found).toEqual(
      Array.from({ length: 24 }, (_, index) => ({
        line: index + 1,
        user: { username: `user-${index}`, enabled: true },
      })),
    )
  })

  test('leaves service accounts to their clients', async () => {
    const content = JSON.stringify({ users: [service, { username: 'bob' }] })
    expect(await folder.rows('realm.json', content)).toMatchObject([{ line: 2, user: { username: 'bob' } }])
  })

  test('reports what is not a user and continues', async () => {
    const content =
      '{"users":[{"username":"a","enabled":"yes"},7,"x",[1],{"__proto__":{"enabled":true},"username":"b"},{"username":"c","attributes":{"\\u0061":["\\u00e9\\n"]},"notBefore":12}]}'
    expect(await folder.rows('realm.json', content)).toMatchObject([
      { line: 1, reason: 'enabled must be true or false', raw: { username: 'a', enabled: 'yes' } },
      { line: 2, reason: 'the row must be an object with the fields of a user' },
      { line: 3, reason: 'the row must be an object with the fields of a user' },
      { line: 4, reason: 'the row must be an object with the fields of a user' },
      { line: 5, reason: 'unknown field "__proto__"' },
      { line: 6, user: { username: 'c', attributes: { a: ['é\n'] }, notBefore: 12 } },
    ])
  })

  test.each([
    [
      'is cut off',
      '{"users":[{"username":"a"},{"userna',
      'ends before its JSON document is complete, at or after user 2',
    ],
    ['is not JSON', '{"users":[{"username":"a"} {"username":"b"}]}', 'is not a single valid JSON document'],
    ['has no users', '{"realm":"shop","clients":[]}', 'has no list "users"'],
    [
      'is one JSON object a line',
      '{"username":"a"}\n{"username":"b"}\n',
      'is not a single valid JSON document',
    ],
  ])('that %s is an error', async (_what, content, message) => {
    const error = await caught(folder.rows('realm.json', content))
    expect(error).toMatchObject({ code: 'CW_FILE_INVALID', message: expect.stringContaining(message) })
    expect(error.hint).toContain('ndjson')
  })
})

describe('any file', () => {
  test('tells its digest, size and format, and can be read again', async () => {
    const content = 'username\nalice\n'
    const file = await openUserFile(await folder.write('users', content))
    expect(file).toMatchObject({
      format: 'csv',
      size: 15,
      digest: createHash('sha256').update(content).digest('hex'),
    })
    const first = await collect(file.rows())
    expect(await collect(file.rows())).toEqual(first)
  })

  test.each([
    ['{"username":"a"}\n{"username":"b"}\n', 'ndjson'],
    ['{\n"users":[]}', 'keycloak'],
    ['{"users":[]}', 'keycloak'],
    [' [{"username":"a"}]', 'keycloak'],
    ['username\na', 'csv'],
  ])('without an end to its name shows its format: %j', async (content, format) => {
    expect((await openUserFile(await folder.write('users', content))).format).toBe(format)
  })

  test.each([
    [
      'Latin-1',
      Buffer.from('username,firstName\nalice,x\nren\u00e9,Ren\u00e9\n', 'latin1'),
      'is not UTF-8: line 3, byte 31',
      'WINDOWS-1252',
    ],
    [
      'UTF-16 with half a character',
      Buffer.from('\uFEFFusername\nalice\n', 'utf16le').subarray(0, -1),
      'is incomplete UTF-16LE',
      'UTF-8',
    ],
    [
      'a character cut off at its end',
      Buffer.from('username\nalic\u00e9').subarray(0, -1),
      'line 2, byte 14',
      'UTF-8',
    ],
    ['an overlong sequence', Buffer.from([0x61, 0x0a, 0xc0, 0x80]), 'line 2, byte 3', 'UTF-8'],
  ])('in another encoding is refused with line and byte: %s', async (_what, content, message, hint) => {
    const error = await caught(openUserFile(await folder.write('users.csv', content)))
    expect(error).toMatchObject({ code: 'CW_FILE_INVALID', message: expect.stringContaining(message) })
    expect(error.hint).toContain(hint)
  })

  test.each([
    ['a mark', '\uFEFFusername\temail\r\nzo\u00eb\tz@example.com\r\n', (text: Buffer) => text],
    ['no mark', 'username\temail\nzo\u00eb\tz@example.com\n', (text: Buffer) => text],
    [
      'the other order of bytes',
      '\uFEFFusername;email\rzo\u00eb;z@example.com',
      (text: Buffer) => text.swap16(),
    ],
    [
      'the same without a mark',
      '{"username":"zo\u00eb","email":"z@example.com"}\n{}',
      (text: Buffer) => text.swap16(),
    ],
    [
      'an export',
      '\uFEFF{"users":[{"username":"zo\u00eb","email":"z@example.com"}]}',
      (text: Buffer) => text,
    ],
  ])('may be UTF-16, as Windows writes it, with %s', async (_what, content, order) => {
    const rows = await folder.rows('users.txt', order(Buffer.from(content, 'utf16le')))
    expect(rows[0]).toMatchObject({ user: { username: 'zo\u00eb', email: 'z@example.com' } })
  })

  const zip = (name: string): string => `PK\x03\x04${'\0'.repeat(26)}${name}`
  test.each([
    ['people.csv', 'PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0\xb5\xbe\x19', 'is an Excel workbook', '"CSV UTF-8'],
    ['people.json', zip('[Content_Types].xml'), 'is an Excel workbook', '"CSV UTF-8'],
    ['people', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0', 'is an Excel workbook (.xls)', '"CSV UTF-8'],
    [
      'people.ods',
      zip('mimetypeapplication/vnd.oasis.opendocument.spreadsheet'),
      'is an OpenDocument spreadsheet',
      '"Text CSV"',
    ],
    ['people.xls', '<html><table>', 'is a web page or XML', '"CSV UTF-8'],
    ['people.csv.gz', '\x1f\x8b\x08\0', 'is a gzip archive', 'gunzip'],
  ])('that is not a text file is refused with the next step: %s', async (name, content, message, hint) => {
    const error = await caught(openUserFile(await folder.write(name, Buffer.from(content, 'latin1'))))
    expect(error).toMatchObject({ code: 'CW_FILE_INVALID', message: expect.stringContaining(message) })
    expect(error.hint).toContain(hint)
  })

  test('may have any character across two reads of the disk', async () => {
    for (const shift of [0, 1, 2, 3]) {
      const names = `${'x'.repeat(shift)}${'\u{1F600}\u00e9'.repeat(40)}`
      const content = `username,attributes.a\n${`alice,${names}\n`.repeat(1500)}`
      const rows = await folder.rows('users.csv', content)
      expect(rows.every((row) => 'user' in row && row.user.attributes?.['a'][0] === names)).toBe(true)
    }
  })

  test('names the place also far behind its beginning', async () => {
    const line = 'user,\u00e9\u00e9\u00e9\n'
    const content = Buffer.concat([Buffer.from(line.repeat(50_000)), Buffer.from([0xe9, 0x0a])])
    const error = await caught(openUserFile(await folder.write('users.csv', content)))
    expect(error.message).toContain(`line 50001, byte ${12 * 50_000 + 1}`)
  })

  test('that changes after it was opened is an error, not another job', async () => {
    const file = await openUserFile(await folder.write('changing.csv', 'username\nalice\n'))
    await folder.write('changing.csv', 'username\nmallory\n')
    const error = await caught(collect(file.rows()))
    expect(error).toMatchObject({
      code: 'CW_FILE_INVALID',
      message: expect.stringContaining('was changed while it was being read'),
    })
  })

  test('that can be read only once is refused', async () => {
    const error = await caught(openUserFile('/dev/null'))
    expect(error).toMatchObject({
      code: 'CW_FILE_INVALID',
      message: expect.stringContaining('can be read only once'),
    })
  })

  test.each(['csv', 'ndjson', 'json'])(
    'gives rows in order or one error, whatever it has: %s',
    async (extension) => {
      const pieces = fc.constantFrom(
        'username',
        'enabled',
        'alice',
        'true',
        '__proto__',
        '"users":[',
        '{"username":"a"}',
        ...Array.from('",;{}[]:\\ é\n\0\uFEFF'),
        '""',
        '\r\n',
      )
      const content = fc.oneof(
        fc.array(pieces, { maxLength: 30 }).map((list) => list.join('')),
        fc.array(pieces, { maxLength: 30 }).map((list) => `username,enabled\n${list.join('')}`),
        fc.uint8Array({ maxLength: 50 }),
      )
      await fc.assert(
        fc.asyncProperty(content, async (any) => {
          let before = 0
          try {
            for (const row of await folder.rows(`any.${extension}`, any)) {
              expect(row.line).toBeGreaterThan(before)
              before = row.line
              if ('user' in row) expect(row.user.username).toMatch(/^\P{Cc}+$/u)
            }
          } catch (error) {
            expect(error).toMatchObject({ code: 'CW_FILE_INVALID' })
          }
        }),
        { numRuns: 400 },
      )
    },
  )

  test('that is missing or empty is an error', async () => {
    expect(await caught(openUserFile(folder.path('none.csv')))).toMatchObject({ code: 'CW_FILE_INVALID' })
    expect(await caught(openUserFile(await folder.write('empty.csv', '')))).toMatchObject({
      code: 'CW_FILE_INVALID',
      message: expect.stringContaining('is empty'),
    })
  })
})

function bad(rows: readonly Row[]): Row[] {
  return rows.filter((row) => 'reason' in row)
}
