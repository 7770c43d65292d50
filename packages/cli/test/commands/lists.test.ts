import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { disableUser, grantRoles, updateUser } from '@cloakwright/admin'
import { createAuditTrail, ndjsonSink } from '@cloakwright/admin/audit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { onKeycloak } from '../../../admin/test/support/target.ts'
import { runHere } from '../support/in-process.ts'
import { temporaryFolder } from '../support/program.ts'
import { openShop, type Shop } from '../support/shop.ts'

vi.setConfig({ testTimeout: 60_000 })

let shop: Shop
const run = (...args: string[]) => runHere(args, shop.variables)

beforeAll(async () => {
  shop = await openShop({
    adminEventsEnabled: true,
    eventsEnabled: true,
    roles: { realm: [{ name: 'unused' }] },
    clients: [{ clientId: 'bare', publicClient: true, directAccessGrantsEnabled: true }],
    groups: [{ name: 'empty' }],
    users: [
      { username: 'alice', email: 'alice@example.com', firstName: 'A', lastName: 'L' },
      { username: 'bob', email: 'bob@example.org', firstName: 'B', lastName: 'B' },
    ],
  })
})
afterAll(() => shop.target.close())

describe('an empty list prints the filters and a wider search', () => {
  test.each<[string[], RegExp]>([
    [
      ['users', 'list', '--search', 'example.com'],
      /matches --search example\.com\..*--search '\*example\.com\*'/,
    ],
    [['users', 'list', '--search', '*nowhere*'], /matches --search \*nowhere\*.*shorter text/],
    [['users', 'list', '--attribute', 'team=blue'], /matches --attribute team=blue/],
    [['users', 'list', '--disabled'], /matches --disabled/],
    [['users', 'list', '--disabled', '--search', 'alice'], /matches --search alice --disabled/],
    [['users', 'list', '--search', '"ali"', '--memberships'], /matches --search "ali"/],
    [['groups', 'members', '/empty'], /group \/empty has no direct members.*groups list/],
    [['roles', 'members', 'unused'], /No user was granted the role unused directly.*groups/],
    [['roles', 'list', '--client', 'bare'], /client bare has no roles.*omit --client/],
    [['sessions', 'list', '--user', 'alice'], /user alice has no sessions/],
    [['sessions', 'list', '--client', 'bare'], /client bare has no sessions/],
    [['events', 'list', '--since', '2h', '--by', 'nobody'], /no administrator events since 2h by nobody/],
    [['events', 'list', '--logins', '--until', '30d'], /no user events until 30d.*longer time/],
  ])('%j', async (args, text) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toMatch(text)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(await run(...args, '--json')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('the proposed search finds the users', async () => {
    const { stdout, stderr } = await run('users', 'list', '--search', '*example.com*')
    expect(stdout).toMatch(/^alice\t.*\n$/)
    expect(stderr).toBe('')
  })

  test('an empty export does the same', async () => {
    const { code, stderr } = await run('users', 'export', '--search', 'example.com')
    expect(stderr).toMatch(/--search '\*example\.com\*'\n0 users/)
    expect(code).toBe(0)
  })
})

describe('events list', () => {
  test('lists time, account and event of administrators', async () => {
    await shop.admin.client.roles.create({ name: 'seen' })
    const { stdout } = await run('events', 'list', '--since', 'today')
    const row = stdout.split('\n').find((line) => line.includes('roles/seen'))
    expect(row?.split('\t').slice(0, 4)).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d$/),
      shop.target.credentials.username,
      'CREATE REALM_ROLE',
      'roles/seen',
    ])
    expect((await run('events', 'list', '--until', 'yesterday')).stdout).toBe('')
    const limited = await run('events', 'list', '--limit', '1', '--json')
    expect(limited.stdout.split('\n')).toHaveLength(2)
  })

  // The embedded realm does not store user events.
  test.skipIf(!onKeycloak)('with --logins lists users, a failed login with its reason', async () => {
    const form = { grant_type: 'password', client_id: 'bare', username: 'alice', password: 'wrong' }
    const url = `${shop.target.proxy.url}/realms/${shop.realm}/protocol/openid-connect/token`
    await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
    const { stdout } = await run('events', 'list', '--logins', '--since', '1h', '--by', 'Alice')
    expect(stdout).toMatch(/\talice\tLOGIN_ERROR: invalid_user_credentials\tbare\t/)
  })

  test('reports that the realm records no events', async () => {
    const other = shop.target.realmName()
    await shop.target.admin().client.realms.create({ realm: other, enabled: true })
    const { code, stderr } = await run('events', 'list', '--realm', other)
    expect(stderr).toMatch(/does not record administrator events\. Turn them on/)
    expect(code).toBe(0)
  })
})

describe('audit list', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'cloakwright-cli-')), 'trail.ndjson')
  afterAll(() => rmSync(dirname(file), { recursive: true }))

  // Three changes: three days ago, yesterday and now.
  beforeAll(async () => {
    const day = 86_400_000
    const now = Date.now()
    const made = async (who: string, at: number, work: (admin: Shop['admin']) => Promise<unknown>) => {
      const recorder = createAuditTrail({ sink: ndjsonSink(file), who, why: 'ticket 4711', now: () => at })
      await work(shop.target.admin({ realm: shop.realm, recorder }))
    }
    await made('ann', now - 3 * day, (admin) => updateUser(admin, 'alice', { lastName: 'Liddell' }))
    await made('ben', now - day, (admin) => grantRoles(admin, 'bob', { realm: ['unused'] }))
    await made('ben', now, (admin) => disableUser(admin, 'alice'))
  })

  test('prints one line per change, and filters by time, person and user', async () => {
    const { code, stdout, stderr } = await run('audit', 'list', file)
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    const account = shop.target.credentials.username
    expect(rows.map((row) => row.slice(1))).toEqual([
      [`ann (${account})`, 'update user alice', 'lastName: L → Liddell', 'ticket 4711'],
      [`ben (${account})`, 'update user bob', 'roles.unused: no → yes', 'ticket 4711'],
      [`ben (${account})`, 'update user alice', 'enabled: yes → no', 'ticket 4711'],
    ])
    for (const [when] of rows) expect(when).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d$/)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })

    const count = async (...options: string[]) =>
      (await run('audit', 'list', file, ...options)).stdout.split('\n').length - 1
    expect(await count('--since', 'yesterday')).toBe(2)
    expect(await count('--since', 'yesterday', '--until', 'yesterday')).toBe(1)
    expect(await count('--until', '2d')).toBe(1)
    expect(await count('--by', 'Ann')).toBe(1)
    expect(await count('--by', account)).toBe(3)
    expect(await count('--user', 'ALICE')).toBe(2)
    expect(await count('--since', '1h', '--user', 'bob')).toBe(0)

    const json = (await run('audit', 'list', file, '--by', 'ann', '--json')).stdout
    expect(JSON.parse(json)).toMatchObject({ sequence: 1, who: 'ann', kind: 'user', name: 'alice' })
  })

  test('prints the roles and attributes of a created user as plain lists', async () => {
    const trail = join(temporaryFolder(), 'trail.ndjson')
    const recorder = createAuditTrail({ sink: ndjsonSink(trail), who: 'ann' })
    const after = {
      realmRoles: ['editor', 'reader'],
      clientRoles: { 'shop-api': ['buyer'] },
      roles: { realm: ['user'], client: { 'shop-api': ['seller'] } },
      attributes: { team: ['red', 'blue'] },
      groups: [],
    }
    await recorder.record([
      { action: 'create', kind: 'user', realm: shop.realm, name: 'erin', id: '1', fields: [], after },
    ])
    expect((await run('audit', 'list', trail)).stdout.split('\t')[3]).toBe(
      'attributes: team=red, team=blue; clientRoles: shop-api:buyer; groups: none; ' +
        'realmRoles: editor, reader; roles: user, shop-api:seller',
    )
  })

  test('prints the filters of an empty list, and reports lines that it can’t read', async () => {
    const nothing = await run('audit', 'list', file, '--since', '1min', '--by', 'carl')
    expect(nothing).toMatchObject({ code: 0, stdout: '' })
    expect(nothing.stderr).toMatch(/No changes in .* since 1min by carl\. Try a longer time/)
    appendFileSync(file, 'not a line of a trail\n{"sequence":4}\n')
    const { stderr } = await run('audit', 'list', file)
    expect(stderr).toMatch(/2 lines of .* could not be read\. Check: cloakwright audit verify/)
    const empty = join(temporaryFolder(), 'empty.ndjson')
    writeFileSync(empty, '')
    expect((await run('audit', 'list', empty)).stderr).toMatch(/has no entries yet/)
  })

  test.each<[string[], RegExp, number]>([
    [['audit', 'list'], /No trail was given[^]*CLOAKWRIGHT_AUDIT/, 2],
    [['audit', 'list', '/none.ndjson'], /The trail \/none\.ndjson does not exist/, 1],
    [['audit', 'list', '/none.ndjson', '--since', 'whenever'], /does not exist|not a time/, 1],
    [['events', 'list', '--since', 'whenever'], /--since whenever is not a time[^]*yesterday/, 2],
    [['events', 'follow', '--once', '--from', 'whenever'], /--from whenever is not a time/, 2],
  ])('%j is refused', async (args, reason, ended) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toMatch(reason)
    expect({ code, stdout }).toEqual({ code: ended, stdout: '' })
  })
})
