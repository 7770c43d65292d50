import {
  createAdmin,
  deleteRole,
  disableUser,
  ensureGroup,
  ensureRole,
  ensureUser,
  grantRoles,
  resetPassword,
  revokeRoles,
  sendActions,
  updateRole,
  updateUser,
  users,
} from '@cloakwright/admin'
import { exportUsers } from '@cloakwright/admin/files'
import { bulkAssign, bulkDisable, importUsers, undoJob } from '@cloakwright/admin/jobs'
import { moveToPrivateKeyJwt, rotateSecret } from '@cloakwright/admin/secrets'
import { expect, test } from 'vitest'
import { caught } from '../support/caught.ts'

// What a program in JavaScript misspells, or writes as Keycloak does, is refused by name before anything is sent: the server
// of these tests does not exist.

const admin = createAdmin({
  server: 'http://127.0.0.1:1',
  credentials: { username: 'admin', password: 'admin' },
  retries: 0,
})
const job = { journal: '/nowhere', rejected: '/nowhere' }
const call = <T>(task: T): ((...given: unknown[]) => Promise<unknown>) =>
  (task as (...given: unknown[]) => Promise<unknown>).bind(undefined, admin)

test.each<[string, string, () => Promise<unknown>, string?]>([
  [
    'ensureUser',
    'realmRoles',
    () => call(ensureUser)({ username: 'alice', realmRoles: ['admin'] }),
    'roles: { realm: [name] }',
  ],
  [
    'ensureUser',
    'id, clientRoles',
    () => call(ensureUser)({ username: 'alice', id: 'x', clientRoles: {} }),
    'Known fields: username, email,',
  ],
  [
    'ensureUser',
    'credentials',
    () => call(ensureUser)({ username: 'alice', credentials: [] }),
    'password, temporaryPassword',
  ],
  [
    'ensureGroup',
    'realmRoles',
    () => call(ensureGroup)('/staff', { realmRoles: ['admin'] }),
    'roles: { realm: [name] }',
  ],
  ['ensureRole', 'composite', () => call(ensureRole)({ name: 'editor', composite: true })],
  [
    'deleteRole',
    'clientId',
    () => call(deleteRole)({ name: 'editor', clientId: 'shop-api' }),
    'Instead of clientId, use client.',
  ],
  ['updateRole', 'clientId', () => call(updateRole)({ name: 'editor', clientId: 'shop-api' }, {})],
  ['roles', 'realmRoles', () => call(grantRoles)({ id: 'x' }, { realmRoles: ['admin'] })],
  ['roles', 'clients', () => call(revokeRoles)({ id: 'x' }, { clients: {} })],
  ['roles', 'Realm', () => call(ensureUser)({ username: 'alice', roles: { Realm: ['admin'] } })],
  ['disableUser', 'endSession', () => call(disableUser)({ id: 'x' }, { endSession: false })],
  ['sendActions', 'client', () => call(sendActions)({ id: 'x' }, ['UPDATE_PASSWORD'], { client: 'x' })],
  ['resetPassword', 'temp', () => call(resetPassword)({ id: 'x' }, 'canary', { temp: true })],
  ['An update of a user', 'base', () => call(updateUser)({ id: 'x' }, {}, { base: {} })],
  ['importUsers', 'dryrun', () => call(importUsers)({}, { ...job, dryrun: true })],
  ['bulkAssign', 'realmRoles', () => call(bulkAssign)({}, { ...job, realmRoles: ['admin'] })],
  ['bulkDisable', 'endSession', () => call(bulkDisable)({}, { ...job, endSession: false })],
  ['undoJob', 'dryRun', () => call(undoJob)('/nowhere', { dryRun: true })],
  ['The user filter', 'enable', () => call(exportUsers)({ format: 'csv', enable: false })],
  ['The user filter', 'disabled', () => users(admin, { disabled: true } as object).next()],
  ['rotateSecret', 'keepold', () => call(rotateSecret)('shop-api', { deliver: 'x', keepold: true })],
  ['moveToPrivateKeyJwt', 'alg', () => call(moveToPrivateKeyJwt)('shop-api', { deliver: 'x', alg: 'ES256' })],
])('%s: %s', async (what, fields, task, hint = 'Known fields: ') => {
  const error = await caught(task())
  expect(error).toMatchObject({ code: 'CW_CONFIG_INVALID', message: `${what}: unknown field ${fields}` })
  expect(error.hint).toContain(hint)
})

test.each([
  [['admin']],
  [{ realm: 'admin' }],
  [{ client: { 'shop-api': 'editor' } }],
  [{ client: ['editor'] }],
])('roles are lists of names: %j', async (roles) => {
  const error = await caught(call(grantRoles)({ id: 'x' }, roles))
  expect(error).toMatchObject({ code: 'CW_CONFIG_INVALID', message: 'roles must be lists of names' })
})

test('a misspelled option for the realm does not fall back to master', () => {
  const options = {
    server: 'http://127.0.0.1:1',
    credentials: { username: 'a', password: 'b' },
    realmName: 'shop',
  }
  expect(() => createAdmin(options)).toThrow('createAdmin: unknown field realmName')
})

test('ignores fields that are undefined', async () => {
  const error = await caught(call(ensureUser)({ username: 'alice', realmRoles: undefined }))
  expect(error.code).toBe('CW_ADMIN_UNAVAILABLE')
})
