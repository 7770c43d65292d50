import {
  type Admin,
  addToGroups,
  type Change,
  deleteGroup,
  deleteRole,
  deleteUser,
  disableUser,
  enableUser,
  endSession,
  endSessions,
  ensureGroup,
  ensureRole,
  ensureUser,
  grantRoles,
  grantRolesToGroup,
  moveGroup,
  removeFromGroups,
  requireMfa,
  resetPassword,
  revokeRoles,
  revokeRolesFromGroup,
  sendActions,
  sessionsOf,
  setGroups,
  updateClient,
  updateGroup,
  updateRealm,
  updateRole,
  updateUser,
  withReason,
} from '@cloakwright/admin'
import { openUserFile } from '@cloakwright/admin/files'
import { bulkAssign, bulkDisable, importUsers, undoJob } from '@cloakwright/admin/jobs'
import { ensureRealm } from '@cloakwright/admin/realm'
import { moveToPrivateKeyJwt, rotateSecret } from '@cloakwright/admin/secrets'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { type Folder, openFolder } from '../support/folder.ts'
import { openTaskRealm, type TaskRealm } from '../support/realm.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let of: TaskRealm
let folder: Folder
let dry: Admin
const recordedByDryRun: Change[] = []

beforeAll(async () => {
  target = await openTarget()
  of = await openTaskRealm(target)
  folder = await openFolder()
  const recorder = { record: async (changes: readonly Change[]) => void recordedByDryRun.push(...changes) }
  dry = target.admin({ realm: of.realm, dryRun: true, recorder })
})
beforeEach(() => target.proxy.reset())
afterAll(() => target.close())

const alice = {
  username: 'alice',
  email: 'Alice@example.org',
  firstName: 'Alice',
  lastName: 'Liddell',
  attributes: { team: ['red'] },
}

async function logIn(): Promise<void> {
  const url = `${target.proxy.url}/realms/${of.realm}/protocol/openid-connect/token`
  const client = { client_id: 'shop-api', client_secret: 'the-live-secret' }
  const body = { grant_type: 'password', username: 'alice', password: 'first-Password-1', ...client }
  expect((await fetch(url, { method: 'POST', body: new URLSearchParams(body) })).status).toBe(200)
}

/** Of an object that is not there yet, no one knows the id. */
const withoutIds = (changes: readonly Change[]) => changes.map(({ id: _id, ...change }) => change)

describe('a dry run gives the changes that the same call then makes, and sends no write', () => {
  test.each<[string, (admin: Admin) => Promise<readonly Change[]>]>([
    [
      'ensureRole, with composites and attributes',
      (admin) =>
        ensureRole(admin, {
          name: 'chief',
          description: 'Decides',
          attributes: { floor: ['9'] },
          composites: { realm: ['user'], client: { 'shop-api': ['editor'] } },
        }),
    ],
    ['ensureRole, of a client', (admin) => ensureRole(admin, { name: 'buyer', client: 'shop-api' })],
    ['updateRole', (admin) => updateRole(admin, { name: 'chief' }, { description: 'Decides all' })],
    [
      'ensureGroup, with those above it, attributes and roles',
      async (admin) =>
        (
          await ensureGroup(admin, '/press/desk/night~/day', {
            description: 'Always there',
            attributes: { floor: ['2'] },
            roles: { realm: ['user'] },
          })
        ).changes,
    ],
    ['updateGroup', (admin) => updateGroup(admin, '/press', { attributes: { floor: '1' } })],
    ['moveGroup', (admin) => moveGroup(admin, '/press/desk', '/staff')],
    ['grantRolesToGroup', (admin) => grantRolesToGroup(admin, '/press', { realm: ['user', 'admin'] })],
    ['revokeRolesFromGroup', (admin) => revokeRolesFromGroup(admin, '/press', { realm: ['admin'] })],
    [
      'ensureUser, with everything',
      async (admin) =>
        (
          await ensureUser(admin, {
            ...alice,
            requiredActions: ['VERIFY_EMAIL'],
            password: 'first-Password-1',
            roles: { realm: ['user'], client: { 'shop-api': ['editor'] } },
            groups: ['/staff/editors', '/press'],
          })
        ).changes,
    ],
    [
      'ensureUser, of one without a password',
      async (admin) => (await ensureUser(admin, { username: 'bob' })).changes,
    ],
    [
      'ensureUser, of one who exists',
      async (admin) =>
        (
          await ensureUser(admin, {
            username: 'bob',
            password: 'second-Password-2',
            lastName: 'B',
            attributes: { team: ['blue'] },
            roles: { realm: ['user'] },
          })
        ).changes,
    ],
    [
      'updateUser',
      (admin) => updateUser(admin, 'alice', { requiredActions: null, attributes: { desk: '4' } }),
    ],
    [
      'grantRoles',
      (admin) => grantRoles(admin, 'alice', { realm: ['chief'], client: { 'shop-api': ['buyer'] } }),
    ],
    ['revokeRoles', (admin) => revokeRoles(admin, 'alice', { realm: ['chief'] })],
    ['setGroups', (admin) => setGroups(admin, 'alice', ['/staff', '/press'])],
    ['addToGroups', (admin) => addToGroups(admin, 'alice', ['/guests'])],
    ['removeFromGroups', (admin) => removeFromGroups(admin, 'alice', ['/guests'])],
    ['requireMfa', (admin) => requireMfa(admin, 'bob')],
    ['resetPassword', (admin) => resetPassword(admin, 'bob', 'third-Password-3', { temporary: true })],
    ['disableUser', (admin) => disableUser(admin, 'bob')],
    ['enableUser', (admin) => enableUser(admin, 'bob')],
    ['updateClient', (admin) => updateClient(admin, 'shop-api', { attributes: { one: '1' }, name: 'Shop' })],
    ['updateRealm', (admin) => updateRealm(admin, { displayName: 'Shop', otpPolicyDigits: 8 })],
    ['deleteGroup', (admin) => deleteGroup(admin, '/guests')],
    ['deleteRole', (admin) => deleteRole(admin, { name: 'buyer', client: 'shop-api' })],
    ['deleteUser', (admin) => deleteUser(admin, 'bob')],
  ])('%s', async (_name, task) => {
    const planned = await task(dry)
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)

    const made = await task(of.admin)
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBeGreaterThan(0)
    expect(made.length).toBeGreaterThan(0)
    expect(withoutIds(planned)).toEqual(withoutIds(made))
    // Once it is so, there is nothing to plan.
    if (!_name.startsWith('resetPassword')) expect(await task(dry)).toEqual([])
    expect(recordedByDryRun).toEqual([])
  })

  test('endSessions and endSession', async () => {
    await logIn()
    await logIn()
    target.proxy.reset()
    const [{ id = '' } = {}] = await sessionsOf(of.admin, 'alice')
    expect(await endSession(dry, id)).toMatchObject([{ action: 'delete', kind: 'session', id }])
    const planned = await endSessions(dry, 'alice')
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
    expect(planned).toHaveLength(2)
    expect(await endSessions(of.admin, 'alice')).toEqual(planned)
  })

  test('sendActions: no one gets an e-mail', async () => {
    expect(await sendActions(dry, 'alice', ['VERIFY_EMAIL'])).toMatchObject([
      { action: 'update', name: 'alice', fields: ['actionsEmail'] },
    ])
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
  })

  test('ensureRealm', async () => {
    const definition = { realm: of.realm, displayName: 'Shop 2', roles: { realm: [{ name: 'planned' }] } }
    const seen: string[] = []
    const planned = await ensureRealm(dry, definition, { onChange: ({ name }) => void seen.push(name) })
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
    expect(seen).toEqual([])
    expect(planned).toEqual(await ensureRealm(of.admin, definition))
    expect(planned).toHaveLength(2)
  })
})

test('ensureUser gives no id of a user who is not there', async () => {
  expect((await ensureUser(dry, { username: 'never' })).id).toBe('')
})

test('what is refused is refused in a dry run too', async () => {
  const error = await caught(ensureUser(dry, { username: 'alice' }, { existing: 'refuse' }))
  expect(error.code).toBe('CW_ADMIN_CONFLICT')
  expect((await caught(grantRoles(dry, 'alice', { realm: ['none'] }))).code).toBe('CW_ADMIN_NOT_FOUND')
})

describe('a write in a dry run is an error, and is not sent', () => {
  test.each<[string, (admin: Admin) => Promise<unknown>]>([
    ['users.create', (admin) => admin.client.users.create({ username: 'mallory' })],
    ['users.del', (admin) => admin.client.users.del({ id: 'mallory' })],
    ['realms.update', (admin) => admin.client.realms.update({ realm: of.realm }, { enabled: false })],
    [
      'realms.partialImport',
      (admin) =>
        admin.client.realms.partialImport({
          realm: of.realm,
          rep: { ifResourceExists: 'SKIP', users: [{ username: 'm' }] },
        }),
    ],
    [
      'a request of one’s own',
      (admin) => admin.client.users.makeRequest({ method: 'POST', path: '/' })({ username: 'mallory' }),
    ],
    [
      'an update of one’s own',
      (admin) => admin.client.users.makeUpdateRequest({ method: 'PUT', path: '/x' })({}, { enabled: false }),
    ],
    ['with a reason', (admin) => withReason(admin, { why: 'a test' }).client.users.del({ id: 'mallory' })],
    ['a secret is not rotated', (admin) => rotateSecret(admin, 'shop-api', { deliver: () => {} })],
  ])('%s', async (_name, write) => {
    const error = await caught(write(dry))
    expect(error.code).toBe('CW_CONFIG_INVALID')
    expect(error.message).toContain('dry run')
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
  })

  test('a key is not even delivered', async () => {
    const delivered: string[] = []
    const deliver = (key: string) => void delivered.push(key)
    expect((await caught(moveToPrivateKeyJwt(dry, 'shop-api', { deliver }))).code).toBe('CW_CONFIG_INVALID')
    expect(delivered).toEqual([])
  })
})

describe('a job of a dry run', () => {
  const job = (name: string) => ({
    journal: folder.path(`${name}.journal`),
    rejected: folder.path(`${name}.rejected`),
  })
  const counts = (report: object) => ({ ...report, seconds: 0, reconciled: undefined })

  test('reports what the same job then does, and what an undo would revert', async () => {
    const many = await openUserFile(await folder.write('many.csv', 'username\ncarol\ndora\n'))
    const roles = { roles: { realm: ['user'] } }

    const imported = await importUsers(dry, many, job('import-dry'))
    expect(imported).toMatchObject({ created: 2, rejected: 0 })
    // A look at its rights, which changes nothing.
    expect(target.proxy.count('PUT', 'DELETE')).toBe(0)
    expect(await dry.client.users.find({ username: 'carol' })).toEqual([])
    expect(counts(await importUsers(of.admin, many, job('import')))).toEqual(counts(imported))

    target.proxy.reset()
    const assigned = await bulkAssign(dry, many, { ...job('assign-dry'), ...roles })
    const disabled = await bulkDisable(dry, many, job('disable-dry'))
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
    expect(counts(await bulkAssign(of.admin, many, { ...job('assign'), ...roles }))).toEqual(counts(assigned))
    expect(counts(await bulkDisable(of.admin, many, job('disable')))).toEqual(counts(disabled))
    expect([assigned.changed, disabled.changed]).toEqual([2, 2])

    target.proxy.reset()
    const undone = await undoJob(dry, job('disable').journal)
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
    expect(undone).toMatchObject({ undone: 2, kept: 0 })
    expect(await undoJob(of.admin, job('disable').journal)).toMatchObject({ undone: 2, kept: 0 })
    expect(await undoJob(of.admin, job('import').journal)).toMatchObject({ undone: 2, kept: 0 })
    expect(recordedByDryRun).toEqual([])
  })
})
