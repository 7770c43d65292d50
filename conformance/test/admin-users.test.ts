import { afterAll, describe, expect, it } from 'vitest'
import { answerOf, empty, json, oauthError } from '../src/expect.ts'
import { password } from '../src/grants.ts'
import type { Reply } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'

const realm = await openRealm()
afterAll(() => realm.close())

const post = (body: unknown) => realm.api('/users', { json: body })
const put = (path: string, body: unknown) => realm.api(path, { method: 'PUT', json: body })
const remove = (path: string) => realm.api(path, { method: 'DELETE' })
const get = async (path: string) => (await realm.api(path)).json()
const idOf = (reply: Reply) => reply.headers.get('location')?.split('/').pop() ?? ''
const missing = json(404, { error: 'User not found' })
const invalid = (field: string, errorMessage: string, ...params: unknown[]) => ({
  field,
  errorMessage,
  params: [field, ...params],
})

describe('creating a user', () => {
  it('answers 201, empty, with the address of its id', async () => {
    const reply = await post({ username: 'created' })
    expect(answerOf(reply, 'location')).toEqual({
      ...empty(201),
      location: `${realm.target.server}/admin/realms/${realm.name}/users/${idOf(reply)}`,
    })
    expect(idOf(reply)).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('shows it with these members, in this order', async () => {
    const id = await realm.addUser('shown')
    expect(shapeOf(await get(`/users/${id}`))).toBe(
      '{id: string, username: string, firstName: string, lastName: string, email: string, emailVerified: boolean, ' +
        'enabled: boolean, createdTimestamp: number, totp: boolean, disableableCredentialTypes: [], requiredActions: [], ' +
        'notBefore: number, access: {manageGroupMembership: boolean, resetPassword: boolean, view: boolean, ' +
        'mapRoles: boolean, impersonate: boolean, manage: boolean}}',
    )
  })

  it('writes user name and e-mail in lower case, and leaves it disabled unless told otherwise', async () => {
    const id = idOf(await post({ username: 'Mixed.Case', email: 'Mixed@Example.ORG' }))
    expect(await get(`/users/${id}`)).toMatchObject({
      username: 'mixed.case',
      email: 'mixed@example.org',
      enabled: false,
      emailVerified: false,
    })
  })

  it('does not take roles, says nothing of it', async () => {
    const reply = await post({ username: 'roleless', realmRoles: ['admin'], clientRoles: { app: ['x'] } })
    expect(reply.status).toBe(201)
    const mapped = await get(`/users/${idOf(reply)}/role-mappings/realm`)
    expect(mapped.map(({ name }: { name: string }) => name)).toEqual([`default-roles-${realm.name}`])
  })

  it('does not take attributes that the realm does not know', async () => {
    const id = idOf(await post({ username: 'attributed', attributes: { dept: ['x'] } }))
    expect(await get(`/users/${id}`)).not.toHaveProperty('attributes')
  })

  it('does not take required actions that there are not, when it is made or changed', async () => {
    const requiredActions = ['NO_SUCH_ACTION', 'CONFIGURE_TOTP']
    const id = idOf(await post({ username: 'asked', requiredActions }))
    expect((await get(`/users/${id}`)).requiredActions).toEqual(['CONFIGURE_TOTP'])
    const json = { requiredActions: ['NO_SUCH_ACTION', 'UPDATE_PROFILE'] }
    expect(answerOf(await realm.api(`/users/${id}`, { method: 'PUT', json }))).toEqual(empty(204))
    expect((await get(`/users/${id}`)).requiredActions).toEqual(['UPDATE_PROFILE'])
  })

  it('takes groups by their path', async () => {
    await realm.admin.client.groups.create({ name: 'crew' })
    const id = idOf(await post({ username: 'grouped', groups: ['/crew'] }))
    expect((await get(`/users/${id}/groups`)).map(({ path }: { path: string }) => path)).toEqual(['/crew'])
  })

  it.each<[string, unknown, unknown]>([
    ['no user name', {}, { errorMessage: 'User name is missing' }],
    ['an empty user name', { username: '' }, { errorMessage: 'User name is missing' }],
    ['a user name too short', { username: 'ab' }, invalid('username', 'error-invalid-length', 3, 255)],
    [
      'a user name too long',
      { username: 'a'.repeat(256) },
      invalid('username', 'error-invalid-length', 3, 255),
    ],
    [
      'a user name with angle brackets',
      { username: 'a<b>c' },
      invalid('username', 'error-username-invalid-character'),
    ],
    [
      'an e-mail that is none',
      { username: 'abcd', email: 'junk' },
      invalid('email', 'error-invalid-email', 'junk'),
    ],
    [
      'a name with odd characters',
      { username: 'abcd', firstName: '100%' },
      invalid('firstName', 'error-person-name-invalid-character'),
    ],
    [
      'several faults at once',
      { username: 'a<', email: 'junk' },
      {
        errors: [
          invalid('username', 'error-invalid-length', 3, 255),
          invalid('email', 'error-invalid-email', 'junk'),
          invalid('username', 'error-username-invalid-character'),
        ],
      },
    ],
    [
      'an unknown field',
      { username: 'abcd', nope: 1 },
      {
        error:
          'Invalid json representation for UserRepresentation. Unrecognized field "nope" at line 1 column 28.',
      },
    ],
  ])('refuses %s', async (_, body, expected) => {
    expect(answerOf(await post(body))).toEqual(json(400, expected))
  })

  it('refuses half a body', async () => {
    const reply = await realm.api('/users', { body: '{', headers: { 'content-type': 'application/json' } })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'Cannot parse the JSON'))
  })

  it.each([
    ['user name', { username: 'TAKEN' }, 'username'],
    ['e-mail', { username: 'other', email: 'Taken@example.org' }, 'email'],
  ])('answers 409 for a %s that is taken', async (_, body, what) => {
    await post({ username: 'taken', email: 'taken@example.org' })
    expect(answerOf(await post(body))).toEqual(json(409, { errorMessage: `User exists with same ${what}` }))
  })
})

describe('a user that does not exist', () => {
  it.each([
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/role-mappings'],
    ['GET', '/groups'],
    ['GET', '/sessions'],
    ['GET', '/credentials'],
    ['POST', '/logout'],
  ])('answers 404 to %s users/nope%s', async (method, path) => {
    expect(answerOf(await realm.api(`/users/nope${path}`, { method }))).toEqual(missing)
  })

  it('answers 404 to PUT', async () => {
    expect(answerOf(await put('/users/nope', { firstName: 'x' }))).toEqual(missing)
    const reset = await put('/users/nope/reset-password', { type: 'password', value: 'x' })
    expect(answerOf(reset)).toEqual(missing)
  })
})

describe('changing a user', () => {
  it('merges: what is not named stays', async () => {
    const id = await realm.addUser('merged')
    expect(answerOf(await put(`/users/${id}`, { firstName: 'New' }))).toEqual(empty(204))
    expect(await get(`/users/${id}`)).toMatchObject({
      firstName: 'New',
      lastName: 'Last',
      email: 'merged@example.org',
      enabled: true,
    })
  })

  it('erases e-mail and names when attributes come without them', async () => {
    const id = await realm.addUser('erased')
    expect(answerOf(await put(`/users/${id}`, { attributes: { dept: ['x'] } }))).toEqual(empty(204))
    const user = await get(`/users/${id}`)
    for (const name of ['email', 'firstName', 'lastName']) expect(user).not.toHaveProperty(name)
    expect(user).toMatchObject({ username: 'erased', emailVerified: true, enabled: true })
  })

  it.each<[string, unknown, Record<string, unknown>]>([
    [
      'another user name',
      { username: 'renamed' },
      json(400, invalid('username', 'error-user-attribute-read-only')),
    ],
    [
      'an e-mail that is taken',
      { email: 'holder@example.org' },
      json(409, { errorMessage: 'User exists with same email' }),
    ],
    ['an e-mail that is none', { email: 'junk' }, json(400, invalid('email', 'error-invalid-email', 'junk'))],
    [
      'an unknown field',
      { nope: 1 },
      json(400, {
        error:
          'Invalid json representation for UserRepresentation. Unrecognized field "nope" at line 1 column 10.',
      }),
    ],
  ])('refuses %s', async (what, body, expected) => {
    if (what.includes('taken')) await realm.addUser('holder')
    const id = await realm.addUser(`changed-${what.length}`)
    expect(answerOf(await put(`/users/${id}`, body))).toEqual(expected)
  })

  it('is gone after DELETE', async () => {
    const id = await realm.addUser('gone')
    expect(answerOf(await remove(`/users/${id}`))).toEqual(empty(204))
    expect(answerOf(await realm.api(`/users/${id}`))).toEqual(missing)
    expect(await get('/users?username=gone')).toEqual([])
    const reply = await realm.token(password('gone'))
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_grant', 'Invalid user credentials'))
  })
})

describe('passwords', () => {
  const reset = (id: string, body: unknown) => put(`/users/${id}/reset-password`, body)

  it('are set, and the old one is dead', async () => {
    const id = await realm.addUser('secretive')
    expect(answerOf(await reset(id, { type: 'password', value: 'new', temporary: false }))).toEqual(
      empty(204),
    )
    expect((await realm.token(password('secretive', { password: 'new' }))).status).toBe(200)
    expect((await realm.token(password('secretive'))).status).toBe(400)
  })

  it('are set for one login with temporary, for good without', async () => {
    const id = await realm.addUser('temporary')
    await reset(id, { type: 'password', value: 'once', temporary: true })
    expect((await get(`/users/${id}`)).requiredActions).toEqual(['UPDATE_PASSWORD'])
    await reset(id, { type: 'password', value: 'once', temporary: false })
    expect((await get(`/users/${id}`)).requiredActions).toEqual([])
  })

  it.each([
    ['an empty one', { type: 'password', value: '' }, 'Empty password not allowed'],
    ['only spaces', { type: 'password', value: '  ' }, 'Empty password not allowed'],
    ['none', { type: 'password' }, 'No password provided'],
  ])('are refused: %s', async (what, body, error) => {
    const id = await realm.addUser(`refused-${what.length}`)
    expect(answerOf(await reset(id, body))).toEqual(json(400, { error }))
  })

  it('are refused for a service account', async () => {
    const id = await realm.addClient({ clientId: 'with-account' })
    const account = await get(`/clients/${id}/service-account-user`)
    const error = 'You can not manage credentials for this user'
    expect(answerOf(await reset(account.id, { type: 'password', value: 'new' }))).toEqual(
      json(400, { error, error_description: error }),
    )
  })

  it('are never shown', async () => {
    const id = await realm.addUser('hidden')
    const reply = await realm.api(`/users/${id}/credentials`)
    expect(shapeOf(reply.json())).toBe(
      '[{id: string, type: string, createdDate: number, credentialData: string}]',
    )
    expect(reply.json()[0].type).toBe('password')
    expect(reply.text).not.toMatch(/secretData|salt|"value"/)
  })
})

describe('sessions of a user', () => {
  it('are listed and ended', async () => {
    const id = await realm.addUser('present')
    const { session_state } = (await realm.token(password('present'))).json()
    const [session] = await get(`/users/${id}/sessions`)
    expect(session).toMatchObject({ id: session_state, username: 'present', userId: id, rememberMe: false })
    expect(Object.values(session.clients)).toEqual(['app'])
    expect(answerOf(await realm.api(`/users/${id}/logout`, { method: 'POST' }))).toEqual(empty(204))
    expect(await get(`/users/${id}/sessions`)).toEqual([])
  })

  it('are ended one by one, once', async () => {
    await realm.addUser('leaving')
    const { session_state } = (await realm.token(password('leaving'))).json()
    expect(answerOf(await remove(`/sessions/${session_state}`))).toEqual(empty(204))
    expect(answerOf(await remove(`/sessions/${session_state}`))).toEqual(
      json(404, { error: 'Sesssion not found' }),
    )
  })
})

describe('importing users', () => {
  it('skips or adds, with their roles, and says what it did', async () => {
    const user = { username: 'imported', enabled: true, realmRoles: ['user'] }
    const body = { ifResourceExists: 'SKIP', users: [user] }
    const first = await realm.api('/partialImport', { json: body })
    expect(first.status).toBe(200)
    const [{ id, ...result }] = first.json().results
    expect(first.json()).toMatchObject({ overwritten: 0, added: 1, skipped: 0 })
    expect(result).toEqual({ action: 'ADDED', resourceType: 'USER', resourceName: 'imported' })
    const mapped = await get(`/users/${id}/role-mappings/realm`)
    expect(mapped.map(({ name }: { name: string }) => name)).toContain('user')
    const second = await realm.api('/partialImport', { json: body })
    expect(second.json()).toMatchObject({ overwritten: 0, added: 0, skipped: 1 })
  })
})

describe('an e-mail with required actions', () => {
  const send = (id: string, query = '', actions: unknown = ['UPDATE_PASSWORD']) =>
    realm.api(`/users/${id}/execute-actions-email${query}`, { method: 'PUT', json: actions })
  const refusal = (errorMessage: string) => json(400, { errorMessage })

  it.each([
    ['an unknown action', '', ['NO_SUCH_ACTION'], 'Provided invalid required actions'],
    [
      'a way back without a client',
      '?redirect_uri=https://app.example/callback',
      undefined,
      'Client id missing',
    ],
    ['an unknown client', '?client_id=nothing', ['NO_SUCH_ACTION'], "Client doesn't exist"],
    ['a client that is switched off', '?client_id=switched-off', undefined, 'Client is not enabled'],
    [
      'a way back that is not the client’s',
      '?client_id=app&redirect_uri=https://evil.example/',
      undefined,
      'Invalid redirect uri.',
    ],
  ])('is not sent with %s', async (what, query, actions, message) => {
    const id = await realm.addUser(`mail-${what.replaceAll(/\W/g, '-')}`)
    if (query.includes('switched-off')) await realm.addClient({ clientId: 'switched-off', enabled: false })
    expect(answerOf(await send(id, query, actions))).toEqual(refusal(message))
  })

  it('is not sent to who has no address, or is switched off', async () => {
    const id = await realm.addUser('mail-off', { enabled: false })
    expect(answerOf(await send(id))).toEqual(refusal('User is disabled'))
    await realm.api(`/users/${id}`, { method: 'PUT', json: { email: '' } })
    expect(answerOf(await send(id))).toEqual(refusal('User email missing'))
  })

  it('is not sent by a realm without a mail server', async () => {
    const id = await realm.addUser('mail-none')
    const reply = await send(id, '?client_id=app&redirect_uri=https://app.example/callback')
    expect(reply.status).toBe(500)
    expect(reply.json().errorMessage).toContain('Failed to send execute actions email')
  })
})
