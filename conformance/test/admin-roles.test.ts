import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, empty, json } from '../src/expect.ts'
import { tokensOf } from '../src/grants.ts'
import { openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm()
afterAll(() => realm.close())

const post = (path: string, body: unknown) => realm.api(path, { json: body })
const put = (path: string, body: unknown) => realm.api(path, { method: 'PUT', json: body })
const remove = (path: string, body?: unknown) =>
  realm.api(path, { method: 'DELETE', ...(body !== undefined && { json: body }) })
const get = async (path: string) => (await realm.api(path)).json()
const role = async (name: string, more = {}) => {
  await post('/roles', { name, ...more })
  return get(`/roles/${name}`)
}
const names = (list: { name: string }[]) => list.map(({ name }) => name).toSorted()
const missing = json(404, { error: 'Could not find role' })
const address = `${realm.target.server}/admin/realms/${realm.name}`

let app: string
let alice: string
beforeAll(async () => {
  app = (await get('/clients?clientId=app'))[0].id
  alice = await realm.addUser('alice')
})

describe('realm roles', () => {
  it('POST returns a URL that ends with the role name', async () => {
    const reply = await post('/roles', { name: 'new', description: 'd' })
    expect(answerOf(reply, 'location')).toEqual({ ...empty(201), location: `${address}/roles/new` })
  })

  it('special characters in a name are encoded in the URL', async () => {
    const reply = await post('/roles', { name: 'a b/ü:c' })
    expect(reply.headers.get('location')).toBe(`${address}/roles/a%20b%2F%C3%BC:c`)
    expect((await get(`/roles/${encodeURIComponent('a b/ü:c')}`)).name).toBe('a b/ü:c')
  })

  it('can be read by name and by id', async () => {
    const read = await role('readable', { description: 'd', attributes: { k: ['v'] } })
    expect(shapeOf(read)).toBe(
      '{id: string, name: string, description: string, composite: boolean, clientRole: boolean, containerId: string, attributes: {k: [string]}}',
    )
    expect(await get(`/roles-by-id/${read.id}`)).toEqual(read)
  })

  it('are listed briefly, with attributes on request', async () => {
    await role('listed')
    const [brief] = await get('/roles?search=listed')
    expect(Object.keys(brief)).toEqual(['id', 'name', 'composite', 'clientRole', 'containerId'])
    const [full] = await get('/roles?search=listed&briefRepresentation=false')
    expect(Object.keys(full)).toEqual(['id', 'name', 'composite', 'clientRole', 'containerId', 'attributes'])
    expect(names(await get('/roles'))).toEqual(
      expect.arrayContaining([
        'admin',
        `default-roles-${realm.name}`,
        'offline_access',
        'uma_authorization',
        'user',
      ]),
    )
  })

  it.each<[string, unknown, Record<string, unknown>]>([
    [
      'a name that already exists',
      { name: 'user' },
      json(409, { errorMessage: 'Role with name user already exists' }),
    ],
    ['no name', {}, json(400, { error: 'role has no name' })],
    [
      'an unknown field',
      { name: 'x', nope: 1 },
      json(400, {
        error:
          'Invalid json representation for RoleRepresentation. Unrecognized field "nope" at line 1 column 21.',
      }),
    ],
  ])('POST rejects %s', async (_, body, expected) => {
    expect(answerOf(await post('/roles', body))).toEqual(expected)
  })

  it('an unknown role returns 404', async () => {
    expect(answerOf(await realm.api('/roles/nope'))).toEqual(missing)
    expect(answerOf(await put('/roles/nope', { name: 'nope' }))).toEqual(missing)
    expect(answerOf(await remove('/roles/nope'))).toEqual(missing)
    expect(answerOf(await realm.api('/roles-by-id/nope'))).toEqual(
      json(404, { error: 'Could not find role with id' }),
    )
  })

  it('PUT replaces a role, including its name; attributes stay when the body has none', async () => {
    const before = await role('replaced', { description: 'd' })
    expect(answerOf(await put('/roles/replaced', { name: 'replaced', attributes: { k: ['v'] } }))).toEqual(
      empty(204),
    )
    expect(await get('/roles/replaced')).toEqual({
      ...before,
      attributes: { k: ['v'] },
      description: undefined,
    })
    await put('/roles/replaced', { name: 'renamed' })
    expect(await get('/roles/renamed')).toMatchObject({ id: before.id, attributes: { k: ['v'] } })
  })

  it('DELETE removes a role, also from its users', async () => {
    const gone = await role('gone')
    await post(`/users/${alice}/role-mappings/realm`, [gone])
    expect(answerOf(await remove('/roles/gone'))).toEqual(empty(204))
    expect(answerOf(await realm.api('/roles/gone'))).toEqual(missing)
    expect(names(await get(`/users/${alice}/role-mappings/realm`))).not.toContain('gone')
  })

  it('the default role cannot be deleted', async () => {
    const name = `default-roles-${realm.name}`
    const errorMessage = `${name} is default role of the realm and cannot be removed.`
    expect(answerOf(await remove(`/roles/${name}`))).toEqual(json(400, { errorMessage }))
  })
})

describe('client roles', () => {
  it('can be created, read and listed; a duplicate is rejected', async () => {
    const reply = await post(`/clients/${app}/roles`, { name: 'reader' })
    expect(answerOf(reply, 'location')).toEqual({
      ...empty(201),
      location: `${address}/clients/${app}/roles/reader`,
    })
    const read = await get(`/clients/${app}/roles/reader`)
    expect(read).toMatchObject({ name: 'reader', composite: false, clientRole: true, containerId: app })
    expect(names(await get(`/clients/${app}/roles`))).toContain('reader')
    const again = await post(`/clients/${app}/roles`, { name: 'reader' })
    expect(answerOf(again)).toEqual(json(409, { errorMessage: 'Role with name reader already exists' }))
    expect(answerOf(await realm.api(`/clients/${app}/roles/nope`))).toEqual(missing)
  })
})

describe('composite roles', () => {
  it('can contain realm roles and client roles', async () => {
    await post(`/clients/${app}/roles`, { name: 'writer' })
    const writer = await get(`/clients/${app}/roles/writer`)
    const [boss, user] = [await role('boss'), await get('/roles/user')]
    expect(boss.composite).toBe(false)
    expect(answerOf(await post('/roles/boss/composites', [user, writer]))).toEqual(empty(204))
    expect((await get('/roles/boss')).composite).toBe(true)
    expect(names(await get('/roles/boss/composites'))).toEqual(['user', 'writer'])
    expect(names(await get('/roles/boss/composites/realm'))).toEqual(['user'])
    expect(names(await get(`/roles/boss/composites/clients/${app}`))).toEqual(['writer'])
    expect(answerOf(await remove('/roles/boss/composites', [writer]))).toEqual(empty(204))
    expect(names(await get('/roles/boss/composites'))).toEqual(['user'])
  })

  it('give all roles that they contain, also in the token', async () => {
    const [outer, inner] = [await role('outer'), await role('inner')]
    await post('/roles/outer/composites', [inner])
    const id = await realm.addUser('composed')
    await post(`/users/${id}/role-mappings/realm`, [outer])
    const { claims } = decode((await tokensOf(realm, 'composed')).access_token)
    expect(claims.realm_access.roles).toEqual(expect.arrayContaining(['outer', 'inner']))
  })

  it('reject an unknown role', async () => {
    await role('picky')
    const reply = await post('/roles/picky/composites', [{ id: 'nope', name: 'nope' }])
    expect(answerOf(reply)).toEqual(json(404, { error: 'Could not find composite role' }))
  })
})

describe('roles of a user', () => {
  const mappings = `/role-mappings/realm`
  const fresh = async (name: string) => `/users/${await realm.addUser(name)}`

  it('show in the user list of the role, by name, in pages', async () => {
    const shared = await role('shared')
    for (const name of ['holder-c', 'holder-a', 'holder-b'])
      await post((await fresh(name)) + mappings, [shared])
    const holders = async (query: string) =>
      (await get(`/roles/shared/users?${query}`)).map(({ username }: { username: string }) => username)
    expect(await holders('briefRepresentation=true')).toEqual(['holder-a', 'holder-b', 'holder-c'])
    expect(await holders('first=1&max=1')).toEqual(['holder-b'])
    expect(await holders('first=3')).toEqual([])
  })

  it('can be added and removed repeatedly without an error', async () => {
    const [user, admin] = [await fresh('mapped'), await get('/roles/admin')]
    expect(answerOf(await post(user + mappings, [admin]))).toEqual(empty(204))
    expect(answerOf(await post(user + mappings, [admin]))).toEqual(empty(204))
    expect(names(await get(user + mappings))).toEqual(['admin', `default-roles-${realm.name}`])
    expect(answerOf(await remove(user + mappings, [admin]))).toEqual(empty(204))
    expect(answerOf(await remove(user + mappings, [admin]))).toEqual(empty(204))
    expect(names(await get(user + mappings))).toEqual([`default-roles-${realm.name}`])
  })

  it('are all removed by DELETE without a body', async () => {
    const user = await fresh('stripped')
    expect(answerOf(await remove(user + mappings))).toEqual(empty(204))
    expect(answerOf(await realm.api(user + mappings))).toEqual(json(200, []))
  })

  it('are shown together, client roles grouped by client', async () => {
    const user = await fresh('both-kinds')
    await post(`/clients/${app}/roles`, { name: 'viewer' })
    const viewer = await get(`/clients/${app}/roles/viewer`)
    expect(answerOf(await post(`${user}/role-mappings/clients/${app}`, [viewer]))).toEqual(empty(204))
    const all = await get(`${user}/role-mappings`)
    expect(Object.keys(all)).toEqual(['realmMappings', 'clientMappings'])
    expect(names(all.realmMappings)).toEqual([`default-roles-${realm.name}`])
    expect(all.clientMappings.app).toMatchObject({ id: app, client: 'app', mappings: [{ name: 'viewer' }] })
    expect(names(await get(`${user}/role-mappings/clients/${app}`))).toEqual(['viewer'])
    expect(names(await get(`/clients/${app}/roles/viewer/users`).then(usernames))).toEqual(['both-kinds'])
  })

  it('are shown as effective roles and as available roles', async () => {
    const user = await fresh('effective')
    expect(names(await get(`${user}${mappings}/composite`))).toEqual([
      `default-roles-${realm.name}`,
      'offline_access',
      'uma_authorization',
    ])
    const available = names(await get(`${user}${mappings}/available`))
    expect(available).toEqual(expect.arrayContaining(['admin', 'offline_access', 'user']))
    expect(available).not.toContain(`default-roles-${realm.name}`)
  })

  it('can be listed by role', async () => {
    const [user, watched] = [await fresh('watched-user'), await role('watched')]
    await post(user + mappings, [watched])
    expect(names(await get('/roles/watched/users').then(usernames))).toEqual(['watched-user'])
  })

  it.each<[string, unknown, Record<string, unknown>]>([
    ['a role by its name only', [{ name: 'user' }], json(404, { error: 'Role not found' })],
    ['a role that does not exist', [{ id: 'nope', name: 'nope' }], json(404, { error: 'Role not found' })],
  ])('POST rejects %s', async (what, body, expected) => {
    const user = await fresh(`refused-${what.length}`)
    expect(answerOf(await post(user + mappings, body))).toEqual(expected)
  })

  it('an object instead of a list is rejected', async () => {
    const reply = await post(`/users/${alice}${mappings}`, await get('/roles/user'))
    const expected = { error: 'unknown_error', error_description: 'Cannot parse the JSON' }
    expect(answerOf(reply)).toEqual(json(400, expected))
  })

  it('an unknown user or client returns 404', async () => {
    expect(answerOf(await post(`/users/nope${mappings}`, []))).toEqual(json(404, { error: 'User not found' }))
    const reply = await post(`/users/${alice}/role-mappings/clients/nope`, [])
    expect(answerOf(reply)).toEqual(json(404, { error: 'Client not found' }))
  })
})

function usernames(users: { username: string }[]): { name: string }[] {
  return users.map(({ username }) => ({ name: username }))
}
