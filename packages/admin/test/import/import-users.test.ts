import { AsyncLocalStorage } from 'node:async_hooks'
import { pbkdf2Sync } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { type Admin, all, type Change } from '@cloakwright/admin'
import type { ImportedUser } from '@cloakwright/admin/files'
import { importUsers, undoJob } from '@cloakwright/admin/jobs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { openTarget, type Target, whenSettled } from '../support/target.ts'
import { fileOf, jobFiles, makeRealm, person } from '../support/users.ts'

let target: Target
let admin: Admin

beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())
beforeEach(async () => {
  target.proxy.reset()
  admin = target.admin({ realm: target.realmName() })
  await makeRealm(admin)
})

async function userNames(): Promise<string[]> {
  const { client, realm } = admin
  return (await all((page) => client.users.find({ realm, briefRepresentation: true, ...page }))).map(
    ({ username }) => username ?? '',
  )
}

async function userOf(username: string): Promise<{ user: object; roles: string[]; groups: string[] }> {
  const { client, realm } = admin
  const [user] = await client.users.find({ realm, username, exact: true })
  const id = user?.id ?? ''
  const mappings = await client.users.listRoleMappings({ realm, id })
  const ofClients = Object.entries(mappings.clientMappings ?? {}).flatMap(([clientId, { mappings: roles }]) =>
    (roles as { name: string }[]).map(({ name }) => `${clientId}/${name}`),
  )
  const groups = await client.users.listGroups({ realm, id })
  return {
    user: user ?? {},
    roles: [...(mappings.realmMappings ?? []).map(({ name }) => name ?? ''), ...ofClients].toSorted(),
    groups: groups.map(({ path }) => path ?? '').toSorted(),
  }
}

async function login(username: string, password: string): Promise<number> {
  const { server, realm } = admin
  const form = { grant_type: 'password', client_id: 'shop', username, password }
  const body = new URLSearchParams(form)
  return (await fetch(`${server}/realms/${realm}/protocol/openid-connect/token`, { method: 'POST', body }))
    .status
}

function namesTo(count: number): string[] {
  return Array.from({ length: count }, (_, at) => person(at).username)
}

async function rejectedRowsOf(path: string): Promise<{ line: number; reason: string; row: unknown }[]> {
  const text = await readFile(path, 'utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { line: number; reason: string; row: unknown })
}

describe('an import', () => {
  test('creates each user with roles, groups and the defaults of the realm', async () => {
    const files = await jobFiles()
    const file = fileOf(120, (at) => ({ ...person(at), clientRoles: { shop: ['buyer'] } }))
    const report = await importUsers(admin, file, files)
    expect(report).toMatchObject({
      rows: 120,
      created: 120,
      present: 0,
      existing: 0,
      rejected: 0,
      reconciled: { checked: 120, missing: 0, differing: 0, unchecked: 0, lines: [] },
    })
    expect(await userNames()).toEqual(namesTo(120))
    const made = await userOf('user-000007')
    expect(made.user).toMatchObject({ enabled: true, email: 'user-000007@example.org', lastName: 'Last 7' })
    expect(made.roles).toEqual([`default-roles-${admin.realm}`, 'reader', 'shop/buyer', 'writer'])
    expect(made.groups).toEqual(['/everyone', '/staff'])
    expect((await stat(files.journal)).mode & 0o777).toBe(0o600)
    await expect(stat(files.rejected)).rejects.toThrow('ENOENT')
  })

  test('lets users log in by password, in clear or hashed, and asks for a new one where it is temporary', async () => {
    const salt = Buffer.from('a salt of 16 byt')
    const value = pbkdf2Sync('hashed', salt, 1000, 64, 'sha512').toString('base64')
    const hashed = {
      type: 'password',
      secretData: JSON.stringify({ value, salt: salt.toString('base64') }),
      credentialData: JSON.stringify({ hashIterations: 1000, algorithm: 'pbkdf2-sha512' }),
    }
    const credentials = [
      [hashed],
      [{ type: 'password', value: 'clear' }],
      [{ type: 'password', value: 'once', temporary: true }],
    ]
    const files = await jobFiles()
    await importUsers(
      admin,
      fileOf(3, (at) => ({ ...person(at), credentials: credentials[at] ?? [] })),
      files,
    )
    expect(await login('user-000000', 'hashed')).toBe(200)
    expect(await login('user-000001', 'clear')).toBe(200)
    expect((await userOf('user-000002')).user).toMatchObject({ requiredActions: ['UPDATE_PASSWORD'] })
    const journal = await readFile(files.journal, 'utf8')
    for (const secret of [value, 'clear', 'once', 'example.org']) expect(journal).not.toContain(secret)
  })

  test('takes the users of an export as they are', async () => {
    const user = {
      ...person(0),
      id: 'kept',
      realmRoles: ['reader'],
      groups: [],
      createdTimestamp: 1234567890123,
    }
    await importUsers(
      admin,
      fileOf(1, () => user, 'keycloak'),
      await jobFiles(),
    )
    const made = await userOf('user-000000')
    expect(made.user).toMatchObject({ id: 'kept', createdTimestamp: 1234567890123 })
    expect(made.roles).toEqual(['reader'])
    expect(made.groups).toEqual([])
  })

  test('of the same file with another journal finds its users present and changes nothing', async () => {
    await importUsers(admin, fileOf(60, person), await jobFiles())
    const { client, realm } = admin
    const before = await all((page) => client.users.find({ realm, ...page }))
    const again = await importUsers(admin, fileOf(60, person), await jobFiles())
    expect(again).toMatchObject({ created: 0, present: 60, existing: 0, rejected: 0 })
    expect(again.reconciled).toMatchObject({ checked: 60, missing: 0, differing: 0 })
    expect(await all((page) => client.users.find({ realm, ...page }))).toEqual(before)
  })

  test('resumes after an abort, and reports progress', async () => {
    const files = await jobFiles()
    const controller = new AbortController()
    const stop = new Error('stopped by the operator')
    const phases = new Set<string>()
    const aborted = importUsers(admin, fileOf(500, person), {
      ...files,
      signal: controller.signal,
      onProgress({ phase, done }) {
        if (phase === 'importing' && done > 0) controller.abort(stop)
      },
    })
    await expect(aborted).rejects.toBe(stop)
    const some = await userNames()
    expect(some.length).toBeGreaterThan(0)
    const report = await importUsers(admin, fileOf(500, person), {
      ...files,
      onProgress({ phase, done, total, perSecond, secondsLeft }) {
        phases.add(phase)
        if (phase === 'importing' && done === 500)
          expect({ total, secondsLeft }).toEqual({ total: 500, secondsLeft: 0 })
        expect(perSecond).toBeGreaterThanOrEqual(0)
      },
    })
    expect(report).toMatchObject({
      created: 500,
      present: 0,
      reconciled: { checked: 500, missing: 0, differing: 0 },
    })
    expect([...phases]).toEqual(['checking', 'importing', 'reconciling'])
    expect(await userNames()).toEqual(namesTo(500))
  })

  test('writes nothing but rejected rows in a dry run', async () => {
    const files = await jobFiles()
    const file = fileOf(3, (at) => (at === 1 ? { ...person(1), groups: ['/unknown'] } : person(at)))
    const report = await importUsers(admin, file, { ...files, dryRun: true })
    expect(report).toMatchObject({ rows: 3, created: 2, rejected: 1, reconciled: undefined })
    expect(await userNames()).toEqual([])
    expect((await rejectedRowsOf(files.rejected)).map(({ line }) => line)).toEqual([2])
    await expect(stat(files.journal)).rejects.toThrow('ENOENT')
  })

  test('overwrites no file of rejected rows, however often it is called', async () => {
    const files = await jobFiles()
    await writeFile(files.rejected, 'of another job')
    for (let call = 0; call < 2; call += 1) {
      expect((await caught(importUsers(admin, fileOf(1, person), files))).code).toBe('CW_FILE_EXISTS')
    }
    expect(await readFile(files.rejected, 'utf8')).toBe('of another job')
    expect(await userNames()).toEqual([])
  })

  test('records what it made, without credentials', async () => {
    const changes: Change[] = []
    const recorder = { record: async (more: readonly Change[]) => void changes.push(...more) }
    const recording = target.admin({ realm: admin.realm, recorder })
    const credentials = [{ type: 'password', value: 'a-secret' }]
    const files = await jobFiles()
    await importUsers(
      recording,
      fileOf(2, (at) => ({ ...person(at), credentials })),
      files,
    )
    await undoJob(recording, files.journal)
    expect(changes.map(({ action, kind, name }) => [action, kind, name])).toEqual([
      ['create', 'user', 'user-000000'],
      ['create', 'user', 'user-000001'],
      ['delete', 'user', 'user-000000'],
      ['delete', 'user', 'user-000001'],
    ])
    expect(changes[0]?.after).toMatchObject({ username: 'user-000000', groups: ['/staff', '/everyone'] })
    expect(JSON.stringify(changes)).not.toContain('a-secret')
  })
})

describe('rejected rows', () => {
  const cases: [string, Partial<ImportedUser> | string, string][] = [
    ['can not be read', 'it is no JSON', 'it is no JSON'],
    ['has an unknown role', { realmRoles: ['reader', 'unknown'] }, 'there is no role "unknown"'],
    ['has an unknown client', { clientRoles: { unknown: ['x'] } }, 'there is no client "unknown"'],
    [
      'has an unknown client role',
      { clientRoles: { shop: ['buyer', 'unknown'] } },
      'the client "shop" has no role "unknown"',
    ],
    ['has an unknown group', { groups: ['/staff/unknown'] }, 'there is no group "/staff/unknown"'],
    [
      'has an unknown required action',
      { requiredActions: ['UNKNOWN'] },
      'there is no required action "UNKNOWN"',
    ],
    ['has a name that is too short', { username: 'ab' }, 'the user name has fewer than 3 characters'],
    [
      'has a name with a forbidden character',
      { username: 'a<b>c' },
      'the user name has a character that Keycloak forbids',
    ],
    ['has an address that is none', { email: 'a@b@c' }, 'the e-mail address is not a valid e-mail address'],
    ['repeats a name of the file', { username: 'USER-000000' }, 'line 1 has the same user name'],
    [
      'repeats an address of the file',
      { email: 'User-000000@example.org' },
      'line 1 has the same e-mail address',
    ],
    ['repeats an id of the file', { id: 'given' }, 'line 2 has the same id'],
    [
      'has an id that is too long',
      { id: 'x'.repeat(37) },
      'id must have at most 36 characters: letters, digits, - . _ ~',
    ],
    [
      'has the address of another user',
      { email: 'taken@example.org' },
      'another user has the same e-mail address',
    ],
    ['has the id of another user', { id: 'taken-id' }, 'another user has the same id'],
    [
      'has a hashed password that is none',
      { credentials: [{ type: 'password', secretData: 'x', credentialData: 'y' }] },
      'Keycloak responded to POST /admin/realms/REALM/users with 500: invalid_request, Cannot parse the JSON',
    ],
  ]

  test('are reported with line and reason in the file of rejected rows, and the others are imported', async () => {
    const { client, realm } = admin
    await client.realms.partialImport({
      realm,
      rep: {
        ifResourceExists: 'SKIP',
        users: [{ id: 'taken-id', username: 'taken', email: 'taken@example.org', firstName: 'Untouched' }],
      },
    })
    const files = await jobFiles()
    const rowAt = (at: number): ImportedUser | string => {
      const change = at % 2 === 1 || at < 4 ? undefined : cases[at / 2 - 2]?.[1]
      if (typeof change === 'string') return change
      return { ...person(at), ...(at === 1 ? { id: 'given' } : {}), ...change }
    }
    const count = 2 * cases.length + 4
    const report = await importUsers(admin, fileOf(count, rowAt), files)
    expect(report).toMatchObject({
      rows: count,
      created: count - cases.length,
      existing: 0,
      rejected: cases.length,
      reconciled: { checked: count - cases.length, missing: 0, differing: 0 },
    })
    const letters = await rejectedRowsOf(files.rejected)
    const told = new Map(letters.map(({ line, reason }) => [line, reason.replace(realm, 'REALM')]))
    expect(Object.fromEntries(cases.map(([what], at) => [what, told.get(2 * at + 5)]))).toEqual(
      Object.fromEntries(cases.map(([what, , reason]) => [what, reason])),
    )
    expect(letters).toHaveLength(cases.length)
    expect(letters.find(({ line }) => line === 7)?.row).toMatchObject({ realmRoles: ['reader', 'unknown'] })
    expect((await userOf('taken')).user).toMatchObject({ firstName: 'Untouched' })
    expect(await client.roles.find({ realm, search: 'unknown' })).toEqual([])
  })

  test('have the same reasons in a run that continues', async () => {
    const { client, realm } = admin
    await client.users.create({ realm, username: 'taken', email: 'taken@example.org' })
    const [{ id: takenId = '' } = {}] = await client.users.find({ realm, username: 'taken' })
    const wrong = [{ id: takenId }, { email: 'taken@example.org' }]
    const files = await jobFiles()
    const file = fileOf(2, (at) => ({ ...person(at), ...wrong[at] }))
    expect(await importUsers(admin, file, files)).toMatchObject({ rejected: 2 })
    const byLine = (letters: { line: number }[]) => letters.toSorted((a, b) => a.line - b.line)
    const first = byLine(await rejectedRowsOf(files.rejected))
    expect(await importUsers(admin, file, files)).toMatchObject({ rejected: 2 })
    expect(byLine(await rejectedRowsOf(files.rejected))).toEqual(first)
  })

  test('cost few requests: one among many does not make a batch of its own', async () => {
    const { client, realm } = admin
    await client.users.create({ realm, username: 'taken', email: 'taken@example.org' })
    const files = await jobFiles()
    const file = fileOf(100, (at) => ({
      ...person(at),
      ...(at === 70 ? { email: 'taken@example.org' } : {}),
    }))
    target.proxy.reset()
    const report = await importUsers(admin, file, files)
    expect(report).toMatchObject({ created: 99, rejected: 1 })
    expect(target.proxy.count('POST')).toBeLessThan(20)
  })

  test('are checked against the user profile of the realm', async () => {
    const { client, realm } = admin
    const profile = await client.users.getProfile({ realm })
    const team = {
      name: 'team',
      required: {},
      validations: { options: { options: ['red', 'blue'] } },
      permissions: { view: ['admin'], edit: ['admin'] },
    }
    await client.users.updateProfile({ realm, ...profile, attributes: [...(profile.attributes ?? []), team] })
    const files = await jobFiles()
    const teams = [['red'], ['green'], undefined, ['red', 'blue']]
    const file = fileOf(4, (at) => {
      const given = teams[at]
      return { ...person(at), ...(given === undefined ? {} : { attributes: { team: given } }) }
    })
    const report = await importUsers(admin, file, files)
    expect(report).toMatchObject({ created: 1, rejected: 3, reconciled: { differing: 0 } })
    expect((await rejectedRowsOf(files.rejected)).map(({ reason }) => reason)).toEqual([
      'the attribute team is not one of the allowed values',
      'the attribute team is required',
      'the attribute team has more than one value',
    ])
  })
})

describe('an import through faults', () => {
  test('on 5 % of all requests comes to the same end', { timeout: 240_000 }, async () => {
    const files = await jobFiles()
    // A time-out of 2 s, since silent faults last as long.
    const patient = target.admin({ realm: admin.realm, timeout: 2_000 })
    target.proxy.storm({ share: 0.05, seed: 6 })
    const report = await importUsers(patient, fileOf(2500, person), files)
    expect(target.proxy.faults()).toBeGreaterThan(4)
    target.proxy.reset()
    expect(report).toMatchObject({
      created: 2500,
      present: 0,
      existing: 0,
      rejected: 0,
      reconciled: { checked: 2500, missing: 0, differing: 0 },
    })
    expect(await userNames()).toEqual(namesTo(2500))
  })

  test('that eat the answers of batches counts their users as made', async () => {
    const files = await jobFiles()
    target.proxy.fail('POST', '/partialImport', 'reset after', { status: 503, after: true }, 'reset after')
    const report = await importUsers(admin, fileOf(150, person), files)
    expect(report).toMatchObject({ created: 150, present: 0, existing: 0, rejected: 0 })
  })

  test('that keep the answer back sends a batch again in halves', async () => {
    const files = await jobFiles()
    const hasty = target.admin({ realm: admin.realm, timeout: 1_000, retries: 0 })
    target.proxy.fail('POST', '/partialImport', 'silence')
    target.proxy.seen.length = 0
    expect(await importUsers(hasty, fileOf(20, person), files)).toMatchObject({ created: 20, rejected: 0 })
    expect(target.proxy.count('POST')).toBe(3)
  })

  test('that does not end stops, and continues when it is called again', async () => {
    const files = await jobFiles()
    const forbidden = { status: 403, body: '{"error":"HTTP 403 Forbidden"}' }
    target.proxy.fail('POST', '/partialImport', forbidden, forbidden, forbidden, forbidden)
    const error = await caught(importUsers(admin, fileOf(300, person), files))
    expect(error.code).toBe('CW_ADMIN_FORBIDDEN')
    target.proxy.reset()
    const report = await importUsers(admin, fileOf(300, person), files)
    expect(report).toMatchObject({ created: 300, present: 0 })
  })

  test('that stop two runs in a row leave to the job who was created alone', async () => {
    const files = await jobFiles()
    const file = fileOf(2, person)
    target.proxy.fail('POST', '/partialImport', { status: 400, body: '{}' }, { status: 400, body: '{}' })
    target.proxy.fail('POST', '/role-mappings/realm', { status: 403, body: '{}' })
    expect((await caught(importUsers(admin, file, files))).code).toBe('CW_ADMIN_FORBIDDEN')
    target.proxy.fail('POST', '/partialImport', { status: 403, body: '{}' })
    expect((await caught(importUsers(admin, file, files))).code).toBe('CW_ADMIN_FORBIDDEN')
    expect(await importUsers(admin, file, files)).toMatchObject({ created: 2, existing: 0, rejected: 0 })
    expect(await whenSettled(() => undoJob(admin, files.journal))).toMatchObject({ undone: 2, kept: 0 })
  })
})

describe('two imports of a file at the same time', () => {
  const exported = (at: number) => ({ ...person(at), createdTimestamp: 1234567890123 })
  test.each([
    ['', fileOf(20, person), []],
    [', also where an answer is lost', fileOf(20, person), ['reset after' as const]],
    [', also where their times are those of an export', fileOf(20, exported), []],
  ])('count each user once as made%s, and take back their own', async (_, file, faults) => {
    const [late, early] = [await jobFiles(), await jobFiles()]
    let other: unknown
    // Another process is none of this one's requests.
    const elsewhere = AsyncLocalStorage.snapshot()
    // Asked when the late one has found that no one is there, and is about to send.
    const check = async (): Promise<void> => {
      if (other !== undefined) return
      other = await elsewhere(() => importUsers(admin, file, early))
      target.proxy.fail('POST', '/partialImport', ...faults)
    }
    const slow = target.admin({ realm: admin.realm, recorder: { check, record: async () => {} } })
    expect(await importUsers(slow, file, late)).toMatchObject({
      created: 0,
      present: 20,
      existing: 0,
      rejected: 0,
    })
    expect(other).toMatchObject({ created: 20 })
    expect(target.proxy.faults()).toBe(faults.length)
    expect(await undoJob(admin, late.journal)).toMatchObject({ undone: 0 })
    expect(await userNames()).toEqual(namesTo(20))
  })

  test('one of which stopped before it sent anything, leave to the other what is its own', async () => {
    const file = fileOf(20, person)
    const [stopped, undone] = [await jobFiles(), await jobFiles()]
    for (const files of [stopped, undone]) {
      target.proxy.fail('POST', '/partialImport', { status: 403, body: '{}' })
      expect((await caught(importUsers(admin, file, files))).code).toBe('CW_ADMIN_FORBIDDEN')
    }
    await importUsers(admin, file, await jobFiles())
    expect(await importUsers(admin, file, stopped)).toMatchObject({ created: 0, present: 20 })
    expect(await whenSettled(() => undoJob(admin, undone.journal))).toMatchObject({ undone: 0, kept: 20 })
    expect(await userNames()).toEqual(namesTo(20))
  })

  test('of a user that is created alone, leave alone who has got the name meanwhile', async () => {
    const { client, realm } = admin
    const file = fileOf(1, person)
    const [continued, undone] = [await jobFiles(), await jobFiles()]
    for (const files of [continued, undone]) {
      target.proxy.fail('POST', '/partialImport', { status: 400, body: '{}' })
      target.proxy.fail('POST', '/users', { status: 403, body: '{}' })
      expect((await caught(importUsers(admin, file, files))).code).toBe('CW_ADMIN_FORBIDDEN')
    }
    await client.users.create({ realm, username: person(0).username })
    expect(await importUsers(admin, file, continued)).toMatchObject({ created: 0, existing: 1 })
    expect((await userOf(person(0).username)).roles).toEqual([`default-roles-${realm}`])
    expect(await whenSettled(() => undoJob(admin, undone.journal))).toMatchObject({ undone: 0, kept: 1 })
    expect(await userNames()).toEqual([person(0).username])
  })
})

describe('reconciliation', () => {
  const readsById = (): number =>
    target.proxy.seen.filter(({ query }) => query.includes('search=id%3A')).length

  test.each([
    ['by pages of members', 120, 25],
    ['by the users, where they are few', 20, 60],
  ])('reports missing and differing users by line: %s', async (_name, count, mostRequests) => {
    const files = await jobFiles()
    const file = fileOf(count, person)
    await importUsers(admin, file, files)
    const { client, realm } = admin
    const idOf = async (at: number): Promise<string> =>
      (await client.users.find({ realm, username: person(at).username, exact: true }))[0]?.id ?? ''
    await client.users.del({ realm, id: await idOf(4) })
    await client.users.update({ realm, id: await idOf(9) }, { enabled: false })
    const role = await client.roles.findOneByName({ realm, name: 'writer' })
    const roles = [{ id: role?.id ?? '', name: 'writer' }]
    await client.users.delRealmRoleMappings({ realm, id: await idOf(11), roles })
    const staff = await client.realms.getGroupByPath({ realm, path: 'staff' })
    await client.users.delFromGroup({ realm, id: await idOf(13), groupId: staff.id ?? '' })
    target.proxy.reset()
    const { reconciled } = await importUsers(admin, file, files)
    expect(reconciled).toEqual({
      checked: count,
      missing: 1,
      differing: 3,
      unchecked: 0,
      lines: [
        { line: 5, fields: ['user'] },
        { line: 10, fields: ['enabled'] },
        { line: 12, fields: ['roles.writer'] },
        { line: 14, fields: ['groups/staff'] },
      ],
    })
    expect(target.proxy.count('GET')).toBeLessThan(mostRequests)
    const lists = target.proxy.seen.filter(({ path }) => /\/(roles\/writer\/users|members)$/.test(path))
    expect(lists.length > 0).toBe(count > 100)
    // By id only who is missing or differs, and all where they are few.
    expect(readsById()).toBe(1)
  })

  test('tells of a role that was deleted since, where members are listed', async () => {
    const files = await jobFiles()
    const file = fileOf(101, person)
    await importUsers(admin, file, files)
    await admin.client.roles.delByName({ realm: admin.realm, name: 'writer' })
    const { reconciled } = await importUsers(admin, file, files)
    expect(reconciled).toMatchObject({ checked: 101, missing: 0, differing: 101 })
    expect(reconciled?.lines[0]).toEqual({ line: 1, fields: ['roles.writer'] })
  })

  test('compares attributes where members are listed, and tells of one that differs', async () => {
    const { client, realm } = admin
    const profile = await client.users.getProfile({ realm })
    const permissions = { view: ['admin'], edit: ['admin'] }
    const level = { name: 'level', multivalued: true, permissions }
    const attributes = [...(profile.attributes ?? []), level]
    await client.users.updateProfile({ realm, ...profile, attributes })
    const files = await jobFiles()
    const file = fileOf(120, (at) => ({ ...person(at), attributes: { level: ['a', String(at)] } }))
    target.proxy.reset()
    const first = await importUsers(admin, file, files)
    expect(first.reconciled).toMatchObject({ checked: 120, missing: 0, differing: 0 })
    expect(readsById()).toBe(0)
    const [user] = await client.users.find({ realm, username: person(9).username, exact: true })
    await client.users.update({ realm, id: user?.id ?? '' }, { ...user, attributes: { level: ['b'] } })
    const again = await importUsers(admin, file, files)
    expect(again.reconciled).toMatchObject({
      differing: 1,
      lines: [{ line: 10, fields: ['attributes.level'] }],
    })
  })
})

describe('undoing an import', () => {
  test('deletes the created users only, neither existing nor renamed ones', async () => {
    const { client, realm } = admin
    await client.realms.update({ realm }, { editUsernameAllowed: true })
    await client.users.create({ realm, username: 'bystander' })
    await client.users.create({ realm, username: person(2).username })
    const files = await jobFiles()
    await importUsers(admin, fileOf(120, person), files)
    const [renamed] = await client.users.find({ realm, username: person(5).username, exact: true })
    await client.users.update({ realm, id: renamed?.id ?? '' }, { ...renamed, username: 'renamed' })
    expect(await undoJob(admin, files.journal)).toMatchObject({ undone: 118, kept: 1 })
    expect(await userNames()).toEqual(['bystander', 'renamed', person(2).username])
    expect(await undoJob(admin, files.journal)).toMatchObject({ undone: 0, kept: 0 })
  })

  test('finds who was created alone, also where Keycloak refused the roles', async () => {
    const files = await jobFiles()
    target.proxy.fail('POST', '/partialImport', { status: 400, body: '{}' })
    target.proxy.fail('POST', '/role-mappings/realm', { status: 400, body: '{}' })
    expect(await importUsers(admin, fileOf(1, person), files)).toMatchObject({
      created: 1,
      rejected: 0,
      reconciled: { checked: 1, missing: 0, differing: 1 },
    })
    expect(await undoJob(admin, files.journal)).toMatchObject({ undone: 1, kept: 0 })
    expect(await userNames()).toEqual([])
  })

  test('finds who was created alone when the job ended', { timeout: 30_000 }, async () => {
    const files = await jobFiles()
    target.proxy.fail('POST', '/partialImport', { status: 400, body: '{}' })
    target.proxy.fail('POST', '/role-mappings/realm', { status: 403, body: '{}' })
    const error = await caught(importUsers(admin, fileOf(1, person), files))
    expect(error.code).toBe('CW_ADMIN_FORBIDDEN')
    expect(await userNames()).toEqual([person(0).username])
    expect(await whenSettled(() => undoJob(admin, files.journal))).toMatchObject({ undone: 1, kept: 0 })
    expect(await userNames()).toEqual([])
  })

  test('continues after an abort', async () => {
    const files = await jobFiles()
    await importUsers(admin, fileOf(150, person), files)
    const controller = new AbortController()
    const stop = new Error('stopped by the operator')
    const aborted = undoJob(admin, files.journal, {
      signal: controller.signal,
      onProgress: ({ done }) => void (done > 0 && controller.abort(stop)),
    })
    await expect(aborted).rejects.toBe(stop)
    await undoJob(admin, files.journal)
    expect(await userNames()).toEqual([])
  })

  test('leaves the users of an earlier import of the same file unchanged', async () => {
    await importUsers(admin, fileOf(60, person), await jobFiles())
    const second = await jobFiles()
    await importUsers(admin, fileOf(60, person), second)
    expect(await undoJob(admin, second.journal)).toMatchObject({ undone: 0, kept: 0 })
    expect(await userNames()).toEqual(namesTo(60))
  })

  test('is refused in another realm than that of the journal', async () => {
    const files = await jobFiles()
    await importUsers(admin, fileOf(2, person), files)
    const other = target.admin({ realm: target.realmName() })
    await makeRealm(other)
    expect((await caught(undoJob(other, files.journal))).code).toBe('CW_JOURNAL_MISMATCH')
  })
})
