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
  it('returns an empty 201 with the URL of the new user', async () => {
    const reply = await post({ username: 'created' })
    expect(answerOf(reply, 'location')).toEqual({
      ...empty(201),
      location: `${realm.target.server}/admin/realms/${realm.name}/users/${idOf(reply)}`,
    })
    expect(idOf(reply)).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('stores a user with these fields in this order', async () => {
    const id = await realm.addUser('shown')
    expect(shapeOf(await get(`/users/${id}`))).toBe(
      '{id: string, username: string, firstName: string, lastName: string, email: string, emailVerified: boolean, ' +
        'enabled: boolean, createdTimestamp: number, totp: boolean, disableableCredentialTypes: [], requiredActions: [], ' +
        'notBefore: number, access: {manageGroupMembership: boolean, resetPassword: boolean, view: boolean, ' +
        'mapRoles: boolean, impersonate: boolean, manage: boolean}}',
    )
  })

  it('stores user name and e-mail in lower case, and the user is disabled by default', async () => {
    const id = idOf(await post({ username: 'Mixed.Case', email: 'Mixed@Example.ORG' }))
    expect(await get(`/users/${id}`)).toMatchObject({
      username: 'mixed.case',
      email: 'mixed@example.org',
      enabled: false,
      emailVerified: false,
    })
  })

  it('ignores roles without an error', async () => {
    const reply = await post({ username: 'roleless', realmRoles: ['admin'], clientRoles: { app: ['x'] } })
    expect(reply.status).toBe(201)
    const mapped = await get(`/users/${idOf(reply)}/role-mappings/realm`)
    expect(mapped.map(({ name }: { name: string }) => name)).toEqual([`default-roles-${realm.name}`])
  })

  it('ignores attributes that the user profile does not define', async () => {
    const id = idOf(await post({ username: 'attributed', attributes: { dept: ['x'] } }))
    expect(await get(`/users/${id}`)).not.toHaveProperty('attributes')
  })

  it('ignores unknown required actions, on create and update', async () => {
    const requiredActions = ['NO_SUCH_ACTION', 'CONFIGURE_TOTP']
    const id = idOf(await post({ username: 'asked', requiredActions }))
    expect((await get(`/users/${id}`)).requiredActions).toEqual(['CONFIGURE_TOTP'])
    const json = { requiredActions: ['NO_SUCH_ACTION', 'UPDATE_PROFILE'] }
    expect(answerOf(await realm.api(`/users/${id}`, { method: 'PUT', json }))).toEqual(empty(204))
    expect((await get(`/users/${id}`)).requiredActions).toEqual(['UPDATE_PROFILE'])
  })

  it('adds the user to groups by path', async () => {
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
      'an invalid e-mail',
      { username: 'abcd', email: 'junk' },
      invalid('email', 'error-invalid-email', 'junk'),
    ],
    [
      'a name with forbidden characters',
      { username: 'abcd', firstName: '100%' },
      invalid('firstName', 'error-person-name-invalid-character'),
    ],
    [
      'several errors at once',
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
  ])('rejects %s', async (_, body, expected) => {
    expect(answerOf(await post(body))).toEqual(json(400, expected))
  })

  it('rejects an incomplete JSON body', async () => {
    const reply = await realm.api('/users', { body: '{', headers: { 'content-type': 'application/json' } })
    expect(answerOf(reply)).toEqual(oauthError(400, 'invalid_request', 'Cannot parse the JSON'))
  })

  it.each([
    ['user name', { username: 'TAKEN' }, 'username'],
    ['e-mail', { username: 'other', email: 'Taken@example.org' }, 'email'],
  ])('returns 409 for a %s that already exists', async (_, body, what) => {
    await post({ username: 'taken', email: 'taken@example.org' })
    expect(answerOf(await post(body))).toEqual(json(409, { errorMessage: `User exists with same ${what}` }))
  })
})

describe('an unknown user', () => {
  it.each([
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/role-mappings'],
    ['GET', '/groups'],
    ['GET', '/sessions'],
    ['GET', '/credentials'],
    ['POST', '/logout'],
  ])('%s users/nope%s returns 404', async (method, path) => {
    expect(answerOf(await realm.api(`/users/nope${path}`, { method }))).toEqual(missing)
  })

  it('PUT returns 404', async () => {
    expect(answerOf(await put('/users/nope', { firstName: 'x' }))).toEqual(missing)
    const reset = await put('/users/nope/reset-password', { type: 'password', value: 'x' })
    expect(answerOf(reset)).toEqual(missing)
  })
})

describe('changing a user', () => {
  it('keeps fields that the body does not have', async () => {
    const id = await realm.addUser('merged')
    expect(answerOf(await put(`/users/${id}`, { firstName: 'New' }))).toEqual(empty(204))
    expect(await get(`/users/${id}`)).toMatchObject({
      firstName: 'New',
      lastName: 'Last',
      email: 'merged@example.org',
      enabled: true,
    })
  })

  it('removes e-mail and names if the body has attributes without them', async () => {
    const id = await realm.addUser('erased')
    expect(answerOf(await put(`/users/${id}`, { attributes: { dept: ['x'] } }))).toEqual(empty(204))
    const user = await get(`/users/${id}`)
    for (const name of ['email', 'firstName', 'lastName']) expect(user).not.toHaveProperty(name)
    expect(user).toMatchObject({ username: 'erased', emailVerified: true, enabled: true })
  })

  it.each<[string, unknown, Record<string, unknown>]>([
    [
      'a different user name',
      { username: 'renamed' },
      json(400, invalid('username', 'error-user-attribute-read-only')),
    ],
    [
      'an e-mail that already exists',
      { email: 'holder@example.org' },
      json(409, { errorMessage: 'User exists with same email' }),
    ],
    ['an invalid e-mail', { email: 'junk' }, json(400, invalid('email', 'error-invalid-email', 'junk'))],
    [
      'an unknown field',
      { nope: 1 },
      json(400, {
        error:
          'Invalid json representation for UserRepresentation. Unrecognized field "nope" at line 1 column 10.',
      }),
    ],
  ])('rejects %s', async (what, body, expected) => {
    if (what.includes('already exists')) await realm.addUser('holder')
    const id = await realm.addUser(`changed-${what.length}`)
    expect(answerOf(await put(`/users/${id}`, body))).toEqual(expected)
  })

  it('DELETE removes the user', async () => {
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

  it('can be set; the old one is invalid at once', async () => {
    const id = await realm.addUser('secretive')
    expect(answerOf(await reset(id, { type: 'password', value: 'new', temporary: false }))).toEqual(
      empty(204),
    )
    expect((await realm.token(password('secretive', { password: 'new' }))).status).toBe(200)
    expect((await realm.token(password('secretive'))).status).toBe(400)
  })

  it('must be changed at the next login if temporary', async () => {
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
  ])('are rejected: %s', async (what, body, error) => {
    const id = await realm.addUser(`refused-${what.length}`)
    expect(answerOf(await reset(id, body))).toEqual(json(400, { error }))
  })

  it('are rejected for a service account', async () => {
    const id = await realm.addClient({ clientId: 'with-account' })
    const account = await get(`/clients/${id}/service-account-user`)
    const error = 'You can not manage credentials for this user'
    expect(answerOf(await reset(account.id, { type: 'password', value: 'new' }))).toEqual(
      json(400, { error, error_description: error }),
    )
  })

  it('are never returned', async () => {
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
  it('can be listed and ended', async () => {
    const id = await realm.addUser('present')
    const { session_state } = (await realm.token(password('present'))).json()
    const [session] = await get(`/users/${id}/sessions`)
    expect(session).toMatchObject({ id: session_state, username: 'present', userId: id, rememberMe: false })
    expect(Object.values(session.clients)).toEqual(['app'])
    expect(answerOf(await realm.api(`/users/${id}/logout`, { method: 'POST' }))).toEqual(empty(204))
    expect(await get(`/users/${id}/sessions`)).toEqual([])
  })

  it('can be ended one by one; a second time returns 404', async () => {
    await realm.addUser('leaving')
    const { session_state } = (await realm.token(password('leaving'))).json()
    expect(answerOf(await remove(`/sessions/${session_state}`))).toEqual(empty(204))
    expect(answerOf(await remove(`/sessions/${session_state}`))).toEqual(
      json(404, { error: 'Sesssion not found' }),
    )
  })
})

describe('importing users', () => {
  it('adds or skips users with their roles, and reports what it did', async () => {
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
      'a redirect URI without a client',
      '?redirect_uri=https://app.example/callback',
      undefined,
      'Client id missing',
    ],
    ['an unknown client', '?client_id=nothing', ['NO_SUCH_ACTION'], "Client doesn't exist"],
    ['a disabled client', '?client_id=switched-off', undefined, 'Client is not enabled'],
    [
      'a redirect URI of another client',
      '?client_id=app&redirect_uri=https://evil.example/',
      undefined,
      'Invalid redirect uri.',
    ],
  ])('is not sent with %s', async (what, query, actions, message) => {
    const id = await realm.addUser(`mail-${what.replaceAll(/\W/g, '-')}`)
    if (query.includes('switched-off')) await realm.addClient({ clientId: 'switched-off', enabled: false })
    expect(answerOf(await send(id, query, actions))).toEqual(refusal(message))
  })

  it('is not sent to a user without e-mail, or a disabled one', async () => {
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
