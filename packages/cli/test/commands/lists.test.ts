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

describe('an empty list says so, what was looked for and what to try', () => {
  test.each<[string[], RegExp]>([
    [
      ['users', 'list', '--search', 'example.com'],
      /fits --search example\.com\..*--search '\*example\.com\*'/,
    ],
    [['users', 'list', '--search', '*nowhere*'], /fits --search \*nowhere\*.*shorter text/],
    [['users', 'list', '--attribute', 'team=blue'], /fits --attribute team=blue/],
    [['users', 'list', '--disabled'], /fits --disabled/],
    [['users', 'list', '--disabled', '--search', 'alice'], /fits --search alice --disabled/],
    [['users', 'list', '--search', '"ali"', '--memberships'], /fits --search "ali"/],
    [['groups', 'members', '/empty'], /group \/empty has no members of its own.*groups list/],
    [['roles', 'members', 'unused'], /No user was granted the role unused itself.*groups/],
    [['roles', 'list', '--client', 'bare'], /client bare has no roles.*leave --client out/],
    [['sessions', 'list', '--user', 'alice'], /user alice has no session/],
    [['sessions', 'list', '--client', 'bare'], /No session at the client bare/],
    [['events', 'list', '--since', '2h', '--by', 'nobody'], /no events of administrators since 2h by nobody/],
    [['events', 'list', '--logins', '--until', '30d'], /no events of users until 30d.*longer time/],
  ])('%j', async (args, text) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toMatch(text)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(await run(...args, '--json')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('what it proposes finds them', async () => {
    const { stdout, stderr } = await run('users', 'list', '--search', '*example.com*')
    expect(stdout).toMatch(/^alice\t.*\n$/)
    expect(stderr).toBe('')
  })

  test('an export too', async () => {
    const { code, stderr } = await run('users', 'export', '--search', 'example.com')
    expect(stderr).toMatch(/--search '\*example\.com\*'\n0 users/)
    expect(code).toBe(0)
  })
})

describe('events list', () => {
  test('tells when, who and what, of administrators', async () => {
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

  // The embedded realm keeps no events of users.
  test.skipIf(!onKeycloak)('and of users, a refused login with its reason', async () => {
    const form = { grant_type: 'password', client_id: 'bare', username: 'alice', password: 'wrong' }
    const url = `${shop.target.proxy.url}/realms/${shop.realm}/protocol/openid-connect/token`
    await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
    const { stdout } = await run('events', 'list', '--logins', '--since', '1h', '--by', 'Alice')
    expect(stdout).toMatch(/\talice\tLOGIN_ERROR: invalid_user_credentials\tbare\t/)
  })

  test('says that nothing is recorded, where it is not', async () => {
    const other = shop.target.realmName()
    await shop.target.admin().client.realms.create({ realm: other, enabled: true })
    const { code, stderr } = await run('events', 'list', '--realm', other)
    expect(stderr).toMatch(/does not record events of administrators: turn them on/)
    expect(code).toBe(0)
  })
})

describe('audit list', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'cloakwright-cli-')), 'trail.ndjson')
  afterAll(() => rmSync(dirname(file), { recursive: true }))

  // Three changes: of three days ago, yesterday and now.
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

  test('one line a change: when, who, what, before and after, why; filtered by time, person and user', async () => {
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

  test('says what it found nothing of, and which lines it can’t read', async () => {
    const nothing = await run('audit', 'list', file, '--since', '1min', '--by', 'carl')
    expect(nothing).toMatchObject({ code: 0, stdout: '' })
    expect(nothing.stderr).toMatch(/No change in .* since 1min by carl\. Try a longer time/)
    appendFileSync(file, 'not a line of a trail\n{"sequence":4}\n')
    const { stderr } = await run('audit', 'list', file)
    expect(stderr).toMatch(/2 lines of .* can't be read: check it with cloakwright audit verify/)
    const empty = join(temporaryFolder(), 'empty.ndjson')
    writeFileSync(empty, '')
    expect((await run('audit', 'list', empty)).stderr).toMatch(/has no entries yet/)
  })

  test.each<[string[], RegExp, number]>([
    [['audit', 'list'], /No trail is named[^]*CLOAKWRIGHT_AUDIT/, 2],
    [['audit', 'list', '/none.ndjson'], /There is no trail \/none\.ndjson/, 1],
    [['audit', 'list', '/none.ndjson', '--since', 'whenever'], /no trail|not a time/, 1],
    [['events', 'list', '--since', 'whenever'], /--since whenever is not a time[^]*yesterday/, 2],
    [['events', 'follow', '--once', '--from', 'whenever'], /--from whenever is not a time/, 2],
  ])('%j is refused', async (args, reason, ended) => {
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toMatch(reason)
    expect({ code, stdout }).toEqual({ code: ended, stdout: '' })
  })
})
