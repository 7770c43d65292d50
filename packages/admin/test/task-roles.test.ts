import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as main from '@cloakwright/admin'
import * as audit from '@cloakwright/admin/audit'
import * as files from '@cloakwright/admin/files'
import * as jobs from '@cloakwright/admin/jobs'
import * as realmAsCode from '@cloakwright/admin/realm'
import * as secrets from '@cloakwright/admin/secrets'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { caught } from './support/caught.ts'
import { openTarget, type Target } from './support/target.ts'

const toolkit = { ...main, ...audit, ...files, ...jobs, ...realmAsCode, ...secrets }

// Each task states the roles that it needs; with exactly these it is done.

const source = join(import.meta.dirname, '../src')

/** The docstrings of exported functions that take an administrator, by name. */
const documented: ReadonlyMap<string, string> = new Map(
  readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(source, file), 'utf8')
      const functions = text.matchAll(
        /\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport async function\*? (\w+)\(\s*(?:admin|\{[^}]*\}): Admin\b/g,
      )
      return [...functions].map(
        ([, doc = '', name = '']) => [name, doc.replaceAll(/\s*\n \* ?/g, ' ')] as const,
      )
    })
    .filter(([name]) => Object.hasOwn(toolkit, name)),
)

function rolesOf(name: string): readonly string[] {
  const sentence = /Needs (?:the roles? )?(`.*?)(?:\.(?: |$)| @)/.exec(documented.get(name) ?? '')?.[1] ?? ''
  return [...sentence.matchAll(/`((?:view|manage)-\w+|realm-admin)`/g)].map(([, role = '']) => role)
}

test.each([...documented.keys()])('the docstring of %s states roles of realm-management', (name) => {
  expect(documented.get(name)).toContain('`realm-management`')
  expect(rolesOf(name)).not.toEqual([])
})

let target: Target
let realm: string
let owner: main.Admin

beforeAll(async () => {
  target = await openTarget()
  realm = target.realmName()
  await realmAsCode.ensureRealm(target.admin(), {
    realm,
    roles: { realm: [{ name: 'editor' }, { name: 'reader' }], client: { app: [{ name: 'keeper' }] } },
    clients: [{ clientId: 'app', publicClient: false, serviceAccountsEnabled: true }],
    groups: [{ name: 'staff' }, { name: 'press' }],
    users: ['alice', 'bob'].map((username) => ({
      username,
      email: `${username}@example.com`,
      firstName: 'A',
      lastName: 'L',
    })),
  })
  owner = target.admin({ realm })
})
afterAll(() => target.close())

async function account(roles: readonly string[]): Promise<main.Admin> {
  const { clients, users } = owner.client
  const clientId = `only-${roles.join('-')}`
  const clientSecret = 's3cr3t-canary'
  if ((await clients.find({ clientId })).length === 0) {
    const { id } = await clients.create({
      clientId,
      secret: clientSecret,
      publicClient: false,
      serviceAccountsEnabled: true,
    })
    const { id: user = '' } = await clients.getServiceAccountUser({ id })
    const management = (await clients.find({ clientId: 'realm-management' }))[0]?.id ?? ''
    const found = await Promise.all(roles.map((roleName) => clients.findRole({ id: management, roleName })))
    const mapped = found.map((role) => ({ id: role?.id ?? '', name: role?.name ?? '' }))
    await users.addClientRoleMappings({ id: user, clientUniqueId: management, roles: mapped })
  }
  return main.createAdmin({
    server: target.proxy.url,
    realm,
    credentials: { clientId, clientSecret },
    retries: 0,
  })
}

const both = { realm: ['editor'], client: { app: ['keeper'] } }

async function listed(list: AsyncIterable<unknown>): Promise<void> {
  for await (const each of list) expect(each).toBeDefined()
}

const tasks: [keyof typeof toolkit, (admin: main.Admin) => Promise<unknown>][] = [
  ['findUser', (admin) => toolkit.findUser(admin, 'alice')],
  ['users', (admin) => listed(toolkit.users(admin))],
  ['usersWithMemberships', (admin) => listed(toolkit.usersWithMemberships(admin))],
  [
    'ensureUser',
    (admin) => toolkit.ensureUser(admin, { username: 'carol', roles: both, groups: ['/staff'] }),
  ],
  ['updateUser', (admin) => toolkit.updateUser(admin, 'alice', { lastName: `L${Date.now()}` })],
  ['grantRoles', (admin) => toolkit.grantRoles(admin, 'alice', both)],
  ['revokeRoles', (admin) => toolkit.revokeRoles(admin, 'alice', both)],
  ['grantRolesToGroup', (admin) => toolkit.grantRolesToGroup(admin, '/staff', both)],
  ['revokeRolesFromGroup', (admin) => toolkit.revokeRolesFromGroup(admin, '/staff', both)],
  ['setGroups', (admin) => toolkit.setGroups(admin, 'alice', ['/staff'])],
  ['addToGroups', (admin) => toolkit.addToGroups(admin, 'alice', ['/press'])],
  ['removeFromGroups', (admin) => toolkit.removeFromGroups(admin, 'alice', ['/press'])],
  ['requireMfa', (admin) => toolkit.requireMfa(admin, 'alice')],
  ['resetPassword', (admin) => toolkit.resetPassword(admin, 'alice', 's3cr3t-canary')],
  ['sessionsOf', (admin) => toolkit.sessionsOf(admin, 'alice')],
  ['endSessions', (admin) => toolkit.endSessions(admin, 'alice')],
  ['disableUser', (admin) => toolkit.disableUser(admin, 'alice')],
  ['enableUser', (admin) => toolkit.enableUser(admin, 'alice')],
  ['deleteUser', (admin) => toolkit.deleteUser(admin, 'bob')],
  ['ensureGroup', (admin) => toolkit.ensureGroup(admin, '/staff/new', { roles: both })],
  ['updateGroup', (admin) => toolkit.updateGroup(admin, '/staff', { description: 'a' })],
  ['moveGroup', (admin) => toolkit.moveGroup(admin, '/press', '/staff')],
  ['deleteGroup', (admin) => toolkit.deleteGroup(admin, '/staff/press')],
  ['ensureRole', (admin) => toolkit.ensureRole(admin, { name: 'made', composites: both })],
  ['updateRole', (admin) => toolkit.updateRole(admin, { name: 'reader' }, { description: 'a' })],
  ['deleteRole', (admin) => toolkit.deleteRole(admin, { name: 'reader' })],
  ['updateClient', (admin) => toolkit.updateClient(admin, 'app', { description: 'a' })],
  ['updateRealm', (admin) => toolkit.updateRealm(admin, { displayName: 'Shop' })],
  ['readSecretStatus', (admin) => toolkit.readSecretStatus(admin, 'app')],
  ['readRoleNames', (admin) => toolkit.readRoleNames(admin, realm)],
  ['planRealm', (admin) => toolkit.planRealm(admin, { realm, groups: [{ name: 'staff' }] })],
  ['ensureRealm', (admin) => toolkit.ensureRealm(admin, { realm, groups: [{ name: 'staff' }] })],
  ['exportRealm', (admin) => toolkit.exportRealm(admin, realm)],
  ['followEvents', (admin) => toolkit.followEvents(admin, { once: true, onEvents: () => {} })],
  ['followUserEvents', (admin) => toolkit.followUserEvents(admin, { once: true, onEvents: () => {} })],
]

describe('with exactly the stated roles it is done, without them it is refused:', () => {
  test.each(tasks)('%s', async (name, task) => {
    const refused = await caught(task(await account(['view-identity-providers'])))
    expect(refused.code).toBe('CW_ADMIN_FORBIDDEN')
    expect(refused.hint).toMatch(/\b(?:view|manage)-\w+\b.*realm-management/)
    await task(
      await account(rolesOf(name).filter((role, _, all) => all.length === 1 || role !== 'realm-admin')),
    )
  })
})
