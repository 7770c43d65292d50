import { ensureUser, resetPassword, sessionsOf } from '@cloakwright/admin'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught, everything } from '../support/caught.ts'
import { openTaskRealm, type TaskRealm } from '../support/realm.ts'
import { openTarget, type Target } from '../support/target.ts'

let target: Target
let of: TaskRealm
let alice: { readonly id: string }

beforeAll(async () => {
  target = await openTarget()
  of = await openTaskRealm(target)
  const names = { email: 'alice@example.org', firstName: 'Alice', lastName: 'Liddell' }
  const { id } = await ensureUser(of.admin, { username: 'alice', ...names, password: 'canary-first' })
  alice = { id }
})
beforeEach(() => {
  target.proxy.reset()
  of.recorded()
})
afterAll(() => target.close())

async function login(password: string): Promise<Record<string, unknown>> {
  const form = { grant_type: 'password', client_id: 'shop-api', client_secret: 'the-live-secret' }
  const answer = await fetch(`${target.proxy.url}/realms/${of.realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...form, username: 'alice', password }),
  })
  return (await answer.json()) as Record<string, unknown>
}

const invalid = { error_description: 'Invalid user credentials' }

test('sets another password, which is in no change', async () => {
  const changes = await resetPassword(of.admin, 'alice', 'canary-second')
  expect(changes).toEqual([
    { action: 'update', kind: 'user', realm: of.realm, ...alice, name: 'alice', fields: ['password'] },
  ])
  expect(of.recorded()).toEqual(changes)
  expect(await login('canary-first')).toMatchObject(invalid)
  expect(await login('canary-second')).toHaveProperty('access_token')
})

test('makes a temporary password permanent with the next reset', async () => {
  const action = ['UPDATE_PASSWORD']
  expect(await resetPassword(of.admin, alice, 'canary-once', { temporary: true })).toMatchObject([
    {
      fields: ['password', 'requiredActions'],
      before: { requiredActions: [] },
      after: { requiredActions: action },
    },
  ])
  expect(await login('canary-once')).toMatchObject({ error_description: 'Account is not fully set up' })
  expect(await resetPassword(of.admin, alice, 'canary-third')).toMatchObject([
    { before: { requiredActions: action }, after: { requiredActions: [] } },
  ])
  expect(await login('canary-third')).toHaveProperty('access_token')
})

test('leaves sessions open, unless they are to end', async () => {
  const { refresh_token: token } = await login('canary-third')
  await resetPassword(of.admin, alice, 'canary-third')
  const open = await sessionsOf(of.admin, alice)
  expect(open.length).toBeGreaterThan(0)
  const changes = await resetPassword(of.admin, alice, 'canary-fourth', { endSessions: true })
  expect(changes.map(({ action, kind }) => `${action} ${kind}`)).toEqual([
    'update user',
    ...open.map(() => 'delete session'),
  ])
  expect(await sessionsOf(of.admin, alice)).toEqual([])
  expect(JSON.stringify([changes, of.recorded()])).not.toContain('canary')
  expect(token).toEqual(expect.any(String))
})

describe('a refusal says why, and the old password stays', () => {
  const body = (error: string) => ({ status: 400, body: JSON.stringify({ error }) })

  test('by the password policy', async () => {
    await of.admin.client.realms.update({ realm: of.realm }, { passwordPolicy: 'length(12)' })
    const error = await caught(resetPassword(of.admin, alice, 'canary'))
    await of.admin.client.realms.update({ realm: of.realm }, { passwordPolicy: '' })
    expect(error.code).toBe('CW_ADMIN_REFUSED')
    expect(error.message).toBe(
      `The password policy of the realm ${of.realm} refuses this password of alice: the password must have at least 12 characters`,
    )
    expect(error.hint).toContain('The old password is unchanged')
    expect(of.recorded()).toEqual([])
    expect(await login('canary-fourth')).toHaveProperty('access_token')
  })

  test.each([
    ['invalidPasswordMinLengthMessage', 'the password must have at least 12 characters'],
    ['invalidPasswordOfAnExtensionMessage', 'muss mindestens 12 Zeichen beinhalten'],
  ])('in any language of Keycloak: %s', async (error, reason) => {
    target.proxy.fail('PUT', '/reset-password', {
      status: 400,
      body: JSON.stringify({
        error,
        error_description: 'Ungültiges Passwort: muss mindestens 12 Zeichen beinhalten.',
      }),
    })
    const refused = await caught(resetPassword(of.admin, alice, 'canary'))
    expect(refused.message.endsWith(`of alice: ${reason}`)).toBe(true)
  })

  test('by a directory that Keycloak only reads', async () => {
    target.proxy.fail('PUT', '/reset-password', body("Can't reset password as account is read only"))
    const error = await caught(resetPassword(of.admin, alice, 'canary-x'))
    expect(error.message).toContain('The password of alice')
    expect(error.message).toContain('read-only directory')
    expect(error.hint).toContain('Reset it in the directory')
    expect(everything(error)).not.toContain('canary')
  })

  test('for a service account', async () => {
    const error = await caught(resetPassword(of.admin, await serviceAccount(), 'canary-x'))
    expect(error.message).toContain('is the service account of a client and has no password')
    expect(error.hint).toContain("Rotate the client's secret")
  })

  test('for a user who does not exist, without a write', async () => {
    const error = await caught(resetPassword(of.admin, 'nobody', 'canary-x'))
    expect(error.code).toBe('CW_ADMIN_NOT_FOUND')
    expect(target.proxy.count('PUT', 'POST')).toBe(0)
  })

  async function serviceAccount(): Promise<{ readonly id: string }> {
    const { clients } = of.admin.client
    const made = { clientId: 'shop-robot', publicClient: false, serviceAccountsEnabled: true }
    const { id } = await clients.create(made)
    return { id: (await clients.getServiceAccountUser({ id })).id ?? '' }
  }
})

test('a repeated request after a lost response is not refused by the password history', async () => {
  const { realms } = of.admin.client
  await realms.update({ realm: of.realm }, { passwordPolicy: 'passwordHistory(3)' })
  target.proxy.fail('PUT', '/reset-password', 'reset after')
  expect(await resetPassword(of.admin, alice, 'canary-fifth')).toHaveLength(1)
  expect(target.proxy.count('PUT')).toBeGreaterThan(1)
  expect(await login('canary-fifth')).toHaveProperty('access_token')
  const error = await caught(resetPassword(of.admin, alice, 'canary-fifth'))
  await realms.update({ realm: of.realm }, { passwordPolicy: '' })
  expect(error.message).toContain('the password must differ from the last 3 passwords')
})

test('needs manage-users, and nothing else', async () => {
  const { clients, users } = of.admin.client
  const client = { clientId: 'help-desk', secret: 'help-desk-secret', serviceAccountsEnabled: true }
  const { id } = await clients.create({ ...client, publicClient: false })
  const [management] = await clients.find({ clientId: 'realm-management' })
  const clientUniqueId = management?.id ?? ''
  const role = await clients.findRole({ id: clientUniqueId, roleName: 'manage-users' })
  const account = (await clients.getServiceAccountUser({ id })).id ?? ''
  const credentials = { clientId: 'help-desk', clientSecret: 'help-desk-secret', realm: of.realm }
  const helpDesk = target.admin({ realm: of.realm, credentials })
  expect((await caught(resetPassword(helpDesk, alice, 'canary-x'))).code).toBe('CW_ADMIN_FORBIDDEN')
  const roles = [{ id: role?.id ?? '', name: 'manage-users' }]
  await users.addClientRoleMappings({ id: account, clientUniqueId, roles })
  await resetPassword(target.admin({ realm: of.realm, credentials }), 'alice', 'canary-sixth', {
    temporary: true,
    endSessions: true,
  })
  expect(await login('canary-sixth')).toMatchObject({ error_description: 'Account is not fully set up' })
})
