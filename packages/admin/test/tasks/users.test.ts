import {
  deleteUser,
  disableUser,
  enableUser,
  ensureUser,
  findUser,
  grantRoles,
  requireMfa,
  revokeRoles,
} from '@cloakwright/admin'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { openTaskRealm, type TaskRealm } from '../support/realm.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let of: TaskRealm

beforeAll(async () => {
  target = await openTarget()
  of = await openTaskRealm(target)
})
beforeEach(() => {
  target.proxy.reset()
  of.recorded()
})
afterAll(() => target.close())

const named = (username: string) => ({
  username,
  email: `${username}@example.org`,
  firstName: 'First',
  lastName: 'Last',
})

describe('ensureUser', () => {
  const wanted = {
    ...named('alice'),
    attributes: { team: ['red', 'blue'] },
    requiredActions: ['VERIFY_EMAIL'],
    password: 'canary-password',
    roles: { realm: ['admin', 'user'], client: { 'shop-api': ['editor'] } },
    groups: ['/staff/editors', '/guests'],
  }

  test('creates a user with everything, says so, records it, and never the password', async () => {
    const { id, changes } = await ensureUser(of.admin, wanted)

    expect(await findUser(of.admin, 'alice')).toMatchObject({
      id,
      ...named('alice'),
      enabled: true,
      attributes: { team: expect.arrayContaining(['red', 'blue']) },
      requiredActions: ['VERIFY_EMAIL'],
    })
    expect(changes).toMatchObject([
      { action: 'create', kind: 'user', realm: of.realm, id, name: 'alice', fields: ['password'] },
      {
        action: 'update',
        fields: [
          'roles.admin',
          'roles.user',
          'roles.shop-api/editor',
          'groups/staff/editors',
          'groups/guests',
        ],
        before: { 'roles.admin': false, 'groups/guests': false },
        after: { 'roles.admin': true, 'groups/guests': true },
      },
    ])
    expect(of.recorded()).toEqual(changes)
    expect(JSON.stringify(changes)).not.toContain('canary')
  })

  test('changes nothing the second time', async () => {
    const { changes } = await ensureUser(of.admin, {
      ...wanted,
      username: 'Alice',
      email: 'ALICE@example.org',
    })

    expect(changes).toEqual([])
    expect(of.recorded()).toEqual([])
    expect(target.proxy.count('POST', 'PUT', 'DELETE')).toBe(0)
  })

  test('changes what differs, and leaves the rest alone', async () => {
    const { changes } = await ensureUser(of.admin, {
      username: 'alice',
      lastName: 'Liddell',
      attributes: { team: null, level: ['senior'] },
    })

    expect(changes).toMatchObject([
      {
        action: 'update',
        fields: ['lastName', 'attributes.team', 'attributes.level'],
        before: { lastName: 'Last', 'attributes.level': null },
        after: { lastName: 'Liddell', 'attributes.team': null, 'attributes.level': ['senior'] },
      },
    ])
    expect(await findUser(of.admin, 'alice')).toMatchObject({
      email: 'alice@example.org',
      firstName: 'First',
      lastName: 'Liddell',
      attributes: { level: ['senior'] },
      requiredActions: ['VERIFY_EMAIL'],
    })
  })

  test('sets a password only where there is none', async () => {
    const { id } = await ensureUser(of.admin, named('no-password'))
    const given = await ensureUser(of.admin, {
      ...named('no-password'),
      password: 'canary-first',
      temporaryPassword: true,
    })
    expect(given.changes).toEqual([
      {
        action: 'update',
        kind: 'user',
        realm: of.realm,
        id,
        name: 'no-password',
        fields: ['password'],
      },
    ])
    expect((await findUser(of.admin, { id }))?.requiredActions).toEqual(['UPDATE_PASSWORD'])

    const again = await ensureUser(of.admin, { ...named('no-password'), password: 'canary-second' })
    expect(again.changes).toEqual([])
  })

  test.each([
    ['a realm role', { roles: { realm: ['user', 'no-such-role'] } }, 'role no-such-role'],
    ['a client', { roles: { client: { 'no-such-client': ['editor'] } } }, 'client no-such-client'],
    ["a client's role", { roles: { client: { 'shop-api': ['owner'] } } }, 'role shop-api/owner'],
    ['a group', { groups: ['/guests', '/staff/nobody'] }, 'group /staff/nobody'],
  ])('that names %s which is not there changes nothing', async (_what, wrong, missing) => {
    const error = await caught(ensureUser(of.admin, { ...named('never-made'), ...wrong }))

    expect(error.code).toBe('CW_ADMIN_NOT_FOUND')
    expect(error.message).toBe(`The realm ${of.realm} has no ${missing}`)
    expect(await findUser(of.admin, 'never-made')).toBeUndefined()
  })

  test("tells of an e-mail address that is another user's", async () => {
    const error = await caught(ensureUser(of.admin, { ...named('bob'), email: 'alice@example.org' }))

    expect(error.code).toBe('CW_ADMIN_CONFLICT')
    expect(error.message).toContain('User exists with same email')
    expect(error.hint).toContain('cloakwright users get ADDRESS')
  })

  test.each(['reset', 'reset after', { status: 503 }, { status: 504, after: true }] as const)(
    'looks the user up before it creates it again, when the creation was not answered: %j',
    async (fault) => {
      const username = `lost-${JSON.stringify(fault).replaceAll(/\W+/g, '-')}`
      target.proxy.fail('POST', '/users', fault, fault)

      const { id, changes } = await ensureUser(of.admin, named(username))

      expect(changes).toMatchObject([{ action: 'create', name: username, id }])
      expect(await of.admin.client.users.find({ username })).toHaveLength(1)
    },
  )

  test('takes no field that it does not know, so that none can bring a secret into the records', async () => {
    const wanted = { ...named('smuggled'), attributes: { password: ['canary'] } }
    const unknown = { ...wanted, credentials: [{ type: 'password', value: 'canary' }], id: 'canary' }
    expect((await caught(ensureUser(of.admin, unknown))).code).toBe('CW_CONFIG_INVALID')

    const { changes } = await ensureUser(of.admin, wanted)

    const deleted = await deleteUser(of.admin, 'smuggled')
    expect(JSON.stringify([changes, deleted])).not.toContain('canary')
  })

  test('with existing: refuse, is an error where the user exists', async () => {
    await ensureUser(of.admin, named('taken'), { existing: 'refuse' })
    target.proxy.reset()
    const enabled = { ...named('taken'), enabled: false }
    const error = await caught(ensureUser(of.admin, enabled, { existing: 'refuse' }))
    expect(error.code).toBe('CW_ADMIN_CONFLICT')
    expect(target.proxy.count('POST', 'PUT')).toBe(0)

    // Also for the one that is slower: what the other made, it does not change.
    const both = [true, false].map((on) =>
      ensureUser(of.admin, { ...named('raced'), enabled: on }, { existing: 'refuse' }),
    )
    expect((await Promise.allSettled(both)).map(({ status }) => status).toSorted()).toEqual([
      'fulfilled',
      'rejected',
    ])
  })

  test('of two at once makes one user', async () => {
    const made = await Promise.all([
      ensureUser(of.admin, named('contested')),
      ensureUser(of.admin, named('contested')),
    ])

    expect(made[0].id).toBe(made[1].id)
    expect(made.flatMap(({ changes }) => changes)).toMatchObject([{ action: 'create' }])
  })
})

describe('the state of a user', () => {
  test('is disabled and enabled again, and an unknown user is an error', async () => {
    const { id } = await ensureUser(of.admin, named('switched'))

    expect(await disableUser(of.admin, 'switched')).toMatchObject([
      { id, fields: ['enabled'], before: { enabled: true }, after: { enabled: false } },
    ])
    expect(await disableUser(of.admin, { id })).toEqual([])
    expect(await enableUser(of.admin, 'switched')).toMatchObject([{ fields: ['enabled'] }])
    expect(await findUser(of.admin, 'switched')).toMatchObject(named('switched'))

    const error = await caught(disableUser(of.admin, 'nobody'))
    expect(error.code).toBe('CW_ADMIN_NOT_FOUND')
    expect(error.message).toBe(`The realm ${of.realm} has no user nobody`)
  })

  test('ends with its deletion, which is recorded with what it was', async () => {
    const { id } = await ensureUser(of.admin, named('deleted'))

    expect(await deleteUser(of.admin, 'deleted')).toMatchObject([
      { action: 'delete', kind: 'user', id, name: 'deleted', before: { email: 'deleted@example.org' } },
    ])
    expect(await deleteUser(of.admin, 'deleted')).toEqual([])
    expect(await findUser(of.admin, { id })).toBeUndefined()
  })
})

describe('roles', () => {
  const roles = { realm: ['admin', 'auditor'], client: { 'shop-api': ['editor'] } }

  test('are granted and revoked, each once', async () => {
    await ensureUser(of.admin, named('mapped'))
    await grantRoles(of.admin, 'mapped', { realm: ['admin'] })

    expect(await grantRoles(of.admin, 'mapped', roles)).toMatchObject([
      { kind: 'user', name: 'mapped', fields: ['roles.auditor', 'roles.shop-api/editor'] },
    ])
    expect(await grantRoles(of.admin, 'mapped', roles)).toEqual([])
    expect(await revokeRoles(of.admin, 'mapped', roles)).toMatchObject([
      {
        fields: ['roles.admin', 'roles.auditor', 'roles.shop-api/editor'],
        after: { 'roles.admin': false, 'roles.auditor': false, 'roles.shop-api/editor': false },
      },
    ])
    expect(await revokeRoles(of.admin, 'mapped', roles)).toEqual([])
  })

  test('that do not exist are an error before anything is changed', async () => {
    await ensureUser(of.admin, named('unmapped'))
    target.proxy.reset()

    for (const task of [grantRoles, revokeRoles]) {
      const error = await caught(task(of.admin, 'unmapped', { realm: ['admin', 'constructor'] }))
      expect(error.message).toBe(`The realm ${of.realm} has no role constructor`)
    }
    expect(target.proxy.count('POST', 'DELETE')).toBe(0)
  })

  test('that were given before a failure are recorded', async () => {
    await ensureUser(of.admin, named('half-mapped'))
    of.recorded()
    target.proxy.fail('POST', '/role-mappings/realm')
    const clientRoles = target.proxy
    const { id = '' } = (await of.admin.client.clients.find({ clientId: 'shop-api' }))[0] ?? {}
    clientRoles.fail('POST', `/role-mappings/clients/${id}`, { status: 403 })

    expect((await caught(grantRoles(of.admin, 'half-mapped', roles))).code).toBe('CW_ADMIN_FORBIDDEN')
    expect(of.recorded()).toMatchObject([{ fields: ['roles.admin', 'roles.auditor'] }])
  })
})

describe('requireMfa', () => {
  test('asks for a one-time password at the next login, once', async () => {
    await ensureUser(of.admin, { ...named('single'), requiredActions: ['VERIFY_EMAIL'] })

    expect(await requireMfa(of.admin, 'single')).toMatchObject([{ fields: ['requiredActions'] }])
    expect(await requireMfa(of.admin, 'single')).toEqual([])
    expect((await findUser(of.admin, 'single'))?.requiredActions?.toSorted()).toEqual([
      'CONFIGURE_TOTP',
      'VERIFY_EMAIL',
    ])
  })

  test('leaves users unchanged who have a one-time password', async () => {
    await of.admin.client.users.create({
      ...named('double'),
      credentials: [
        {
          type: 'otp',
          secretData: JSON.stringify({ value: 'secretsecretsecretse' }),
          credentialData: JSON.stringify({ subType: 'totp', digits: 6, period: 30, algorithm: 'HmacSHA1' }),
        },
      ],
    })

    expect(await requireMfa(of.admin, 'double')).toEqual([])
  })

  test('is an error if the action is disabled in the realm', async () => {
    const { authenticationManagement } = of.admin.client
    const alias = 'CONFIGURE_TOTP'
    const action = (await authenticationManagement.getRequiredActionForAlias({ alias })) as object
    await ensureUser(of.admin, named('unasked'))
    await authenticationManagement.updateRequiredAction({ alias }, { ...action, enabled: false })
    try {
      const error = await caught(requireMfa(of.admin, 'unasked'))
      expect(error.message).toBe(`The required action CONFIGURE_TOTP is disabled in the realm ${of.realm}`)
    } finally {
      await authenticationManagement.updateRequiredAction({ alias }, { ...action, enabled: true })
    }
  })
})
