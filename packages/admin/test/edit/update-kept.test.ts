import {
  type ClientEdit,
  ensureUser,
  findUser,
  type GroupEdit,
  type RealmEdit,
  type RoleEdit,
  type UserEdit,
  updateClient,
  updateGroup,
  updateRealm,
  updateRole,
  updateUser,
} from '@cloakwright/admin'
import { ensureRealm } from '@cloakwright/admin/realm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { openTaskRealm, type TaskRealm } from '../support/realm.ts'
import { openTarget, type Target } from '../support/target.ts'

// Keycloak responds 204 to a PUT also where it ignores a field: no such change is reported or recorded.

let target: Target
let of: TaskRealm

beforeAll(async () => {
  target = await openTarget()
  of = await openTaskRealm(target)
  await ensureUser(of.admin, { username: 'alice', email: 'alice@example.org', firstName: 'A', lastName: 'B' })
})
beforeEach(() => {
  target.proxy.reset()
  of.recorded()
})
afterAll(() => target.close())

const update = {
  user: (edit: object) => updateUser(of.admin, 'alice', edit),
  group: (edit: object) => updateGroup(of.admin, '/guests', edit),
  'realm role': (edit: object) => updateRole(of.admin, { name: 'auditor' }, edit),
  client: (edit: object) => updateClient(of.admin, 'shop-api', edit),
  realm: (edit: object) => updateRealm(of.admin, edit),
}
type Kind = keyof typeof update

describe('a field that a PUT ignores is refused before anything is written', () => {
  test.each<[Kind, string, unknown, string]>([
    ['user', 'id', 'x', 'only Keycloak sets it'],
    ['user', 'createdTimestamp', 5, 'only Keycloak sets it'],
    ['user', 'groups', ['/staff'], 'use addToGroups, removeFromGroups, setGroups'],
    ['user', 'groups', [], 'use addToGroups, removeFromGroups, setGroups'],
    ['user', 'realmRoles', ['user'], 'use grantRoles, revokeRoles'],
    ['user', 'clientRoles', { 'shop-api': ['editor'] }, 'use grantRoles, revokeRoles'],
    ['user', 'federatedIdentities', [{ identityProvider: 'x' }], 'addToFederatedIdentity'],
    ['user', 'federationLink', 'x', 'only Keycloak sets it'],
    ['user', 'notBefore', 5, 'use endSessions'],
    ['user', 'totp', true, 'use requireMfa'],
    ['user', 'clientConsents', [{ clientId: 'shop-api' }], 'revokeConsent'],
    ['user', 'access', { manage: false }, 'only Keycloak sets it'],
    ['group', 'path', '/staff/guests', 'use moveGroup'],
    ['group', 'parentId', 'x', 'use moveGroup'],
    ['group', 'realmRoles', ['user'], 'use ensureGroup with roles'],
    ['group', 'clientRoles', { 'shop-api': ['editor'] }, 'use ensureGroup with roles'],
    ['group', 'subGroups', [{ name: 'x' }], 'use ensureGroup'],
    ['realm role', 'composites', { realm: ['user'] }, 'use ensureRole with composites'],
    ['realm role', 'composite', true, 'use ensureRole with composites'],
    ['realm role', 'containerId', 'x', 'only Keycloak sets it'],
    ['client', 'defaultClientScopes', ['email'], 'addDefaultClientScope'],
    ['client', 'optionalClientScopes', [], 'addOptionalClientScope'],
    ['client', 'defaultRoles', ['x'], 'use ensureRole with composites'],
    ['client', 'registrationAccessToken', 'canary', 'generateRegistrationAccessToken'],
    ['client', 'authorizationSettings', {}, 'importResource'],
    ['realm', 'users', [{ username: 'zed' }], 'use ensureUser, importUsers'],
    ['realm', 'roles', { realm: [{ name: 'x' }] }, 'use ensureRole, ensureRealm'],
    ['realm', 'groups', [{ name: 'x' }], 'use ensureGroup, ensureRealm'],
    ['realm', 'clients', [], 'use ensureRealm'],
    ['realm', 'requiredActions', [{ alias: 'x' }], 'use ensureRealm'],
    ['realm', 'identityProviders', [{ alias: 'x' }], 'identityProviders.create'],
    ['realm', 'defaultRole', { name: 'user' }, 'use ensureRole with composites'],
    ['realm', 'localizationTexts', { de: { a: 'b' } }, 'addLocalization'],
    ['realm', 'otpSupportedApplications', ['x'], 'only Keycloak sets it'],
  ])('%s %s', async (kind, field, value, hint) => {
    for (const edit of [{ [field]: value }, { description: 'x', [field]: value }]) {
      const error = await caught(update[kind](edit))
      expect(error).toMatchObject({
        code: 'CW_ADMIN_REFUSED',
        message: `An update cannot change ${field} of a ${kind}; nothing was written`,
      })
      expect(error.hint).toContain(`${field}: `)
      expect(error.hint).toContain(hint)
    }
    expect(target.proxy.count('PUT')).toBe(0)
    expect(of.recorded()).toEqual([])
  })

  test('but is accepted unchanged in an edited copy', async () => {
    const user = (await findUser(of.admin, 'alice')) ?? {}
    expect(user).toHaveProperty('createdTimestamp')
    expect((await updateUser(of.admin, 'alice', { ...user, lastName: 'C' }))[0]?.fields).toEqual(['lastName'])

    const [client = {}] = await of.admin.client.clients.find({ clientId: 'shop-api' })
    expect(await updateClient(of.admin, 'shop-api', client)).toEqual([])
    expect(await updateClient(of.admin, 'shop-api', (current) => current)).toEqual([])
    expect(await updateRealm(of.admin, (current) => current)).toEqual([])
    expect(await updateGroup(of.admin, '/guests', (current) => current)).toEqual([])
    expect(await updateRole(of.admin, { name: 'auditor' }, (current) => current)).toEqual([])
  })

  test('and credentials are only added', async () => {
    for (const credentials of [[], null])
      expect((await caught(update.user({ credentials }))).hint).toContain('deleteCredential')
  })

  test('by the types too', () => {
    expectTypeOf<UserEdit>().not.toHaveProperty('realmRoles')
    expectTypeOf<UserEdit>().toHaveProperty('requiredActions')
    expectTypeOf<GroupEdit>().not.toHaveProperty('subGroups')
    expectTypeOf<RoleEdit>().not.toHaveProperty('composites')
    expectTypeOf<ClientEdit>().not.toHaveProperty('defaultClientScopes')
    expectTypeOf<RealmEdit>().not.toHaveProperty('users')
    // @ts-expect-error -- roles have tasks of their own
    void (() => updateUser(of.admin, 'alice', { enabled: true, realmRoles: ['user'] }))
    // @ts-expect-error -- a realm's users are no setting of it
    void (() => updateRealm(of.admin, { displayName: 'Shop', users: [] }))
  })
})

describe('a saved change is reported once', () => {
  const mapper = (value: string) => ({
    name: 'shop',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-hardcoded-claim-mapper',
    config: { 'claim.name': 'shop', 'claim.value': value, 'jsonType.label': 'String' },
  })

  test.each<[Kind, string, object, string[]?]>([
    ['user', 'an attribute that is a number', { attributes: { level: 5 } }, ['attributes.level']],
    ['user', 'required actions in any order', { requiredActions: ['VERIFY_EMAIL', 'UPDATE_PASSWORD'] }],
    ['client', 'an attribute that is false', { attributes: { flag: false } }, ['attributes.flag']],
    ['client', 'mappers, which get an id', { protocolMappers: [mapper('a')] }],
    ['client', 'mappers again', { protocolMappers: [mapper('b')] }],
    ['client', 'a node', { registeredNodes: { 'node.example': 5 } }, ['registeredNodes.node.example']],
    [
      'realm',
      'a mail server by a number',
      { smtpServer: { from: 'shop@example.org', port: 587, auth: false } },
      ['smtpServer.from', 'smtpServer.port', 'smtpServer.auth'],
    ],
    [
      'realm',
      'a header',
      { browserSecurityHeaders: { xFrameOptions: 'DENY' } },
      ['browserSecurityHeaders.xFrameOptions'],
    ],
    [
      'realm',
      'no header',
      { browserSecurityHeaders: { xFrameOptions: null } },
      ['browserSecurityHeaders.xFrameOptions'],
    ],
    ['realm', 'default groups', { defaultGroups: ['/guests'] }],
    ['realm', 'no default groups', { defaultGroups: null }],
    ['realm', 'one field of the WebAuthn policy', { webAuthnPolicyCreateTimeout: 90 }],
    [
      'realm',
      'one of the policy for passkeys',
      { webAuthnPolicyPasswordlessUserVerificationRequirement: 'preferred' },
    ],
    [
      'realm',
      'client policies, which get defaults',
      { clientPolicies: { policies: [{ name: 'strict' }] } },
      ['clientPolicies.policies'],
    ],
    ['realm', 'what is an attribute too', { clientSessionIdleTimeout: 70, attributes: { one: '1' } }],
    ['realm', 'the same again', { clientSessionIdleTimeout: 80, attributes: { one: '2' } }],
  ])(
    '%s: %s',
    async (kind, _what, edit, fields = Object.keys(edit).map((field) =>
      field === 'attributes' ? 'attributes.one' : field,
    )) => {
      expect((await update[kind](edit))[0]?.fields).toEqual(fields)
      expect(await update[kind](edit)).toEqual([])
      expect(of.recorded()).toHaveLength(1)
    },
  )

  test('a flow of a client, and none', async () => {
    const { authenticationManagement } = of.admin.client
    const flow = { alias: 'own', providerId: 'basic-flow', topLevel: true, builtIn: false }
    const { id } = (await authenticationManagement.createFlow(flow)) as unknown as { id: string }
    for (const browser of [id, null]) {
      const edit = { authenticationFlowBindingOverrides: { browser } }
      expect((await update.client(edit))[0]?.fields).toEqual(['authenticationFlowBindingOverrides.browser'])
      expect(await update.client(edit)).toEqual([])
    }
  })
})

describe('an update of one setting of the realm resets no other', () => {
  const others = {
    oauth2DeviceCodeLifespan: 700,
    oauth2DevicePollingInterval: 7,
    attributes: { cibaExpiresIn: '130', parRequestUriLifespan: '70' },
  }
  test.each<[string, RealmEdit]>([
    ['a name', { displayName: 'Shop' }],
    ['an attribute', { attributes: { two: '2' } }],
    ['a lifespan', { accessTokenLifespan: 70 }],
  ])('%s', async (_what, edit) => {
    await updateRealm(of.admin, others)
    await updateRealm(of.admin, edit)
    expect(await of.admin.client.realms.findOne({ realm: of.realm })).toMatchObject(others)
  })

  test('nor does a realm that is applied', async () => {
    await updateRealm(of.admin, others)
    await ensureRealm(of.admin, { realm: of.realm, displayName: 'Applied' })
    expect(await of.admin.client.realms.findOne({ realm: of.realm })).toMatchObject(others)
  })

  test('nor the rest of a policy', async () => {
    await updateRealm(of.admin, { webAuthnPolicyExtraOrigins: ['https://shop.example'] } as RealmEdit)
    await updateRealm(of.admin, { webAuthnPolicyRpEntityName: 'Shop' } as RealmEdit)
    expect(await of.admin.client.realms.findOne({ realm: of.realm })).toMatchObject({
      webAuthnPolicyExtraOrigins: ['https://shop.example'],
      webAuthnPolicyRpEntityName: 'Shop',
    })
  })
})

describe('a change that Keycloak did not save is an error, and only saved changes are recorded', () => {
  afterEach(async () => {
    target.proxy.reset()
    await updateClient(of.admin, 'shop-api', { publicClient: false })
  })

  test('a secret of a public client', async () => {
    const error = await caught(update.client({ publicClient: true, secret: 'canary' }))
    expect(error).toMatchObject({
      code: 'CW_ADMIN_REFUSED',
      message: 'Keycloak did not save secret of client shop-api',
    })
    expect(error.hint).toContain('a public client has no secret')
    // The old one is gone.
    expect(of.recorded()).toMatchObject([{ fields: ['publicClient', 'secret'] }])
  })

  test('a part of a list: the trail has the part that was kept', async () => {
    await updateUser(of.admin, 'alice', { requiredActions: [] })
    of.recorded()
    const error = await caught(update.user({ requiredActions: ['NO_SUCH_ACTION', 'VERIFY_EMAIL'] }))
    expect(error.message).toBe('Keycloak did not save requiredActions of user alice')
    expect(of.recorded()).toMatchObject([
      { fields: ['requiredActions'], after: { requiredActions: ['VERIFY_EMAIL'] } },
    ])
  })

  test('a node that a client no longer has, for nodes are only added', async () => {
    await updateClient(of.admin, 'shop-api', { registeredNodes: { old: 1 } })
    of.recorded()
    const error = await caught(update.client({ registeredNodes: { old: null } }))
    expect(error.message).toBe('Keycloak did not save registeredNodes.old of client shop-api')
    expect(of.recorded()).toEqual([])
  })

  test('a user name, where the e-mail address is the user name', async () => {
    await updateRealm(of.admin, { registrationEmailAsUsername: true, editUsernameAllowed: true })
    await ensureUser(of.admin, { username: 'bob@example.org', email: 'bob@example.org' })
    of.recorded()
    const error = await caught(updateUser(of.admin, 'bob@example.org', { username: 'bobby' }))
    expect(error.message).toBe('Keycloak did not save username of user bob@example.org')
    expect(of.recorded()).toEqual([])
    await updateRealm(of.admin, { registrationEmailAsUsername: false })
  })

  test('where it cannot be read again, Keycloak’s answer is recorded before the failure is thrown', async () => {
    const { id = '' } = (await findUser(of.admin, 'alice')) ?? {}
    const error = await caught(
      updateUser(of.admin, { id }, () => {
        target.proxy.fail('GET', id, { status: 403 })
        return { firstName: 'Anew' }
      }),
    )
    expect(error.code).toBe('CW_ADMIN_FORBIDDEN')
    expect(of.recorded()).toMatchObject([{ fields: ['firstName'] }])
  })
})

test('a realm that is renamed is read by its new name', async () => {
  const realm = target.realmName()
  const renamed = target.realmName()
  const admin = target.admin({ realm })
  await admin.client.realms.create({ realm, enabled: true })
  expect(await updateRealm(admin, { realm: renamed })).toMatchObject([{ fields: ['realm'] }])
})
