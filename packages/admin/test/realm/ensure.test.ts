import { inspect } from 'node:util'
import type { Admin } from '@cloakwright/admin'
import {
  applyPlan,
  describeChange,
  ensureRealm,
  planRealm,
  type RealmDefinition,
} from '@cloakwright/admin/realm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readRealm } from '../../src/realm/plan.ts'
import { caught } from '../support/caught.ts'
import { openTarget, type Target } from '../support/target.ts'

const writes = ['POST', 'PUT', 'DELETE', 'PATCH']

let target: Target

beforeAll(async () => {
  target = await openTarget()
})
beforeEach(() => target.proxy.reset())
afterAll(() => target.close())

/** A definition with something of every kind that a service needs. */
function shop(realm: string): RealmDefinition {
  return {
    realm,
    displayName: 'Shop',
    accessTokenLifespan: 240,
    roles: {
      realm: [
        { name: 'user' },
        {
          name: 'admin',
          description: 'Everything',
          composites: { realm: ['user'], client: { 'shop-api': ['editor'] } },
        },
      ],
      client: { 'shop-api': [{ name: 'editor', description: 'Edits' }] },
    },
    clientScopes: [{ name: 'orders', description: 'Orders', protocolMappers: [audience('shop-api')] }],
    clients: [
      {
        clientId: 'shop-api',
        secret: 'secret-of-the-shop',
        publicClient: false,
        directAccessGrantsEnabled: true,
        redirectUris: ['https://shop.example.com/auth/callback'],
        attributes: { 'pkce.code.challenge.method': 'S256' },
        protocolMappers: [audience('shop-api')],
        optionalClientScopes: ['orders'],
      },
    ],
    groups: [
      {
        name: 'staff',
        attributes: { floor: ['2'] },
        subGroups: [{ name: 'editors', roles: { realm: ['user'], client: { 'shop-api': ['editor'] } } }],
      },
    ],
    users: [
      {
        username: 'alice',
        password: 'wonderland',
        email: 'alice@example.com',
        firstName: 'Alice',
        lastName: 'Liddell',
        roles: { realm: ['admin'], client: { 'shop-api': ['editor'] } },
        groups: ['/staff/editors'],
      },
    ],
  }
}

function audience(clientId: string): {
  name: string
  protocolMapper: string
  config: Record<string, string>
} {
  return {
    name: 'audience',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': clientId, 'access.token.claim': 'true' },
  }
}

async function applied(): Promise<{ admin: Admin; realm: string; definition: RealmDefinition }> {
  const realm = target.realmName()
  const admin = target.admin({ realm })
  const definition = shop(realm)
  await ensureRealm(admin, definition)
  target.proxy.reset()
  return { admin, realm, definition }
}

async function lines(admin: Admin, definition: RealmDefinition): Promise<string[]> {
  return (await ensureRealm(admin, definition)).map(describeChange)
}

describe('a realm that is not there', () => {
  test('is planned without a single write, and then made', async () => {
    const realm = target.realmName()
    const admin = target.admin({ realm })
    const definition = shop(realm)

    const plan = await planRealm(admin, definition)
    expect(target.proxy.count(...writes)).toBe(0)

    const changes = await applyPlan(admin, plan)
    expect(changes.map(describeChange)).toEqual([
      `+ realm ${realm}`,
      '+ realm role user',
      '+ realm role admin',
      '+ client scope orders',
      '+ client shop-api',
      '+ client role shop-api/editor',
      '~ realm role admin: composites.user, composites.shop-api/editor',
      '+ group /staff',
      '+ group /staff/editors',
      '+ user alice',
    ])
    expect(changes).toEqual(plan.changes)
  })

  test('gives tokens as defined', async () => {
    const { realm } = await applied()

    const claims = await login(realm, 'wonderland')

    expect([claims.aud].flat()).toContain('shop-api')
    expect(claims.realm_access.roles).toEqual(expect.arrayContaining(['admin', 'user']))
    expect(claims.resource_access['shop-api'].roles).toEqual(['editor'])
    expect(claims.exp - claims.iat).toBe(240)
  })
})

test('a realm that matches its definition is read, and not written to', async () => {
  const { admin, definition } = await applied()

  expect(await ensureRealm(admin, definition)).toEqual([])

  expect(target.proxy.count(...writes)).toBe(0)
  expect(target.proxy.count('GET')).toBeGreaterThan(0)
})

describe('drift is reverted and named', () => {
  test.each<{ what: string; drift: (at: { admin: Admin; realm: string }) => Promise<unknown>; says: string }>(
    [
      {
        what: 'a setting of the realm',
        drift: ({ admin, realm }) => admin.client.realms.update({ realm }, { accessTokenLifespan: 3600 }),
        says: '~ realm {realm}: accessTokenLifespan',
      },
      {
        what: "a role's description",
        drift: async ({ admin }) =>
          admin.client.roles.updateByName({ name: 'admin' }, { name: 'admin', description: 'Nothing' }),
        says: '~ realm role admin: description',
      },
      {
        what: 'a role that was removed from a composite',
        drift: async ({ admin }) => {
          const [composite, role] = await Promise.all(
            ['admin', 'user'].map((name) => admin.client.roles.findOneByName({ name })),
          )
          await admin.client.roles.delCompositeRoles({ id: composite?.id ?? '' }, [
            { id: role?.id ?? '', name: 'user' },
          ])
        },
        says: '~ realm role admin: composites.user',
      },
      {
        what: 'the redirect URIs, with one more',
        drift: async ({ admin }) =>
          updateClient(admin, {
            redirectUris: ['https://shop.example.com/auth/callback', 'https://evil.example/*'],
          }),
        says: '~ client shop-api: redirectUris',
      },
      {
        what: 'an attribute of a client',
        drift: async ({ admin }) =>
          updateClient(admin, { attributes: { 'pkce.code.challenge.method': 'plain' } }),
        says: '~ client shop-api: attributes.pkce.code.challenge.method',
      },
      {
        what: "a client's secret",
        drift: async ({ admin }) =>
          admin.client.clients.generateNewClientSecret({ id: await clientUuid(admin) }),
        says: '~ client shop-api: secret',
      },
      {
        what: "a mapper's setting",
        drift: async ({ admin }) => {
          const id = await clientUuid(admin)
          const [mapper] = await admin.client.clients.listProtocolMappers({ id })
          const config = { ...mapper?.config, 'included.client.audience': 'account' }
          await admin.client.clients.updateProtocolMapper(
            { id, mapperId: mapper?.id ?? '' },
            { ...mapper, config },
          )
        },
        says: '~ client shop-api: protocolMappers.audience.config.included.client.audience',
      },
      {
        what: 'a mapper that is gone',
        drift: async ({ admin }) => {
          const id = await clientUuid(admin)
          const [mapper] = await admin.client.clients.listProtocolMappers({ id })
          await admin.client.clients.delProtocolMapper({ id, mapperId: mapper?.id ?? '' })
        },
        says: '~ client shop-api: protocolMappers.audience',
      },
      {
        what: 'a scope that a client lost',
        drift: async ({ admin }) => {
          const scope = await admin.client.clientScopes.findOneByName({ name: 'orders' })
          await admin.client.clients.delOptionalClientScope({
            id: await clientUuid(admin),
            clientScopeId: scope?.id ?? '',
          })
        },
        says: '~ client shop-api: optionalClientScopes.orders',
      },
      {
        what: 'an attribute of a group',
        drift: async ({ admin }) => {
          const [group] = await admin.client.groups.find({ search: 'staff', exact: true })
          await admin.client.groups.update(
            { id: group?.id ?? '' },
            { name: 'staff', attributes: { floor: ['3'] } },
          )
        },
        says: '~ group /staff: attributes.floor',
      },
      {
        what: 'a group that is gone, with the groups in it',
        drift: async ({ admin }) => {
          const [group] = await admin.client.groups.find({ search: 'staff', exact: true })
          await admin.client.groups.del({ id: group?.id ?? '' })
        },
        says: '+ group /staff | + group /staff/editors | ~ user alice: groups/staff/editors',
      },
      {
        what: "a user's name",
        drift: async ({ admin }) =>
          admin.client.users.update(
            { id: await userId(admin) },
            { ...(await alice(admin)), lastName: 'Hargreaves' },
          ),
        says: '~ user alice: lastName',
      },
      {
        what: 'a role that was taken from a user',
        drift: async ({ admin }) => {
          const role = await admin.client.roles.findOneByName({ name: 'admin' })
          await admin.client.users.delRealmRoleMappings({
            id: await userId(admin),
            roles: [{ id: role?.id ?? '', name: 'admin' }],
          })
        },
        says: '~ user alice: roles.admin',
      },
      {
        what: 'a user without a password',
        drift: async ({ admin }) => {
          const id = await userId(admin)
          const [credential] = await admin.client.users.getCredentials({ id })
          await admin.client.users.deleteCredential({ id, credentialId: credential?.id ?? '' })
        },
        says: '~ user alice: password',
      },
    ],
  )('$what', async ({ drift, says }) => {
    const { admin, realm, definition } = await applied()
    await drift({ admin, realm })

    expect((await lines(admin, definition)).join(' | ')).toBe(says.replace('{realm}', realm))

    target.proxy.reset()
    expect(await lines(admin, definition)).toEqual([])
    expect(target.proxy.count(...writes)).toBe(0)
    await login(realm, 'wonderland')
  })
})

describe('undeclared objects are left unchanged', () => {
  test('attributes, mappers, roles, scopes and fields that someone added', async () => {
    const { admin, realm, definition } = await applied()
    const { client } = admin
    await updateClient(admin, {
      description: 'kept',
      attributes: { 'pkce.code.challenge.method': 'plain', 'access.token.lifespan': '60' },
    })
    await client.clients.addProtocolMapper(
      { id: await clientUuid(admin) },
      { ...audience('account'), name: 'added', protocol: 'openid-connect' },
    )
    await client.realms.update({ realm }, { accessTokenLifespan: 1, ssoSessionIdleTimeout: 77 })
    const { id: roleId } = { id: await createRole(admin, 'added') }
    await client.users.addRealmRoleMappings({
      id: await userId(admin),
      roles: [{ id: roleId, name: 'added' }],
    })

    expect(await lines(admin, definition)).toEqual([
      `~ realm ${realm}: accessTokenLifespan`,
      '~ client shop-api: attributes.pkce.code.challenge.method',
    ])

    const [now] = await client.clients.find({ clientId: 'shop-api' })
    expect(now?.attributes).toMatchObject({
      'pkce.code.challenge.method': 'S256',
      'access.token.lifespan': '60',
    })
    expect(now?.description).toBe('kept')
    expect(now?.protocolMappers?.map(({ name }) => name).toSorted()).toEqual(['added', 'audience'])
    expect(now?.defaultClientScopes).toEqual(expect.arrayContaining(['basic', 'profile', 'roles']))
    expect((await client.realms.findOne({ realm }))?.ssoSessionIdleTimeout).toBe(77)
    const roles = await client.users.listRealmRoleMappings({ id: await userId(admin) })
    expect(roles.map(({ name }) => name)).toEqual(expect.arrayContaining(['admin', 'added']))
  })

  test('the password that a user has chosen', async () => {
    const { admin, realm, definition } = await applied()
    const credential = { type: 'password', value: 'my own password', temporary: false }
    await admin.client.users.resetPassword({ id: await userId(admin), credential })

    expect(await lines(admin, definition)).toEqual([])

    await login(realm, 'my own password')
  })

  test("the client's secret, where the definition has none", async () => {
    const { admin, realm, definition } = await applied()
    const [{ secret: _, ...client } = { clientId: '' }] = definition.clients ?? []

    expect(await lines(admin, { ...definition, clients: [{ ...client, description: 'changed' }] })).toEqual([
      '~ client shop-api: description',
    ])

    await login(realm, 'wonderland')
  })

  test('everything, by a definition that has only a name', async () => {
    const { admin, realm } = await applied()

    expect(await ensureRealm(admin, { realm })).toEqual([])
    expect(target.proxy.count(...writes)).toBe(0)
  })
})

test('a realm comes with objects of its own: a definition that names them updates them', async () => {
  const realm = target.realmName()
  const definition: RealmDefinition = {
    realm,
    clients: [{ clientId: 'admin-cli', directAccessGrantsEnabled: false }],
  }

  expect(await lines(target.admin({ realm }), definition)).toEqual([
    `+ realm ${realm}`,
    '~ client admin-cli: directAccessGrantsEnabled',
  ])
})

test('a one-time password policy is merged into the one that is there: what is left out of it would become 0', async () => {
  const realm = target.realmName()
  const admin = target.admin({ realm })
  const policy = async (): Promise<unknown> => {
    const { otpPolicyType, otpPolicyDigits, otpPolicyPeriod, otpPolicyAlgorithm } =
      (await admin.client.realms.findOne({ realm })) ?? {}
    return { otpPolicyType, otpPolicyDigits, otpPolicyPeriod, otpPolicyAlgorithm }
  }

  await ensureRealm(admin, { realm, otpPolicyType: 'totp', otpPolicyDigits: 8 })
  expect(await policy()).toEqual({
    otpPolicyType: 'totp',
    otpPolicyDigits: 8,
    otpPolicyPeriod: 30,
    otpPolicyAlgorithm: 'HmacSHA1',
  })

  await ensureRealm(admin, { realm, otpPolicyAlgorithm: 'HmacSHA256' })
  expect(await policy()).toEqual({
    otpPolicyType: 'totp',
    otpPolicyDigits: 8,
    otpPolicyPeriod: 30,
    otpPolicyAlgorithm: 'HmacSHA256',
  })
})

test('names of prototypes are names like any other', async () => {
  const realm = target.realmName()
  const admin = target.admin({ realm })
  const names = ['constructor', 'toString']
  const definition: RealmDefinition = {
    realm,
    roles: { realm: names.map((name) => ({ name })), client: { constructor: [{ name: 'valueOf' }] } },
    clients: [{ clientId: 'constructor', attributes: { hasOwnProperty: 'x' } }],
    groups: [
      {
        name: 'constructor',
        attributes: { toString: ['x'] },
        roles: { realm: names, client: { constructor: ['valueOf'] } },
      },
    ],
  }

  await ensureRealm(admin, definition)
  expect(await ensureRealm(admin, definition)).toEqual([])

  const [group] = await admin.client.groups.find({ briefRepresentation: false })
  expect(group?.realmRoles?.toSorted()).toEqual(names)
  await admin.client.groups.delClientRoleMappings(await mapping(admin, group?.id ?? ''))
  expect(await lines(admin, definition)).toEqual(['~ group /constructor: roles.constructor/valueOf'])
})

test('an interrupted apply is resumed, however it was interrupted', async () => {
  const realm = target.realmName()
  const admin = target.admin({ realm })
  target.proxy.fail('POST', '/roles', 'reset after')
  expect((await caught(ensureRealm(admin, shop(realm)))).code).toBe('CW_ADMIN_UNAVAILABLE')
  target.proxy.fail('POST', '/clients', 'reset')
  expect((await caught(ensureRealm(admin, shop(realm)))).code).toBe('CW_ADMIN_UNAVAILABLE')

  expect(await lines(admin, shop(realm))).not.toContain('+ realm role user')

  expect(await ensureRealm(admin, shop(realm))).toEqual([])
})

test('an invalid definition is refused before anything is sent', async () => {
  const definition = { realm: 'shop', clints: [] } as unknown as RealmDefinition

  expect((await caught(ensureRealm(target.admin(), definition))).code).toBe('CW_REALM_INVALID')

  expect(target.proxy.seen).toEqual([])
})

test('neither a plan nor what was read shows a password or a secret, whatever prints it', async () => {
  const { admin, definition } = await applied()
  const plan = await planRealm(admin, { ...definition, displayName: 'changed' })
  const state = await readRealm(admin, definition)

  expect(
    [plan, state]
      .map((each) => `${JSON.stringify(each)} ${inspect(each, { depth: 10, showHidden: true })}`)
      .join(),
  ).not.toMatch(/wonderland|secret-of-the-shop/)
})

async function mapping(
  { client }: Admin,
  id: string,
): Promise<{ id: string; clientUniqueId: string; roles: { id: string; name: string }[] }> {
  const [owner] = await client.clients.find({ clientId: 'constructor' })
  const clientUniqueId = owner?.id ?? ''
  const role = await client.clients.findRole({ id: clientUniqueId, roleName: 'valueOf' })
  return { id, clientUniqueId, roles: [{ id: role?.id ?? '', name: 'valueOf' }] }
}

async function clientUuid({ client }: Admin): Promise<string> {
  const [found] = await client.clients.find({ clientId: 'shop-api' })
  return found?.id ?? ''
}

async function updateClient(admin: Admin, changes: object): Promise<void> {
  const [current] = await admin.client.clients.find({ clientId: 'shop-api' })
  await admin.client.clients.update({ id: current?.id ?? '' }, { ...current, ...changes })
}

async function alice({ client }: Admin): Promise<object> {
  const [found] = await client.users.find({ username: 'alice', exact: true })
  return found ?? {}
}

async function userId(admin: Admin): Promise<string> {
  return ((await alice(admin)) as { id: string }).id
}

async function createRole({ client }: Admin, name: string): Promise<string> {
  await client.roles.create({ name })
  return (await client.roles.findOneByName({ name }))?.id ?? ''
}

/** The claims of an access token by the password grant, with the client's declared secret. @throws when it is refused. */
async function login(realm: string, password: string): Promise<Record<string, any>> {
  const response = await fetch(`${target.proxy.url}/realms/${realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'shop-api',
      client_secret: 'secret-of-the-shop',
      username: 'alice',
      password,
    }),
  })
  const body = (await response.json()) as Record<string, string>
  if (!response.ok) throw new Error(`the login was refused: ${response.status} ${JSON.stringify(body)}`)
  return JSON.parse(Buffer.from(body['access_token']?.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    any
  >
}
