import { pbkdf2Sync, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json, oauthError } from '../src/expect.ts'
import { password } from '../src/grants.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm()
afterAll(() => realm.close())

interface Result {
  action: string
  resourceType: string
  resourceName: string
  id: string
}

const send = (users: unknown[]) => realm.api('/partialImport', { json: { ifResourceExists: 'SKIP', users } })
const get = async (path: string) => (await realm.api(path)).json()
const post = (path: string, body: unknown) => realm.api(path, { json: body })
const byName = (results: Result[]) => results.toSorted((a, b) => (a.resourceName < b.resourceName ? -1 : 1))
const unforeseen = oauthError(500, 'unknown_error', 'For more on this error consult the server log.')
const duplicate = json(409, { errorMessage: 'Duplicate resource error' })
const names = (list: { name: string }[]) => list.map(({ name }) => name).toSorted()

async function findUser(username: string) {
  const [found] = await get(`/users?username=${username}&exact=true`)
  return found
}

beforeAll(async () => {
  await post('/groups', { name: 'staff' })
  const { id } = (await get('/groups?search=staff'))[0]
  await post(`/groups/${id}/children`, { name: 'night' })
  const everyone = await post('/groups', { name: 'everyone' })
  const path = `/default-groups/${everyone.headers.get('location')?.split('/').pop()}`
  await realm.api(path, { method: 'PUT' })
  const terms = (await get('/authentication/required-actions')).find(
    ({ alias }: { alias: string }) => alias === 'TERMS_AND_CONDITIONS',
  )
  await realm.api('/authentication/required-actions/TERMS_AND_CONDITIONS', {
    method: 'PUT',
    json: { ...terms, enabled: true, defaultAction: true },
  })
})

describe('a partial import with SKIP', () => {
  it('keeps ids and creation times, and stores user names and e-mails in lower case', async () => {
    const id = randomUUID()
    const reply = await send([
      { id, username: 'Keeps', email: 'Keeps@Example.ORG', createdTimestamp: 1234567890123 },
      { id: 'my-own-id', username: 'own' },
    ])
    expect(reply.json()).toMatchObject({ overwritten: 0, added: 2, skipped: 0 })
    expect(byName(reply.json().results)).toEqual([
      { action: 'ADDED', resourceType: 'USER', resourceName: 'Keeps', id },
      { action: 'ADDED', resourceType: 'USER', resourceName: 'own', id: 'my-own-id' },
    ])
    expect(await get(`/users/${id}`)).toMatchObject({
      username: 'keeps',
      email: 'keeps@example.org',
      enabled: false,
      createdTimestamp: 1234567890123,
    })
    expect((await get('/users/my-own-id')).username).toBe('own')
  })

  it('gives users only what the body has, no defaults of the realm', async () => {
    await send([
      { username: 'bare' },
      {
        username: 'rich',
        realmRoles: ['user'],
        groups: ['/staff/night', 'everyone'],
        requiredActions: ['NONE'],
      },
    ])
    const bare = await findUser('bare')
    expect(bare.requiredActions).toEqual([])
    expect(await get(`/users/${bare.id}/role-mappings`)).toEqual({})
    expect(await get(`/users/${bare.id}/groups`)).toEqual([])
    const rich = await findUser('rich')
    expect(rich.requiredActions).toEqual(['NONE'])
    expect(names(await get(`/users/${rich.id}/role-mappings/realm`))).toEqual(['user'])
    expect(names(await get(`/users/${rich.id}/groups`))).toEqual(['everyone', 'night'])
  })

  it('creates unknown realm roles and client roles', async () => {
    const reply = await send([
      { username: 'roles', realmRoles: ['made-up'], clientRoles: { app: ['made-up-too'] } },
    ])
    expect(reply.json()).toMatchObject({ added: 1 })
    expect((await get('/roles/made-up')).name).toBe('made-up')
    const [{ id }] = await get('/clients?clientId=app')
    expect(names(await get(`/clients/${id}/roles`))).toContain('made-up-too')
  })

  it('does not check the user profile', async () => {
    const reply = await send([
      { username: 'x' },
      { username: 'we ird<>', email: 'no address' },
      { username: 'more', attributes: { unknown: ['1'] } },
    ])
    expect(reply.json()).toMatchObject({ added: 3 })
    expect((await findUser('more')).attributes).toBeUndefined()
  })

  it('returns the id of the existing user for a skipped one', async () => {
    await send([{ id: 'there-first', username: 'there' }])
    const reply = await send([{ id: randomUUID(), username: 'There' }, { username: 'not-there' }])
    expect(reply.json()).toMatchObject({ overwritten: 0, added: 1, skipped: 1 })
    expect(byName(reply.json().results)[0]).toEqual({
      action: 'SKIPPED',
      resourceType: 'USER',
      resourceName: 'There',
      id: 'there-first',
    })
  })

  it('accepts plain passwords (temporary is ignored) and hashed ones', async () => {
    const person = { enabled: true, firstName: 'First', lastName: 'Last' }
    const credentials = [{ type: 'password', value: 'once', temporary: true }]
    await send([{ ...person, username: 'secretive', email: 'secretive@example.org', credentials }])
    expect((await findUser('secretive')).requiredActions).toEqual([])
    expect((await realm.token(password('secretive', { password: 'once' }))).status).toBe(200)
    const salt = Buffer.from('a salt of 16 byt')
    const value = pbkdf2Sync('hashed', salt, 1000, 64, 'sha512')
    const hashed = {
      type: 'password',
      secretData: JSON.stringify({ value: value.toString('base64'), salt: salt.toString('base64') }),
      credentialData: JSON.stringify({ hashIterations: 1000, algorithm: 'pbkdf2-sha512' }),
    }
    await send([{ ...person, username: 'hashed', email: 'hashed@example.org', credentials: [hashed] }])
    expect((await realm.token(password('hashed', { password: 'hashed' }))).status).toBe(200)
  })

  it.each([
    ['an unknown group', [{ username: 'aaa', groups: ['/unknown'] }], unforeseen],
    ['an unknown client', [{ username: 'bbb', clientRoles: { unknown: ['x'] } }], unforeseen],
    ['no user name', [{ email: 'no-name@example.org' }], unforeseen],
    ['a user name that is too long', [{ username: 'l'.repeat(300) }], unforeseen],
    ['a name that is too long', [{ username: 'ccc', firstName: 'l'.repeat(300) }], unforeseen],
    ['an id that is too long', [{ username: 'ddd', id: 'i'.repeat(40) }], unforeseen],
    ['an id of another user', [{ username: 'eee', id: 'there-first' }], duplicate],
    ['an e-mail address of another user', [{ username: 'fff', email: 'keeps@example.org' }], unforeseen],
    ['two users with the same user name', [{ username: 'ggg' }, { username: 'GGG' }], duplicate],
    [
      'two users with the same e-mail',
      [
        { username: 'hhh', email: 'same@example.org' },
        { username: 'iii', email: 'same@example.org' },
      ],
      duplicate,
    ],
    [
      'an invalid password hash',
      [{ username: 'jjj', credentials: [{ type: 'password', secretData: 'x', credentialData: '{}' }] }],
      oauthError(500, 'invalid_request', 'Cannot parse the JSON'),
    ],
    [
      'an unknown field',
      [{ username: 'kkk', unknown: 1 }],
      oauthError(500, 'unknown_error', 'Cannot parse the JSON'),
    ],
  ])('adds no users if one has %s', async (what, users, answer) => {
    const good = `good-${what.replaceAll(' ', '-')}`
    expect(answerOf(await send([{ username: good }, ...users]))).toEqual(answer)
    expect(await findUser(good)).toBeUndefined()
  })
})

describe('finding users by ids', () => {
  it('returns the existing ones', async () => {
    await send([
      { id: 'id-b', username: 'by-id-b', firstName: 'First' },
      { id: 'id-a', username: 'by-id-a' },
    ])
    const query = new URLSearchParams({ search: 'id:id-b none id-a', briefRepresentation: 'true' })
    const found = await get(`/users?${query}`)
    expect(found.map(({ id }: { id: string }) => id)).toEqual(['id-b', 'id-a'])
    expect(found[0]).toMatchObject({ username: 'by-id-b', firstName: 'First', enabled: false })
  })

  it('accepts 60 ids', async () => {
    const ids = Array.from({ length: 60 }, () => randomUUID())
    const query = new URLSearchParams({ search: `id:${ids.join(' ')} my-own-id`, max: '61' })
    expect(await get(`/users?${query}`)).toHaveLength(1)
  })
})

describe('creating a single user', () => {
  it('keeps creation time and groups, but not the id', async () => {
    const id = randomUUID()
    const body = { id, username: 'single', createdTimestamp: 1234567890123, groups: ['/staff'] }
    expect((await post('/users', body)).status).toBe(201)
    const made = await findUser('single')
    expect(made.id).not.toBe(id)
    expect(made).toMatchObject({ createdTimestamp: 1234567890123, requiredActions: ['TERMS_AND_CONDITIONS'] })
    expect(names(await get(`/users/${made.id}/groups`))).toEqual(['everyone', 'staff'])
  })
})
