import type { Admin } from '@cloakwright/admin'
import {
  definitionFor,
  describeChange,
  ensureRealm,
  exportRealm,
  planRealm,
  type RealmDefinition,
} from '@cloakwright/admin/realm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let realm: string
let admin: Admin

const canary = 's3cr3t-canary'
const audience = {
  name: 'audience',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': 'app', 'access.token.claim': 'true' },
}

/** Something of every kind, in no order. */
const rich = (name: string): RealmDefinition => ({
  realm: name,
  displayName: 'Staging',
  accessTokenLifespan: 240,
  browserFlow: 'login',
  smtpServer: {
    host: 'mail.example.com',
    from: 'shop@example.com',
    auth: 'true',
    user: 'shop',
    password: canary,
  },
  roles: {
    realm: [
      { name: 'user' },
      {
        name: 'admin',
        attributes: { level: ['1'] },
        composites: { realm: ['user'], client: { app: ['editor'], 'realm-management': ['view-users'] } },
      },
    ],
    client: { app: [{ name: 'editor' }, { name: 'chief', composites: { client: { app: ['editor'] } } }] },
  },
  clientScopes: [{ name: 'orders', description: 'Orders', protocolMappers: [audience] }],
  clients: [
    { clientId: 'web', publicClient: true, redirectUris: ['https://b.example/*', 'https://a.example/*'] },
    {
      clientId: 'app',
      publicClient: false,
      secret: canary,
      attributes: { 'pkce.code.challenge.method': 'S256', 'client_credentials.use_refresh_token': 'false' },
      protocolMappers: [audience],
      optionalClientScopes: ['orders', 'email'],
    },
  ],
  groups: [
    {
      name: 'staff',
      attributes: { floor: ['2'] },
      subGroups: [{ name: 'editors', roles: { realm: ['user'] } }],
    },
    { name: 'guests' },
  ],
  users: [
    {
      username: 'alice',
      password: canary,
      email: 'alice@example.com',
      firstName: 'Alice',
      lastName: 'Liddell',
      roles: { realm: ['admin'], client: { app: ['editor'] } },
      groups: ['/staff/editors'],
    },
  ],
  authenticationFlows: [
    {
      alias: 'login',
      description: 'Password, and a code for administrators',
      executions: [
        { authenticator: 'auth-cookie', requirement: 'ALTERNATIVE' },
        {
          flow: 'login forms',
          requirement: 'ALTERNATIVE',
          executions: [
            { authenticator: 'auth-username-password-form', requirement: 'REQUIRED' },
            {
              flow: 'login code',
              requirement: 'CONDITIONAL',
              executions: [
                {
                  authenticator: 'conditional-user-role',
                  requirement: 'REQUIRED',
                  config: { alias: 'administrators', config: { condUserRole: 'admin' } },
                },
                { authenticator: 'auth-otp-form', requirement: 'REQUIRED' },
              ],
            },
          ],
        },
      ],
    },
    {
      alias: 'join',
      executions: [
        {
          flow: 'join form',
          form: 'registration-page-form',
          requirement: 'REQUIRED',
          executions: [{ authenticator: 'registration-user-creation', requirement: 'REQUIRED' }],
        },
      ],
    },
    {
      alias: 'by secret',
      provider: 'client-flow',
      executions: [{ authenticator: 'client-secret', requirement: 'ALTERNATIVE' }],
    },
  ],
  requiredActions: [{ alias: 'VERIFY_EMAIL', defaultAction: true }],
})

beforeAll(async () => {
  target = await openTarget()
  realm = target.realmName()
  admin = target.admin({ realm })
  await ensureRealm(admin, rich(realm))
  await admin.client.groups.create({ name: 'a/b' })
})
beforeEach(() => target.proxy.reset())
afterAll(() => target.close())

test('a plan of an export against its own realm is empty, with users and without', async () => {
  for (const users of [false, true]) {
    const { definition } = await exportRealm(admin, realm, { users })
    expect((await planRealm(admin, definition)).details).toEqual([])
    expect(definition.users?.map(({ username }) => username)).toEqual(users ? ['alice'] : undefined)
  }
  expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
})

test('the same realm gives the same text, as JSON gives it back; without secrets, and with what is left out', async () => {
  const [one, two] = [await exportRealm(admin, realm), await exportRealm(admin, realm)]
  const text = JSON.stringify(one.definition)
  expect(JSON.stringify(two.definition)).toBe(text)
  expect([text.includes(canary), text.includes('**********')]).toEqual([false, false])
  expect(one.leftOut).toEqual(
    expect.arrayContaining([
      `realm ${realm}: smtpServer.password (may be a secret)`,
      'client app: secret',
      'group /a/b: group.name must not contain a slash; nest the group in subGroups',
    ]),
  )
  expect(one.leftOut.join('\n')).not.toContain(canary)

  const { clients, groups, authenticationFlows, roles } = one.definition
  expect(clients?.find(({ clientId }) => clientId === 'web')?.redirectUris).toEqual([
    'https://a.example/*',
    'https://b.example/*',
  ])
  expect(groups?.map(({ name }) => name)).toEqual(['guests', 'staff'])
  expect(roles?.realm?.find(({ name }) => name === 'admin')?.composites).toEqual({
    realm: ['user'],
    client: { app: ['editor'], 'realm-management': ['view-users'] },
  })
  const declared = rich(realm).authenticationFlows ?? []
  for (const flow of declared)
    expect(authenticationFlows?.find(({ alias }) => alias === flow.alias)).toEqual(flow)
})

test('applied to a realm of another name, it makes the same realm; what differs then is the plan', async () => {
  const production = target.realmName()
  const { definition } = await exportRealm(admin, realm)
  const wanted = definitionFor(production, JSON.parse(JSON.stringify(definition)) as RealmDefinition)
  await ensureRealm(admin, wanted)
  expect((await planRealm(admin, wanted)).changes).toEqual([])
  const copy = definitionFor(realm, (await exportRealm(admin, production)).definition)
  for (const kind of ['roles', 'clientScopes', 'groups', 'authenticationFlows', 'requiredActions'] as const)
    expect(copy[kind]).toEqual(definition[kind])
  expect(copy.clients?.find(({ clientId }) => clientId === 'account')?.baseUrl).toBe(
    `/realms/${realm}/account/`,
  )

  const { client } = admin
  await client.realms.update({ realm: production }, { accessTokenLifespan: 60 })
  const [app] = await client.clients.find({ realm: production, clientId: 'app' })
  const email = (await client.clientScopes.find({ realm: production })).find(({ name }) => name === 'email')
  const at = { realm: production, id: app?.id ?? '', clientScopeId: email?.id ?? '' }
  await client.clients.delOptionalClientScope(at)
  await client.clients.addDefaultClientScope(at)
  const cookie = (
    await client.authenticationManagement.getExecutions({ realm: production, flow: 'browser' })
  ).find(({ providerId }) => providerId === 'auth-cookie')
  await client.authenticationManagement.updateExecution(
    { realm: production, flow: 'browser' },
    { ...cookie, requirement: 'DISABLED' },
  )

  expect((await planRealm(admin, wanted)).details).toMatchObject([
    { kind: 'realm', before: { accessTokenLifespan: 60 }, after: { accessTokenLifespan: 240 } },
    { kind: 'client', name: 'app', fields: ['optionalClientScopes.email'] },
    {
      kind: 'authentication flow',
      before: { 'auth-cookie.requirement': 'DISABLED' },
      after: { 'auth-cookie.requirement': 'ALTERNATIVE' },
    },
  ])
  expect((await ensureRealm(admin, wanted)).map(describeChange)).toHaveLength(3)
  expect((await planRealm(admin, wanted)).changes).toEqual([])
})

test('a realm that is not there has no export', async () => {
  const error = await caught(exportRealm(admin, 'no-such-realm'))
  expect(error).toMatchObject({ code: 'CW_ADMIN_NOT_FOUND', message: 'There is no realm no-such-realm' })
})
