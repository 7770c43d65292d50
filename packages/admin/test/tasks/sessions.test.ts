import {
  disableUser,
  endSession,
  endSessions,
  ensureUser,
  sendActions,
  sessionsOf,
  updateRealm,
} from '@cloakwright/admin'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { caught } from '../support/caught.ts'
import { openMailServer } from '../support/mail-server.ts'
import { openTaskRealm, type TaskRealm } from '../support/realm.ts'
import { onKeycloak, openTarget, type Target } from '../support/target.ts'

let target: Target
let of: TaskRealm

beforeAll(async () => {
  target = await openTarget()
  of = await openTaskRealm(target)
  await ensureUser(of.admin, {
    username: 'alice',
    email: 'alice@example.org',
    firstName: 'Alice',
    lastName: 'Liddell',
    password: 'alice',
  })
})
beforeEach(() => {
  target.proxy.reset()
  of.recorded()
})
afterAll(() => target.close())

const token = async (fields: Record<string, string>) => {
  const form = { client_id: 'shop-api', client_secret: 'the-live-secret', ...fields }
  const url = `${target.proxy.url}/realms/${of.realm}/protocol/openid-connect/token`
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  return (await response.json()) as { refresh_token?: string; error?: string }
}
const login = (scope = 'openid') =>
  token({ grant_type: 'password', username: 'alice', password: 'alice', scope })
const refresh = ({ refresh_token = '' }) => token({ grant_type: 'refresh_token', refresh_token })

describe('sessions', () => {
  test('are listed, and end one by one', async () => {
    await login()
    await login()
    const [one, other] = await sessionsOf(of.admin, 'alice')

    expect(await endSession(of.admin, one?.id ?? '')).toMatchObject([
      { action: 'delete', kind: 'session', realm: of.realm, id: one?.id },
    ])
    expect(await endSession(of.admin, one?.id ?? '')).toEqual([])
    expect((await sessionsOf(of.admin, 'alice')).map(({ id }) => id)).toEqual([other?.id])
    await endSessions(of.admin, 'alice')
  })

  test('end all at once, each of them recorded', async () => {
    const tokens = await login()
    await login()

    const changes = await endSessions(of.admin, 'alice')

    expect(changes).toMatchObject([
      { kind: 'session', name: 'alice', before: { clients: ['shop-api'] } },
      { kind: 'session', name: 'alice' },
    ])
    expect(of.recorded()).toEqual(changes)
    expect(await sessionsOf(of.admin, 'alice')).toEqual([])
    expect((await refresh(tokens)).error).toBe('invalid_grant')
    expect(await endSessions(of.admin, 'alice')).toEqual([])
  })

  test('end with the user, offline tokens too', async () => {
    const [online, offline] = [await login(), await login('openid offline_access')]
    // Not-before counts in seconds.
    await new Promise((resolve) => setTimeout(resolve, 1100))

    expect(await disableUser(of.admin, 'alice')).toMatchObject([
      { kind: 'user', fields: ['enabled'] },
      { kind: 'session' },
    ])
    await of.admin.client.users.update({ id: (await userId()) ?? '' }, { enabled: true })
    for (const tokens of [online, offline]) expect((await refresh(tokens)).error).toBe('invalid_grant')
  })

  test('may outlive the user that is locked out', async () => {
    await login()

    expect(await disableUser(of.admin, 'alice', { endSessions: false })).toHaveLength(1)
    expect(await sessionsOf(of.admin, 'alice')).toHaveLength(1)
    await of.admin.client.users.update({ id: (await userId()) ?? '' }, { enabled: true })
  })

  test('of a user that is not there are an error', async () => {
    for (const task of [sessionsOf, endSessions])
      expect((await caught(task(of.admin, 'nobody'))).code).toBe('CW_ADMIN_NOT_FOUND')
  })
})

describe('sendActions', () => {
  test.each([
    ['no action', 'alice', [], {}, 'The list of required actions for the e-mail is empty'],
    ['an unknown action', 'alice', ['NO_SUCH_ACTION'], {}, '400: Provided invalid required actions'],
    [
      'a redirect without a client',
      'alice',
      ['UPDATE_PASSWORD'],
      { redirectUri: 'https://shop.example/cb' },
      '400: Client id missing',
    ],
    ['an unknown client', 'alice', ['UPDATE_PASSWORD'], { clientId: 'nothing' }, "400: Client doesn't exist"],
    [
      'a redirect that the client does not have',
      'alice',
      ['UPDATE_PASSWORD'],
      { clientId: 'shop-api', redirectUri: 'https://evil.example/' },
      '400: Invalid redirect uri.',
    ],
    ['no address', 'unreachable', ['UPDATE_PASSWORD'], {}, '400: User email missing'],
  ])('with %s is refused', async (_what, user, actions, options, says) => {
    await ensureUser(of.admin, { username: 'unreachable' })

    const error = await caught(sendActions(of.admin, user, actions, options))

    expect(error.code).toBe('CW_ADMIN_REFUSED')
    expect(error.message).toContain(says)
    expect(target.proxy.count('PUT')).toBeLessThan(2)
  })

  test('fails where the realm has no mail server', async () => {
    const error = await caught(sendActions(of.admin, 'alice', ['UPDATE_PASSWORD']))

    expect(error.code).toBe('CW_ADMIN_FAILED')
    expect(error.message).toContain('500: Failed to send execute actions email')
    expect(of.recorded()).toEqual([])
  })

  // The embedded realm sends no mail.
  test.runIf(onKeycloak)('sends one e-mail a call, and records it', async () => {
    await using mail = await openMailServer()
    await updateRealm(of.admin, {
      smtpServer: { host: '127.0.0.1', port: String(mail.port), from: 'shop@example.org' },
    })
    of.recorded()

    const options = { clientId: 'shop-api', redirectUri: 'https://shop.example/cb', lifespan: 60 }
    const changes = await sendActions(of.admin, 'alice', ['UPDATE_PASSWORD'], options)

    expect(changes).toMatchObject([
      { kind: 'user', name: 'alice', fields: ['actionsEmail'], after: { actionsEmail: ['UPDATE_PASSWORD'] } },
    ])
    expect(of.recorded()).toEqual(changes)
    expect(mail.received).toHaveLength(1)
    expect(mail.received[0]).toContain('To: alice@example.org')
    await updateRealm(of.admin, { smtpServer: null })
  })
})

async function userId(): Promise<string | undefined> {
  return (await of.admin.client.users.find({ username: 'alice', exact: true }))[0]?.id
}
