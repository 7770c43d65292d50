import {
  describeChange,
  ensureRealm,
  planRealm,
  type RealmDefinition,
  type RealmSettings,
} from '@cloakwright/admin/realm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target

beforeAll(async () => {
  target = await openTarget()
})
beforeEach(() => target.proxy.reset())
afterAll(() => target.close())

const writes = ['POST', 'PUT', 'DELETE', 'PATCH']

/** Every kind of reference that a definition can have, to what is nowhere. */
const dangling = {
  browserFlow: 'gone',
  registrationFlow: 'gone too',
  roles: {
    realm: [
      {
        name: 'r1',
        composites: { realm: ['r1', 'gone'], client: { account: ['gone'], 'gone-client': ['x'] } },
      },
    ],
    client: { 'no-client': [{ name: 'x' }], a: [{ name: 'y', composites: { realm: ['gone'] } }] },
  },
  clients: [{ clientId: 'a', defaultClientScopes: ['gone'], optionalClientScopes: ['email', 'gone too'] }],
  groups: [
    { name: 'g', roles: { realm: ['gone'] }, subGroups: [{ name: 'h', roles: { client: { a: ['z'] } } }] },
  ],
  users: [
    {
      username: 'alice',
      roles: { realm: ['r1', 'gone'], client: { a: ['y', 'gone'] } },
      groups: ['/g/h', '/h'],
    },
  ],
  authenticationFlows: [
    {
      alias: 'login',
      executions: [
        { authenticator: 'gone', requirement: 'REQUIRED' },
        {
          flow: 'form',
          form: 'registration-page-form',
          requirement: 'REQUIRED',
          executions: [{ authenticator: 'auth-cookie', requirement: 'REQUIRED' }],
        },
      ],
    },
    {
      alias: 'by secret',
      provider: 'client-flow',
      executions: [{ authenticator: 'auth-cookie', requirement: 'ALTERNATIVE' }],
    },
  ],
  requiredActions: [{ alias: 'VERIFY_EMAIL' }, { alias: 'GONE' }],
} satisfies Omit<RealmDefinition, 'realm'>

const found = [
  '$.browserFlow: no authentication flow gone',
  '$.registrationFlow: no authentication flow gone too',
  '$.roles.realm[0].composites.realm[1]: no realm role gone',
  '$.roles.realm[0].composites.client.account[0]: no role gone of client account',
  '$.roles.realm[0].composites.client["gone-client"][0]: no role x of client gone-client',
  '$.roles.client["no-client"]: no client no-client',
  '$.roles.client.a[0].composites.realm[0]: no realm role gone',
  '$.clients[0].defaultClientScopes[0]: no client scope gone',
  '$.clients[0].optionalClientScopes[1]: no client scope gone too',
  '$.groups[0].roles.realm[0]: no realm role gone',
  '$.groups[0].subGroups[0].roles.client.a[0]: no role z of client a',
  '$.users[0].roles.realm[1]: no realm role gone',
  '$.users[0].roles.client.a[1]: no role gone of client a',
  '$.users[0].groups[1]: no group /h',
  '$.authenticationFlows[0].executions[0].authenticator: no authenticator gone',
  '$.authenticationFlows[0].executions[1].executions[0].authenticator: no form action auth-cookie',
  '$.authenticationFlows[1].executions[0].authenticator: no client authenticator auth-cookie',
  '$.requiredActions[1].alias: no required action GONE',
]

describe('references to what neither the definition nor the realm has', () => {
  test.each([
    ['of a realm that is not there', false],
    ['of a realm that is there', true],
  ])('%s are all named with their paths, and nothing is written', async (_, isThere) => {
    const realm = target.realmName()
    const admin = target.admin({ realm })
    if (isThere) await ensureRealm(admin, { realm })
    target.proxy.reset()

    for (const work of [planRealm, ensureRealm]) {
      const error = await caught(work(admin, { ...dangling, realm }))
      expect(error.code).toBe('CW_REALM_MISMATCH')
      expect(
        error.message
          .split('\n')
          .slice(1)
          .map((line) => line.trim()),
      ).toEqual(found)
      expect(error.hint).toContain('Nothing was changed')
    }

    expect(target.proxy.count(...writes)).toBe(0)
    expect((await admin.client.realms.findOne({ realm })) != null).toBe(isThere)
  })
})

test('references to what the realm has are taken, though the definition does not declare it', async () => {
  const realm = target.realmName()
  const admin = target.admin({ realm })
  const settings: RealmSettings = { browserFlow: 'browser', clientAuthenticationFlow: 'clients' }
  await ensureRealm(admin, {
    realm,
    roles: { realm: [{ name: 'editor' }], client: { app: [{ name: 'viewer' }] } },
    clientScopes: [{ name: 'orders' }],
    clients: [{ clientId: 'app' }],
    groups: [{ name: 'staff', subGroups: [{ name: 'night & day' }] }],
  })
  const roles = { realm: ['editor'], client: { app: ['viewer'], account: ['view-profile'] } }
  const changes = await ensureRealm(admin, {
    ...settings,
    realm,
    roles: { realm: [{ name: 'all', composites: roles }], client: { account: [{ name: 'more' }] } },
    clients: [{ clientId: 'web', optionalClientScopes: ['orders', 'address'] }],
    groups: [{ name: 'guests', roles }],
    users: [{ username: 'alice', roles, groups: ['/staff/night & day'] }],
    requiredActions: [{ alias: 'UPDATE_PASSWORD', enabled: true }],
  })
  expect(changes.map(describeChange)).toEqual([
    '+ realm role all',
    '+ client web',
    '+ client role account/more',
    '~ realm role all: composites.editor, composites.app/viewer, composites.account/view-profile',
    '+ group /guests',
    '+ user alice',
  ])
})

test('references of a new realm to what Keycloak makes with each realm are taken', async () => {
  const realm = `${target.realmName()}-New`
  const admin = target.admin({ realm })
  const definition: RealmDefinition = {
    realm,
    browserFlow: 'browser',
    roles: {
      realm: [
        {
          name: 'operator',
          composites: {
            realm: ['offline_access', `default-roles-${realm.toLowerCase()}`],
            client: { 'realm-management': ['manage-users'] },
          },
        },
      ],
    },
    clients: [{ clientId: 'app', optionalClientScopes: ['service_account'] }],
  }
  try {
    await ensureRealm(admin, definition)
    expect(await ensureRealm(admin, definition)).toEqual([])
  } finally {
    await target.admin().client.realms.del({ realm })
  }
})
