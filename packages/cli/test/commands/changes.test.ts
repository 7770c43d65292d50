import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { runHere } from '../support/in-process.ts'
import { runCli, runOnTerminal, temporaryFolder } from '../support/program.ts'
import { openShop, type Shop } from '../support/shop.ts'

// Commands that change users, roles, groups and sessions.

// Each of them starts many processes.
vi.setConfig({ testTimeout: 90_000 })

let shop: Shop

beforeAll(async () => {
  shop = await openShop({
    roles: {
      realm: [{ name: 'user' }, { name: 'editor' }],
      client: { 'shop-api': [{ name: 'stock-keeper' }] },
    },
    clients: [{ clientId: 'shop-api', publicClient: true, directAccessGrantsEnabled: true }],
    groups: [{ name: 'staff', subGroups: [{ name: 'editors' }] }, { name: 'press' }],
    users: [
      {
        username: 'alice',
        email: 'alice@example.com',
        firstName: 'Alice',
        lastName: 'Liddell',
        password: 'canary-pa55word',
      },
      { username: 'bob', groups: ['/press'], roles: { realm: ['user'] } },
    ],
  })
})
beforeEach(() => void shop.writes())
afterAll(() => shop.target.close())

async function login(username: string, password: string): Promise<number> {
  const answer = await fetch(`${shop.target.proxy.url}/realms/${shop.realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'shop-api', username, password }),
  })
  return answer.status
}

describe('a dry run shows the changes without writing, and the command makes the same ones', () => {
  test.each<[string[], string[]]>([
    [['roles', 'create', 'auditor', '--description', 'Reads all'], ['+ realm role auditor']],
    [
      ['roles', 'create', 'chief', '--includes', 'user', '--includes-client-role', 'shop-api:stock-keeper'],
      ['+ realm role chief', '~ realm role chief: composites.user, composites.shop-api/stock-keeper'],
    ],
    [['roles', 'create', 'buyer', '--client', 'shop-api'], ['+ client role shop-api/buyer']],
    [
      ['groups', 'create', '/staff/desk/night', '--role', 'user', '--description', 'After ten'],
      [
        '+ group /staff/desk',
        '+ group /staff/desk/night',
        '~ group /staff/desk/night: description',
        '~ group /staff/desk/night: roles.user',
      ],
    ],
    [
      ['groups', 'create', '/press~/room/desk', '--role', 'user'],
      ['+ group /press~/room', '+ group /press~/room/desk', '~ group /press~/room/desk: roles.user'],
    ],
    [['groups', 'move', '/staff/desk', '/press'], ['~ group /press/desk: path']],
    [
      (
        'users create carol --email carol@example.com --first-name Carol --last-name Danvers --role editor ' +
        '--client-role shop-api:stock-keeper --group /staff/editors --required-action UPDATE_PROFILE'
      ).split(' '),
      ['+ user carol', '~ user carol: roles.editor, roles.shop-api/stock-keeper, groups/staff/editors'],
    ],
    [['users', 'create', 'alice', '--email-verified', '--update'], ['~ user alice: emailVerified']],
    [['roles', 'grant', 'bob', 'editor', 'auditor'], ['~ user bob: roles.editor, roles.auditor']],
    [['roles', 'grant', 'bob', 'buyer', '--client', 'shop-api'], ['~ user bob: roles.shop-api/buyer']],
    [['roles', 'revoke', 'bob', 'auditor'], ['~ user bob: roles.auditor']],
    [['roles', 'grant', '--group', '/staff', 'editor'], ['~ group /staff: roles.editor']],
    [
      ['roles', 'grant', 'buyer', '--group', '/staff', '--client', 'shop-api'],
      ['~ group /staff: roles.shop-api/buyer'],
    ],
    [
      ['roles', 'revoke', 'buyer', '--group', '/staff', '--client', 'shop-api'],
      ['~ group /staff: roles.shop-api/buyer'],
    ],
    [['groups', 'add', 'bob', '/staff/editors'], ['~ user bob: groups/staff/editors']],
    [['groups', 'remove', 'bob', '/press'], ['~ user bob: groups/press']],
    [['groups', 'set', 'bob', '/press'], ['~ user bob: groups/staff/editors, groups/press']],
    [['users', 'require-mfa', 'bob'], ['~ user bob: requiredActions']],
    [['users', 'disable', 'bob'], ['~ user bob: enabled']],
    [['users', 'enable', 'bob'], ['~ user bob: enabled']],
    [['groups', 'delete', '/press/desk', '--yes'], ['- group /press/desk']],
    [['roles', 'delete', 'buyer', '--client', 'shop-api', '--yes'], ['- client role shop-api/buyer']],
    [['users', 'delete', 'bob', '--yes'], ['- user bob']],
  ])('%j', async (args, lines) => {
    const unconfirmed = args.filter((arg) => arg !== '--yes')
    const count = lines.length
    expect(await shop.print(...unconfirmed, '--dry-run')).toBe([...lines, `${count} to change\n`].join('\n'))
    expect(shop.writes()).toEqual([])
    expect(await shop.print(...args)).toBe([...lines, `${count} changed\n`].join('\n'))
    expect(shop.writes()).not.toEqual([])
  })

  test.each<[string[]]>([
    [['roles', 'create', 'chief', '--includes', 'user', '--update']],
    [['groups', 'set', 'carol', '/staff/editors']],
    [['users', 'create', 'carol', '--update', '--email', 'carol@example.com', '--group', '/staff/editors']],
  ])('changes nothing if the object matches already: %j', async (args) => {
    expect(await shop.print(...args)).toBe('Nothing to change: it is already as requested\n')
    expect(shop.writes()).toEqual([])
  })
})

test.each<[string[], string]>([
  [['users', 'delete', 'bobby'], 'has no user bobby'],
  [['users', 'delete', 'bob@example.com'], 'has no user bob@example.com'],
  [['groups', 'delete', '/press/desks'], 'has no group /press/desks'],
  [['roles', 'delete', 'buyers', '--client', 'shop-api'], 'client shop-api has no role buyers'],
])('deleting an object that does not exist fails: %j', async (args, message) => {
  const { code, stderr } = await shop.run(...args, '--yes')
  expect(code).toBe(1)
  expect(stderr).toContain(`${message} (CW_ADMIN_NOT_FOUND)`)
  expect(shop.writes()).toEqual([])
})

test('a role that the user keeps through a group or another role is reported as kept', async () => {
  await shop.print('users', 'create', 'kim', '--group', '/staff', '--role', 'editor', '--role', 'chief')
  const { code, stdout, stderr } = await shop.run('roles', 'revoke', 'kim', 'editor')
  expect(stdout).toBe('~ user kim: roles.editor\n1 changed\n')
  expect(stderr).toContain('kim still has editor through a group or another role\n')
  expect(stderr).toContain('cloakwright roles members editor --effective')
  expect(code).toBe(3)
  const again = await shop.run('roles', 'revoke', 'kim', 'stock-keeper', '--client', 'shop-api')
  expect([again.code, again.stdout]).toEqual([1, ''])
  expect(again.stderr).toContain('Nothing was revoked: kim has stock-keeper through a group or another role')
  expect(again.stderr).toContain('cloakwright roles members stock-keeper --client shop-api --effective')
})

test('roles grant without a role is refused', async () => {
  const { code, stderr } = await shop.run('roles', 'grant', 'alice')
  expect(code).toBe(2)
  expect(stderr).toContain('Give a user and the roles, or --group PATH and the roles')
})

test('sessions end ends all sessions of a user, or one session', async () => {
  const sessions = async () =>
    (await shop.run('sessions', 'list', '--user', 'alice')).stdout.split('\n').slice(0, -1)
  for (const _ of [1, 2, 3]) expect(await login('alice', 'canary-pa55word')).toBe(200)
  const [first = ''] = await sessions()
  const id = first.split('\t')[0] ?? ''
  shop.writes()
  expect(await shop.print('sessions', 'end', '--session', id, '--dry-run')).toContain('1 to change')
  expect(shop.writes()).toEqual([])
  expect(await shop.print('sessions', 'end', '--session', id, '--yes')).toBe(`- session ${id}\n1 changed\n`)
  expect(await sessions()).toHaveLength(2)
  expect(await shop.print('sessions', 'end', 'alice', '--yes')).toContain('2 changed')
  expect(await sessions()).toEqual([])
})

test('--json prints the changes as one document', async () => {
  const stdout = await shop.print('users', 'create', 'dora', '--role', 'user', '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    dryRun: false,
    changes: [
      { action: 'create', kind: 'user', realm: shop.realm, name: 'dora' },
      { action: 'update', kind: 'user', name: 'dora', fields: ['roles.user'] },
    ],
  })
})

describe('a password is never an argument', () => {
  const user = (name: string) =>
    `users create ${name} --email ${name}@example.com --first-name A --last-name B`.split(' ')

  test('it is read from standard input', async () => {
    const input = 'canary-one\n'
    const { code, stdout, stderr } = await runCli([...user('eve'), '--password'], shop.variables, input)
    expect(stderr).toBe('')
    expect(stdout).toBe('+ user eve\n1 changed\n')
    expect(code).toBe(0)
    expect(await login('eve', 'canary-one')).toBe(200)
  })

  test('it is read from a file, and must be changed at the first login with --temporary', async () => {
    const file = join(temporaryFolder(), 'password')
    writeFileSync(file, 'canary-two\n')
    const stdout = await shop.print(...user('fay'), '--password-file', file, '--temporary', '--json')
    expect(stdout).not.toContain('canary')
    const { requiredActions } = JSON.parse(await shop.print('users', 'get', 'fay', '--json')) as {
      requiredActions: string[]
    }
    expect(requiredActions).toEqual(['UPDATE_PASSWORD'])
  })

  test.skipIf(process.platform !== 'linux')('it is typed at a prompt, and not shown', async () => {
    const typed = [{ after: /Password of gil/, keys: 'canary-three\r' }]
    const { code, output } = await runOnTerminal([...user('gil'), '--password'], shop.variables, typed)
    expect(output).not.toContain('canary')
    expect(output).toContain('+ user gil')
    expect(code).toBe(0)
    expect(await login('gil', 'canary-three')).toBe(200)
  })

  test('as an argument it is refused', async () => {
    const { code, stderr } = await shop.run(...user('hal'), '--password', 'canary-four')
    expect(stderr).toContain('too many arguments')
    expect(code).toBe(2)
    expect(shop.writes()).toEqual([])
  })

  test('empty standard input is refused', async () => {
    const { code, stderr } = await runHere([...user('hal'), '--password'], shop.variables, '')
    expect(stderr).toMatch(/no password[^]*--password-file/)
    expect(code).toBe(2)
    expect(shop.writes()).toEqual([])
  })
})

describe('a destructive command asks for confirmation', () => {
  const remove = ['users', 'delete', 'alice']

  test('and is refused without a terminal', async () => {
    const { code, stdout, stderr } = await shop.run(...remove)
    expect(stderr).toMatch(/Delete the user alice\?[^]*--yes/)
    expect(stdout).toBe('')
    expect(code).toBe(2)
    expect(shop.writes()).toEqual([])
  })

  test.skipIf(process.platform !== 'linux').each<[string, string, number]>([
    ['no', 'n', 1],
    ['Ctrl+C', '\u0003', 130],
  ])('and changes nothing on %s', async (_, keys, ended) => {
    const typed = [{ after: /Delete the user alice\?/, keys }]
    const { code } = await runOnTerminal(remove, shop.variables, typed)
    expect(code).toBe(ended)
    expect(shop.writes()).toEqual([])
  })

  test.skipIf(process.platform !== 'linux')('and runs on yes', async () => {
    const typed = [{ after: /Delete the user dora\?/, keys: 'y' }]
    const { code, output } = await runOnTerminal(['users', 'delete', 'dora'], shop.variables, typed)
    expect(output).toContain('- user dora')
    expect(code).toBe(0)
  })
})

describe('an audit trail', () => {
  test('records who changed what and why, not for a dry run, and is whole until it is modified', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'trail.ndjson')
    const heads = join(folder, 'heads')
    const kept = ['--audit', file, '--reason', 'ticket 4711']
    const run = (...args: string[]) =>
      runHere([...args, ...kept], { ...shop.variables, CLOAKWRIGHT_AUDIT_HEADS: heads })
    await run('users', 'disable', 'alice', '--dry-run')
    expect(() => statSync(file)).toThrow()
    await run('users', 'disable', 'alice')
    await run('users', 'enable', 'alice')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const [entry] = readFileSync(file, 'utf8').split('\n')
    expect(JSON.parse(entry ?? '')).toMatchObject({
      account: shop.target.credentials.username,
      why: 'ticket 4711',
      kind: 'user',
      name: 'alice',
      before: { enabled: true },
      after: { enabled: false },
    })
    const verify = ['audit', 'verify', file, '--heads', heads]
    for (const [args, variables] of [
      [verify, {}],
      [['audit', 'verify'], { CLOAKWRIGHT_AUDIT: file }],
    ] as const) {
      expect(await runHere(args, variables)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^intact: 2 entries/),
      })
    }
    writeFileSync(file, readFileSync(file, 'utf8').replace('ticket 4711', 'ticket 4712'))
    expect(await runHere(verify)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^changed: entry 1 /),
    })
    appendFileSync(file, 'no entry\n')
    expect((await run('users', 'disable', 'alice')).stderr).toMatch(
      /so nothing was changed: [^]*cloakwright audit verify/,
    )
  })

  test('that is another file is reported in at most 20 lines', async () => {
    const file = join(temporaryFolder(), 'people.csv')
    writeFileSync(file, 'username\n'.repeat(300))
    const { code, stdout } = await runHere(['audit', 'verify', file])
    expect(stdout).toMatch(/^unsealed: no entry \(line 1\)/)
    expect(stdout).toMatch(/and 280 more: use --json to list all\nnot intact: 300 problems\n$/)
    expect(code).toBe(1)
  })

  test('that does not exist fails the verification', async () => {
    const { code, stderr } = await runHere(['audit', 'verify', join(temporaryFolder(), 'none')])
    expect(stderr).toContain('CW_CONFIG_MISSING')
    expect(code).toBe(1)
  })

  test('is required by --reason', async () => {
    const { code, stderr } = await shop.run('users', 'enable', 'alice', '--reason', 'none')
    expect(stderr).toContain('--audit FILE')
    expect(code).toBe(2)
  })

  test('that can’t be written prevents the change', async () => {
    const folder = join(temporaryFolder(), 'trail')
    mkdirSync(folder)
    const { code, stderr } = await shop.run('users', 'disable', 'alice', '--audit', folder)
    expect(stderr).toContain('CW_AUDIT_UNAVAILABLE')
    expect(code).toBe(1)
  })
})
