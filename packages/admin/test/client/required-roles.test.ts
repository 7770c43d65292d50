import { type Admin, createAdmin } from '@cloakwright/admin'
import { ensureRealm } from '@cloakwright/admin/realm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rolesHint } from '../../src/client/required-roles.ts'
import { caught } from '../support/caught.ts'
import { openTarget, type Target } from '../support/target.ts'

type Client = Admin['client']

const realmPart = (path: string) => `/admin/realms/shop${path}`

let target: Target
let realm: string
let owner: Client
let management: string
let ids: { user: string; group: string; client: string; scope: string; realmRole: string; clientRole: string }

beforeAll(async () => {
  target = await openTarget()
  realm = target.realmName()
  await ensureRealm(target.admin(), {
    realm,
    roles: { realm: [{ name: 'editor' }, { name: 'reader' }], client: { app: [{ name: 'keeper' }] } },
    clients: [{ clientId: 'app', publicClient: false, serviceAccountsEnabled: true }],
    groups: [{ name: 'staff' }],
    users: [{ username: 'alice', email: 'alice@example.com', firstName: 'A', lastName: 'L' }],
  })
  owner = target.admin({ realm }).client
  const idOf = async (list: Promise<{ id?: string }[]>) => (await list)[0]?.id ?? ''
  management = await idOf(owner.clients.find({ clientId: 'realm-management' }))
  const client = await idOf(owner.clients.find({ clientId: 'app' }))
  ids = {
    user: await idOf(owner.users.find({ username: 'alice', exact: true })),
    group: await idOf(owner.groups.find()),
    client,
    scope: await idOf(owner.clientScopes.find()),
    realmRole: (await owner.roles.findOneByName({ name: 'editor' }))?.id ?? '',
    clientRole: (await owner.clients.findRole({ id: client, roleName: 'keeper' }))?.id ?? '',
  }
})
afterAll(() => target.close())

const accounts = new Map<string, Promise<Admin>>()

/** The Admin API as a service account that has exactly these roles. */
function account(roles: readonly string[]): Promise<Admin> {
  const clientId = `only-${roles.join('-')}`
  const made = accounts.get(clientId) ?? makeAccount(clientId, roles)
  accounts.set(clientId, made)
  return made
}

async function makeAccount(clientId: string, roles: readonly string[]): Promise<Admin> {
  const clientSecret = 's3cr3t-canary'
  const { id } = await owner.clients.create({
    clientId,
    secret: clientSecret,
    publicClient: false,
    serviceAccountsEnabled: true,
  })
  const { id: user = '' } = await owner.clients.getServiceAccountUser({ id })
  const wanted = await Promise.all(
    roles.map((roleName) => owner.clients.findRole({ id: management, roleName })),
  )
  await owner.users.addClientRoleMappings({
    id: user,
    clientUniqueId: management,
    roles: wanted.map((role) => ({ id: role?.id ?? '', name: role?.name ?? '' })),
  })
  return createAdmin({ server: target.proxy.url, realm, credentials: { clientId, clientSecret }, retries: 0 })
}

let made = 0
const fresh = (prefix: string) => `${prefix}-${(made += 1)}`
const role = (name: 'realmRole' | 'clientRole') => [
  { id: ids[name], name: name === 'realmRole' ? 'editor' : 'keeper' },
]

/** A request, the roles that it needs, all of them, and those that its error names. */
const requests: [string, readonly string[], (client: Client) => Promise<unknown>][] = [
  ['GET users', ['view-users'], (c) => c.users.find()],
  ['GET users/count', ['view-users'], (c) => c.users.count()],
  ['GET users/profile', ['view-users'], (c) => c.users.getProfile()],
  ['PUT users/profile', ['manage-realm'], async (c) => c.users.updateProfile(await owner.users.getProfile())],
  ['POST users', ['manage-users'], (c) => c.users.create({ username: fresh('made') })],
  ['GET users/{id}', ['view-users'], (c) => c.users.findOne({ id: ids.user })],
  ['PUT users/{id}', ['manage-users'], (c) => c.users.update({ id: ids.user }, { enabled: true })],
  [
    'DELETE users/{id}',
    ['manage-users'],
    async (c) => c.users.del(await owner.users.create({ username: fresh('gone') })),
  ],
  ['GET users/{id}/groups', ['view-users'], (c) => c.users.listGroups({ id: ids.user })],
  [
    'PUT users/{id}/groups/{id}',
    ['manage-users'],
    (c) => c.users.addToGroup({ id: ids.user, groupId: ids.group }),
  ],
  [
    'DELETE users/{id}/groups/{id}',
    ['manage-users'],
    (c) => c.users.delFromGroup({ id: ids.user, groupId: ids.group }),
  ],
  ['GET users/{id}/role-mappings', ['view-users'], (c) => c.users.listRoleMappings({ id: ids.user })],
  [
    'GET users/{id}/role-mappings/realm',
    ['view-users'],
    (c) => c.users.listRealmRoleMappings({ id: ids.user }),
  ],
  [
    'GET users/{id}/role-mappings/clients/{id}',
    ['view-users', 'view-clients'],
    (c) => c.users.listClientRoleMappings({ id: ids.user, clientUniqueId: ids.client }),
  ],
  [
    'POST users/{id}/role-mappings/realm',
    ['manage-users'],
    (c) => c.users.addRealmRoleMappings({ id: ids.user, roles: role('realmRole') }),
  ],
  [
    'DELETE users/{id}/role-mappings/realm',
    ['manage-users'],
    (c) => c.users.delRealmRoleMappings({ id: ids.user, roles: role('realmRole') }),
  ],
  [
    'POST users/{id}/role-mappings/clients/{id}',
    ['manage-users'],
    (c) =>
      c.users.addClientRoleMappings({
        id: ids.user,
        clientUniqueId: ids.client,
        roles: role('clientRole'),
      }),
  ],
  [
    'DELETE users/{id}/role-mappings/clients/{id}',
    ['manage-users'],
    (c) =>
      c.users.delClientRoleMappings({
        id: ids.user,
        clientUniqueId: ids.client,
        roles: role('clientRole'),
      }),
  ],
  ['GET users/{id}/sessions', ['view-users'], (c) => c.users.listSessions({ id: ids.user })],
  ['POST users/{id}/logout', ['manage-users'], (c) => c.users.logout({ id: ids.user })],
  ['GET users/{id}/credentials', ['view-users'], (c) => c.users.getCredentials({ id: ids.user })],
  [
    'PUT users/{id}/reset-password',
    ['manage-users'],
    (c) => c.users.resetPassword({ id: ids.user, credential: { type: 'password', value: 's3cr3t-canary' } }),
  ],
  ['GET groups', ['view-users'], (c) => c.groups.find()],
  ['POST groups', ['manage-users'], (c) => c.groups.create({ name: fresh('made') })],
  ['GET groups/{id}', ['view-users'], (c) => c.groups.findOne({ id: ids.group })],
  ['PUT groups/{id}', ['manage-users'], (c) => c.groups.update({ id: ids.group }, { name: 'staff' })],
  [
    'DELETE groups/{id}',
    ['manage-users'],
    async (c) => c.groups.del(await owner.groups.create({ name: fresh('gone') })),
  ],
  ['GET groups/{id}/children', ['view-users'], (c) => c.groups.listSubGroups({ parentId: ids.group })],
  [
    'POST groups/{id}/children',
    ['manage-users'],
    (c) => c.groups.createChildGroup({ id: ids.group }, { name: fresh('made') }),
  ],
  ['GET groups/{id}/members', ['view-users'], (c) => c.groups.listMembers({ id: ids.group })],
  [
    'POST groups/{id}/role-mappings/realm',
    ['manage-users'],
    (c) => c.groups.addRealmRoleMappings({ id: ids.group, roles: role('realmRole') }),
  ],
  ['GET group-by-path', ['view-users'], (c) => c.realms.getGroupByPath({ realm, path: 'staff' })],
  ['GET roles', ['view-realm'], (c) => c.roles.find()],
  ['GET roles/{name}', ['view-realm'], (c) => c.roles.findOneByName({ name: 'editor' })],
  ['POST roles', ['manage-realm'], (c) => c.roles.create({ name: fresh('made') })],
  ['PUT roles/{name}', ['manage-realm'], (c) => c.roles.updateByName({ name: 'editor' }, { name: 'editor' })],
  [
    'GET roles/{name}/users',
    ['view-realm', 'view-users'],
    (c) => c.roles.findUsersWithRole({ name: 'editor' }),
  ],
  ['GET roles-by-id/{id}', ['view-realm'], (c) => c.roles.findOneById({ id: ids.realmRole })],
  ['GET roles-by-id/{id} of a client', ['view-clients'], (c) => c.roles.findOneById({ id: ids.clientRole })],
  [
    'PUT roles-by-id/{id}',
    ['manage-realm'],
    (c) => c.roles.updateById({ id: ids.realmRole }, { name: 'editor' }),
  ],
  [
    'PUT roles-by-id/{id} of a client',
    ['manage-clients'],
    (c) => c.roles.updateById({ id: ids.clientRole }, { name: 'keeper' }),
  ],
  [
    'POST roles-by-id/{id}/composites',
    ['manage-realm'],
    async (c) =>
      c.roles.createComposite({ roleId: ids.realmRole }, [
        { id: (await owner.roles.findOneByName({ name: 'reader' }))?.id ?? '', name: 'reader' },
      ]),
  ],
  [
    'POST roles-by-id/{id}/composites of a client with a role of the realm',
    ['manage-clients', 'manage-realm'],
    (c) => c.roles.createComposite({ roleId: ids.clientRole }, role('realmRole')),
  ],
  [
    'GET groups/{id}/role-mappings/clients/{id}',
    ['view-users', 'view-clients'],
    (c) => c.groups.listClientRoleMappings({ id: ids.group, clientUniqueId: ids.client }),
  ],
  [
    'GET roles-by-id/{id}/composites',
    ['view-realm'],
    (c) => c.roles.getCompositeRoles({ id: ids.realmRole }),
  ],
  ['GET clients', ['view-clients'], (c) => c.clients.find()],
  ['POST clients', ['manage-clients'], (c) => c.clients.create({ clientId: fresh('made') })],
  ['GET clients/{id}', ['view-clients'], (c) => c.clients.findOne({ id: ids.client })],
  ['PUT clients/{id}', ['manage-clients'], (c) => c.clients.update({ id: ids.client }, { clientId: 'app' })],
  ['GET clients/{id}/client-secret', ['view-clients'], (c) => c.clients.getClientSecret({ id: ids.client })],
  [
    'POST clients/{id}/client-secret',
    ['manage-clients'],
    (c) => c.clients.generateNewClientSecret({ id: ids.client }),
  ],
  ['GET clients/{id}/roles', ['view-clients'], (c) => c.clients.listRoles({ id: ids.client })],
  [
    'POST clients/{id}/roles',
    ['manage-clients'],
    (c) => c.clients.createRole({ id: ids.client, name: fresh('made') }),
  ],
  [
    'GET clients/{id}/roles/{name}/users',
    ['view-clients', 'view-users'],
    (c) => c.clients.findUsersWithRole({ id: ids.client, roleName: 'keeper' }),
  ],
  ['GET clients/{id}/user-sessions', ['view-clients'], (c) => c.clients.listSessions({ id: ids.client })],
  ['GET client-scopes', ['view-clients'], (c) => c.clientScopes.find()],
  [
    'DELETE default-default-client-scopes/{id}',
    ['manage-clients'],
    (c) => c.clientScopes.delDefaultClientScope({ id: ids.scope }),
  ],
  ['PUT realm', ['manage-realm'], (c) => c.realms.update({ realm }, { displayName: 'Shop' })],
  [
    'POST partialImport',
    ['manage-realm'],
    (c) => c.realms.partialImport({ realm, rep: { users: [] } as never }),
  ],
  ['GET events', ['view-events'], (c) => c.realms.findEvents({ realm })],
  ['GET admin-events', ['view-events'], (c) => c.realms.findAdminEvents({ realm })],
  ['GET events/config', ['view-events'], (c) => c.realms.getConfigEvents({ realm })],
  [
    'GET client-policies',
    ['view-realm'],
    (c) => c.clientPolicies.listPolicies({ includeGlobalPolicies: true }),
  ],
  ['GET authentication/flows', ['view-realm'], (c) => c.authenticationManagement.getFlows()],
  [
    'GET authentication/required-actions',
    ['view-realm'],
    (c) => c.authenticationManagement.getRequiredActions(),
  ],
]

describe('succeeds with exactly these roles; without one of them the error names all', () => {
  test.each(requests)('%s: %j', async (_, roles, request) => {
    await request((await account(roles)).client)
    for (const missing of roles) {
      // Any role of realm-management lets the account see that the realm is there.
      const rest = [...roles.filter((each) => each !== missing), 'view-identity-providers']
      const error = await caught(request((await account(rest)).client))
      expect(error.code).toBe('CW_ADMIN_FORBIDDEN')
      for (const each of roles) expect(error.hint).toMatch(new RegExp(`\\b${each}\\b.*realm-management`))
      expect(error.hint).toContain(`${realm}-realm`)
    }
  })
})

describe('the hint', () => {
  test.each<[string, string, RegExp | undefined]>([
    ['POST', '/admin/realms', /create-realm or admin of the realm master/],
    ['POST', realmPart('/users/1/impersonation'), /the role impersonation /],
    ['DELETE', realmPart('/sessions/1'), /the role manage-users /],
    [
      'POST',
      realmPart('/clients/1/roles/a/composites'),
      /the role manage-clients \(also manage-realm for a realm role\) /,
    ],
    [
      'POST',
      realmPart('/roles-by-id/1/composites'),
      /manage-realm \(for a client role: manage-clients; both for a composite/,
    ],
    ['GET', realmPart('/clients/1/evaluate-scopes/x'), /the roles view-clients and view-users /],
    ['GET', `/auth${realmPart('/users/')}`, /the role view-users .*shop-realm/],
    ['PUT', realmPart(''), /the role manage-realm /],
    ['GET', realmPart('/identity-provider/instances'), /the role view-identity-providers /],
    ['GET', realmPart('/userstories'), undefined],
    ['GET', '/admin/serverinfo', /a role of the client realm-management/],
  ])('%s %s', (method, path, hint) => {
    if (hint === undefined) expect(rolesHint(method, path)).toBeUndefined()
    else expect(rolesHint(method, path)).toMatch(hint)
  })
})
