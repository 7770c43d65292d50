import { type Admin, all, createAdmin, items, type Page } from '@cloakwright/admin'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AttemptCount } from '../../src/client/index.ts'
import { caught, everything } from '../support/caught.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let realm: string

beforeAll(async () => {
  target = await openTarget()
  realm = target.realmName()
  await target.admin().client.realms.create({ realm, enabled: true })
})
beforeEach(() => target.proxy.reset())
afterAll(() => target.close())

describe('the token', () => {
  test('is requested once for any number of waiting requests', async () => {
    const { client } = target.admin({ realm })

    await Promise.all(Array.from({ length: 10 }, () => client.roles.find()))

    expect(target.proxy.tokens()).toBe(1)
    expect(target.proxy.count('GET')).toBe(10)
  })

  test('is renewed before it expires', async () => {
    let clock = 0
    const { client } = target.admin({ realm, now: () => clock })
    const seconds = (await client.realms.findOne({ realm: 'master' }))?.accessTokenLifespan ?? 0

    clock = (seconds - 11) * 1000
    await client.roles.find()
    expect(target.proxy.tokens()).toBe(1)

    clock = (seconds - 9) * 1000
    await client.roles.find()
    expect(target.proxy.tokens()).toBe(2)
  })

  test('is replaced once when it is refused, also for a POST, which has then not been carried out', async () => {
    const { client } = target.admin({ realm })
    target.proxy.fail('POST', '/roles', { status: 401, body: '{"error":"HTTP 401 Unauthorized"}' })

    await client.roles.create({ name: 'after-401' })

    expect(await client.roles.findOneByName({ name: 'after-401' })).toMatchObject({ name: 'after-401' })
    expect(target.proxy.tokens()).toBe(2)
  })

  test('is replaced by a new login when its session has ended', async () => {
    const { client } = target.admin({ realm })
    await client.roles.find()
    await endSession(target, (await client.getAccessToken()) ?? '')
    target.proxy.reset()

    await client.roles.find()

    // One that is refused to be refreshed, then a login.
    expect(target.proxy.tokens()).toBe(2)
  })

  test('that is refused again is an error after one more attempt', async () => {
    const { client } = target.admin({ realm })
    const refused = { status: 401, body: '{"error":"HTTP 401 Unauthorized"}' }
    target.proxy.fail('GET', '/roles', refused, refused, refused)

    const error = await caught(client.roles.find())

    expect(error.code).toBe('CW_ADMIN_UNAUTHORIZED')
    expect(error.message).toBe(
      `Keycloak responded to GET /admin/realms/${realm}/roles with 401: HTTP 401 Unauthorized`,
    )
    expect(target.proxy.count('GET')).toBe(2)
  })

  test('is renewed after a realm is created, so that the new realm can be administered at once', async () => {
    const created = target.realmName()
    const { client } = target.admin({ realm: created })
    await client.realms.create({ realm: created, enabled: true })

    await client.roles.create({ name: 'first' })

    expect(await client.roles.findOneByName({ name: 'first' })).toMatchObject({ name: 'first' })
  })

  test('comes from a service account as well', async () => {
    const secret = 'service-account-secret'
    const { client } = target.admin({ realm })
    const { id } = await client.clients.create({
      clientId: 'operator',
      secret,
      publicClient: false,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
    })
    const account = await client.clients.getServiceAccountUser({ id })
    const [management] = await client.clients.find({ clientId: 'realm-management' })
    const clientUniqueId = management?.id ?? ''
    const role = await client.clients.findRole({ id: clientUniqueId, roleName: 'view-realm' })
    await client.users.addClientRoleMappings({
      id: account.id ?? '',
      clientUniqueId,
      roles: [{ id: role?.id ?? '', name: 'view-realm' }],
    })

    const operator = target.admin({
      realm,
      credentials: { clientId: 'operator', clientSecret: async () => secret },
    })

    expect((await operator.client.realms.findOne({ realm }))?.realm).toBe(realm)
    const error = await caught(operator.client.roles.create({ name: 'beyond-its-rights' }))
    expect(error.code).toBe('CW_ADMIN_FORBIDDEN')
    expect(error.message).toContain('HTTP 403 Forbidden')
  })
})

describe('what may be repeated', () => {
  test.each(['GET', 'PUT'])('is repeated after 503, when Retry-After says so: %s', async (method) => {
    const { client } = target.admin({ realm })
    const busy = { status: 503, headers: { 'retry-after': '0' } }
    target.proxy.fail(method, `/${realm}`, busy, busy)

    if (method === 'GET') await client.realms.findOne({ realm })
    else await client.realms.update({ realm }, { displayName: 'after 503' })

    expect(target.proxy.count(method)).toBe(3)
  })

  test.each([429, 502, 503, 504])(
    'ends after three repetitions, and says when to try again: %d',
    async (status) => {
      const { client } = target.admin({ realm })
      const busy = { status, headers: { 'retry-after': '0' } }
      target.proxy.fail('GET', '/roles', ...Array.from({ length: 9 }, () => busy))

      const error = await caught(client.roles.find())

      expect(error).toMatchObject({ code: 'CW_ADMIN_UNAVAILABLE', retryAfter: 0 })
      expect(error.message).toContain(`with ${status}`)
      expect(target.proxy.count('GET')).toBe(4)
    },
  )

  test('waits at most half a minute, whatever Retry-After says', async () => {
    const { client } = target.admin({ realm })
    target.proxy.fail('GET', '/roles', { status: 503, headers: { 'retry-after': '3600' } })

    expect(await caught(client.roles.find())).toMatchObject({
      code: 'CW_ADMIN_UNAVAILABLE',
      retryAfter: 3600,
    })
  })

  test('is repeated after a broken connection', async () => {
    const { client } = target.admin({ realm })
    target.proxy.fail('GET', '/roles', 'reset', 'reset')

    await client.roles.find()

    expect(target.proxy.count('GET')).toBe(3)
  })

  test('includes asking for a token', async () => {
    const { client } = target.admin({ realm })
    target.proxy.fail('POST', '/token', 'reset', { status: 503, headers: { 'retry-after': '0' } })

    await client.roles.find()

    expect(target.proxy.tokens()).toBe(3)
  })

  test('includes a DELETE whose response was lost: what is gone by then counts as deleted', async () => {
    const { client } = target.admin({ realm })
    await client.roles.create({ name: 'short-lived' })
    target.proxy.fail('DELETE', '/short-lived', 'reset after')

    await client.roles.delByName({ name: 'short-lived' })

    expect(await client.roles.findOneByName({ name: 'short-lived' })).toBeNull()
  })

  test('includes any request after 429, which precedes all processing', async () => {
    const { client } = target.admin({ realm })
    target.proxy.fail('POST', '/roles', { status: 429, headers: { 'retry-after': '0' } })

    await client.roles.create({ name: 'after-429' })

    expect(await client.roles.findOneByName({ name: 'after-429' })).toMatchObject({ name: 'after-429' })
  })

  test('waits as long as Retry-After says, as a date too', async () => {
    const { client } = target.admin({ realm })
    await client.roles.find()
    const date = new Date(Date.now() + 2_000).toUTCString()
    target.proxy.fail('GET', '/roles', { status: 503, headers: { 'retry-after': date } })
    const asked = Date.now()

    await client.roles.find()

    // The date has no milliseconds.
    expect(Date.now() - asked).toBeGreaterThan(900)
  })

  describe('of POST', () => {
    const faults = ['reset', 'reset after', { status: 503 }, { status: 504, after: true }] as const
    let ids: Record<'user' | 'role' | 'clientRole' | 'client' | 'group' | 'parent' | 'scope', string>

    beforeAll(async () => {
      const { client } = target.admin({ realm })
      const { id: user } = await client.users.create({ username: 'repeated', enabled: true })
      await client.roles.create({ name: 'repeated' })
      const { id: app } = await client.clients.create({ clientId: 'repeated' })
      await client.clients.createRole({ id: app, name: 'of-client' })
      const role = (await client.roles.findOneByName({ name: 'repeated' }))?.id ?? ''
      const clientRole = (await client.clients.findRole({ id: app, roleName: 'of-client' }))?.id ?? ''
      const { id: group } = await client.groups.create({ name: 'repeated' })
      const { id: parent } = await client.groups.create({ name: 'parent' })
      const { id: scope } = await client.clientScopes.create({ name: 'repeated', protocol: 'openid-connect' })
      ids = { user, role, clientRole, client: app, group, parent, scope }
    })

    const roles = () => [{ id: ids.role, name: 'repeated' }]
    const clientRoles = () => [{ id: ids.clientRole, name: 'of-client' }]
    type Client = Admin['client']

    test.each<[string, string, (client: Client) => Promise<unknown>]>([
      [
        'giving a role to a user',
        '/role-mappings/realm',
        ({ users }) => users.addRealmRoleMappings({ id: ids.user, roles: roles() }),
      ],
      [
        "giving a client's role to a user",
        '',
        ({ users }) =>
          users.addClientRoleMappings({ id: ids.user, clientUniqueId: ids.client, roles: clientRoles() }),
      ],
      [
        'giving a role to a group',
        '/role-mappings/realm',
        ({ groups }) => groups.addRealmRoleMappings({ id: ids.group, roles: roles() }),
      ],
      [
        "giving a client's role to a group",
        '',
        ({ groups }) =>
          groups.addClientRoleMappings({ id: ids.group, clientUniqueId: ids.client, roles: clientRoles() }),
      ],
      [
        'adding to a composite role',
        '/composites',
        (client) => client.roles.createComposite({ roleId: ids.role }, clientRoles()),
      ],
      [
        'giving a scope to a client',
        '/scope-mappings/realm',
        ({ clients }) => clients.addRealmScopeMappings({ id: ids.client }, roles()),
      ],
      [
        "giving a client's role to a client scope",
        '',
        ({ clientScopes }) =>
          clientScopes.addClientScopeMappings({ id: ids.scope, client: ids.client }, clientRoles()),
      ],
      ['logging a user out', '/logout', ({ users }) => users.logout({ id: ids.user })],
      [
        'moving a group down',
        '/children',
        ({ groups }) => groups.updateChildGroup({ id: ids.parent }, { id: ids.group, name: 'repeated' }),
      ],
      [
        'moving a group to the top',
        '/groups',
        ({ groups }) => groups.updateRoot({ id: ids.group, name: 'repeated' }),
      ],
      [
        'a partial import that skips',
        '/partialImport',
        ({ realms }) =>
          realms.partialImport({
            realm,
            rep: { ifResourceExists: 'SKIP', users: [{ username: 'imported-once' }] },
          }),
      ],
    ])('includes %s, which is harmless to do twice', async (_what, pathEnd, send) => {
      const { client } = target.admin({ realm, retries: 4 })
      await client.roles.find()
      target.proxy.reset()
      target.proxy.fail('POST', pathEnd, ...faults)

      await send(client)

      expect(target.proxy.count('POST')).toBe(faults.length + 1)
    })

    test.each<[string, string, (client: Client) => Promise<unknown>]>([
      ['a user', '/users', ({ users }) => users.create({ username: 'unseen-user' })],
      ['a group', '/groups', ({ groups }) => groups.create({ name: 'unseen-group' })],
      [
        'a group below another',
        '/children',
        ({ groups }) => groups.createChildGroup({ id: ids.parent }, { name: 'unseen-child' }),
      ],
      [
        'what a partial import fails on',
        '/partialImport',
        ({ realms }) =>
          realms.partialImport({
            realm,
            rep: { ifResourceExists: 'FAIL', users: [{ username: 'unseen-import' }] },
          }),
      ],
    ])('excludes creating %s, which may have been carried out', async (_what, pathEnd, send) => {
      const { client } = target.admin({ realm })
      await client.roles.find()
      target.proxy.fail('POST', pathEnd, 'reset after')

      expect((await caught(send(client))).code).toBe('CW_ADMIN_UNAVAILABLE')
    })
  })

  test('excludes what sends an e-mail, whatever its method', async () => {
    const { client } = target.admin({ realm })
    const { id } = await client.users.create({
      username: 'written-to',
      email: 'w@example.org',
      enabled: true,
    })
    target.proxy.fail('PUT', '/execute-actions-email', 'reset')

    const error = await caught(client.users.executeActionsEmail({ id, actions: ['UPDATE_PASSWORD'] }))

    expect(error.code).toBe('CW_ADMIN_UNAVAILABLE')
    expect(target.proxy.count('PUT')).toBe(1)
  })

  test('excludes POST, which may have been carried out', async () => {
    const { client } = target.admin({ realm })
    await client.roles.find()
    target.proxy.fail('POST', '/roles', 'reset after')

    const error = await caught(client.roles.create({ name: 'created-unseen' }))

    expect(error.code).toBe('CW_ADMIN_UNAVAILABLE')
    expect(error.message).toBe(`Keycloak at ${target.proxy.url} could not be reached: POST by roles.create`)
    expect(error.hint).toContain('may have carried out the request')
    expect(target.proxy.count('POST')).toBe(1)
    expect(await client.roles.findOneByName({ name: 'created-unseen' })).toMatchObject({
      name: 'created-unseen',
    })
  })

  test('reports the number of attempts', async () => {
    const { client } = target.admin({ realm, retries: 2 })
    target.proxy.fail('GET', '/roles', 'reset', 'reset')
    const count = new AttemptCount()

    await client.roles.find({}, count)

    expect(count.attempts).toBe(3)
  })

  test('ends at the time-out', async () => {
    const { client } = target.admin({ realm, timeout: 1500, retries: 1 })
    await client.roles.find().catch(() => undefined)
    target.proxy.fail('GET', '/roles', 'silence', 'silence')

    const error = await caught(client.roles.find())

    expect(error.code).toBe('CW_ADMIN_UNAVAILABLE')
    expect(error.message).toBe(
      `Keycloak at ${target.proxy.url} did not respond in time: GET by roles.find (2 attempts)`,
    )
  })

  test('ends when the signal of the caller is aborted, also during a wait', async () => {
    const stop = new AbortController()
    const { client } = target.admin({ realm, signal: stop.signal })
    await client.roles.find()
    target.proxy.reset()
    target.proxy.fail('GET', '/roles', { status: 503, headers: { 'retry-after': '20' } })

    const waiting = client.roles.find()
    await expect.poll(() => target.proxy.count('GET')).toBe(1)
    stop.abort(new Error('the caller has gone'))

    await expect(waiting).rejects.toThrow('the caller has gone')
  })
})

describe('a path', () => {
  type Client = Admin['client']

  test.each<[string, (client: Client, value: string) => Promise<unknown>]>([
    ['a session', ({ realms }, session) => realms.deleteSession({ realm, session, isOffline: false })],
    ['a user', ({ users }, id) => users.del({ id })],
    ['a user that is changed', ({ users }, id) => users.update({ id }, { enabled: false })],
    ["a user's group", ({ users }, groupId) => users.delFromGroup({ id: 'someone', groupId })],
    ['a role', ({ roles }, name) => roles.delByName({ name })],
    ['a realm', ({ users }, other) => users.del({ realm: other, id: 'someone' })],
  ])('leads nowhere else, whatever names %s', async (_what, send) => {
    const { client } = target.admin({ realm })

    for (const value of ['.', '..']) expect((await caught(send(client, value))).code).toBe('CW_ADMIN_REFUSED')
    expect(target.proxy.seen).toEqual([])
  })

  test('does not end before what it should name', async () => {
    const { client } = target.admin({ realm })
    const sends = [
      client.users.findOne({ id: '' }),
      client.users.del({ id: undefined as never }),
      client.roles.delByName({ name: '' }),
    ]

    for (const send of sends)
      expect((await caught(send)).message).toMatch(/^\w+\.\w+ needs a valid (id|name)$/)
    expect(target.proxy.seen).toEqual([])
  })
})

describe('an error', () => {
  test.each([
    {
      what: 'a conflict',
      fail: (admin: ReturnType<Target['admin']>) => admin.client.roles.create({ name: 'twice' }),
      code: 'CW_ADMIN_CONFLICT',
      says: 'POST /admin/realms/{realm}/roles with 409: Role with name twice already exists',
    },
    {
      what: 'something that is not there',
      fail: (admin: ReturnType<Target['admin']>) =>
        admin.client.users.update({ id: 'nobody' }, { firstName: 'No' }),
      code: 'CW_ADMIN_NOT_FOUND',
      says: 'PUT /admin/realms/{realm}/users/nobody with 404: User not found',
    },
    {
      what: 'a bad value',
      fail: (admin: ReturnType<Target['admin']>) => admin.client.users.create({ username: 'al' }),
      code: 'CW_ADMIN_REFUSED',
      says: 'POST /admin/realms/{realm}/users with 400: the user name must have 3 to 255 characters',
    },
  ])("has a code, the request, and Keycloak's own text: $what", async ({ fail, code, says }) => {
    const admin = target.admin({ realm })
    await admin.client.roles.create({ name: 'twice' }).catch(() => undefined)

    const error = await caught(fail(admin))

    expect(error.code).toBe(code)
    expect(error.message).toBe(`Keycloak responded to ${says.replace('{realm}', realm)}`)
    if (says.includes('characters')) expect(error.hint).toContain('Realm settings, User profile')
  })

  test('of a wrong realm names the realm as the cause', async () => {
    const error = await caught(target.admin({ realm: 'no-such-realm' }).client.roles.find())

    expect(error.code).toBe('CW_ADMIN_NOT_FOUND')
    expect(error.hint).toContain('the name of the realm')
  })

  test('of a wrong password says so, and never the password', async () => {
    const password = 'canary-password'
    const { client } = target.admin({
      realm,
      credentials: { username: target.credentials.username, password },
    })

    const error = await caught(client.roles.find())

    expect(error.code).toBe('CW_ADMIN_UNAUTHORIZED')
    expect(error.message).toContain('(400): invalid_grant, Invalid user credentials')
    expect(error.hint).toContain('Check the user name and the password')
    expect(everything(error)).not.toContain(password)
  })

  test("of a wrong realm for the credentials says so, and never the client's secret", async () => {
    const clientSecret = 'canary-secret'
    const { client } = target.admin({
      realm: 'no-such-realm',
      credentials: { clientId: 'operator', clientSecret },
    })

    const error = await caught(client.roles.find())

    expect(error.code).toBe('CW_ADMIN_UNAUTHORIZED')
    expect(error.message).toContain('(404): Realm does not exist')
    expect(everything(error)).not.toContain(clientSecret)
  })

  test('shows no query value, token or control character', async () => {
    const { client } = target.admin({ realm })
    target.proxy.fail('GET', '/users', {
      status: 400,
      body: JSON.stringify({ errorMessage: 'bad\r\n\u001b[31m value' }),
    })

    const error = await caught(client.users.find({ search: 'canary-query' }))

    expect(error.message).toBe(
      `Keycloak responded to GET /admin/realms/${realm}/users with 400: bad [31m value`,
    )
    expect(everything(error)).not.toMatch(/canary-query|Bearer|eyJ/)
  })

  test.each(['', 'not a url', 'ftp://id.example.com', 'https://admin:canary-password@id.example.com'])(
    'reports an invalid base URL of the server without showing it: %j',
    (server) => {
      const create = (): unknown => createAdmin({ server, credentials: target.credentials })
      expect(create).toThrow(
        expect.objectContaining({
          code: 'CW_CONFIG_INVALID',
          message: expect.not.stringContaining('canary'),
        }),
      )
    },
  )
})

test('every function of the official client is wrapped: each resource fails with a CloakwrightError when the server does not respond', async () => {
  const { client } = createAdmin({
    server: 'http://127.0.0.1:1',
    credentials: target.credentials,
    retries: 0,
  })
  const calls = [
    client.clients.find(),
    client.clientScopes.find(),
    client.groups.find(),
    client.realms.find(),
    client.roles.find(),
    client.users.find(),
    client.serverInfo.find(),
    client.authenticationManagement.getFlows(),
    client.identityProviders.find(),
    client.components.find(),
  ]
  for (const call of calls) expect((await caught(call)).code).toBe('CW_ADMIN_UNAVAILABLE')
})

test('lists are read to the end, page by page', async () => {
  const { client } = target.admin({ realm })
  const names = Array.from({ length: 120 }, (_, index) => `many-${index}`)
  for (const name of names) await client.roles.create({ name })
  target.proxy.reset()

  const roles = await all((page) => client.roles.find(page))

  expect(roles.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
  expect(target.proxy.count('GET')).toBe(2)
})

describe('a list', () => {
  const numbers = Array.from({ length: 25 }, (_, index) => index)
  const pages = (list: readonly number[]) => {
    const asked: Page[] = []
    const read = async (page: Page) => {
      asked.push(page)
      return list.slice(page.first, page.first + page.max)
    }
    return { asked, read }
  }

  test.each([
    [10, 3],
    [25, 2],
    [26, 1],
    [undefined, 1],
  ])('of 25 by pages of %s takes %i requests', async (pageSize, requests) => {
    const { asked, read } = pages(numbers)

    expect(await all(read, pageSize)).toEqual(numbers)
    expect(asked).toHaveLength(requests)
  })

  test('is read only as far as it is used', async () => {
    const { asked, read } = pages(numbers)

    for await (const number of items(read, 10)) if (number === 12) break
    expect(asked).toEqual([
      { first: 0, max: 10 },
      { first: 10, max: 10 },
    ])
  })

  test.each([24, 25, 26])('without pages is read once: %i a page', async (pageSize) => {
    expect(await all(async () => [...numbers], pageSize)).toEqual(numbers)
  })

  test.each([0, -1, 1.5, Number.NaN])('refuses the page size %d', async (pageSize) => {
    expect((await caught(all(pages(numbers).read, pageSize))).code).toBe('CW_CONFIG_INVALID')
  })
})

/** Ends the session that a token of master belongs to, as a restart of a Keycloak without persistent sessions does. */
async function endSession(of: Target, token: string): Promise<void> {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { sid: string }
  await of.admin().client.realms.deleteSession({ realm: 'master', session: claims.sid, isOffline: false })
}
