import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, empty, json } from '../src/expect.ts'
import { tokensOf } from '../src/grants.ts'
import type { Reply } from '../src/http.ts'
import { openRealm } from '../src/realm.ts'
import { shapeOf } from '../src/shape.ts'
import { decode } from '../src/token.ts'

const realm = await openRealm()
afterAll(() => realm.close())

const post = (path: string, body: unknown) => realm.api(path, { json: body })
const put = (path: string, body?: unknown) =>
  realm.api(path, { method: 'PUT', ...(body !== undefined && { json: body }) })
const remove = (path: string) => realm.api(path, { method: 'DELETE' })
const get = async (path: string) => (await realm.api(path)).json()
const idOf = (reply: Reply) => reply.headers.get('location')?.split('/').pop() ?? ''
const group = async (name: string, more = {}) => idOf(await post('/groups', { name, ...more }))
const child = async (parent: string, name: string) => idOf(await post(`/groups/${parent}/children`, { name }))
const missing = json(404, { error: 'Could not find group by id' })

/** Keycloak sends a media type without a body. */
const movedGroup = { ...empty(204), type: 'application/json' }

const access =
  'access: {view: boolean, viewMembers: boolean, manageMembers: boolean, manage: boolean, manageMembership: boolean}'

describe('groups', () => {
  it('POST returns the URL of the new group', async () => {
    const reply = await post('/groups', { name: 'created' })
    expect(answerOf(reply, 'location')).toEqual({
      ...empty(201),
      location: `${realm.target.server}/admin/realms/${realm.name}/groups/${idOf(reply)}`,
    })
  })

  it('have these fields in this order', async () => {
    const id = await group('read', { attributes: { k: ['v'] } })
    const read = await get(`/groups/${id}`)
    expect(shapeOf(read)).toBe(
      `{id: string, name: string, path: string, subGroupCount: number, subGroups: [], attributes: {k: [string]}, realmRoles: [], clientRoles: {}, ${access}}`,
    )
    expect(read).toMatchObject({ name: 'read', path: '/read', subGroupCount: 0 })
  })

  it('POST children returns the new child', async () => {
    const parent = await group('parent')
    const reply = await post(`/groups/${parent}/children`, { name: 'kid' })
    expect(reply.status).toBe(201)
    expect(reply.headers.get('location')).toBe(
      `${realm.target.server}/admin/realms/${realm.name}/groups/${reply.json().id}`,
    )
    expect(reply.json()).toMatchObject({ name: 'kid', path: '/parent/kid', parentId: parent, subGroups: [] })
    expect(await get(`/groups/${parent}`)).toMatchObject({ subGroupCount: 1, subGroups: [] })
    expect(await get(`/groups/${parent}/children`)).toMatchObject([
      { name: 'kid', path: '/parent/kid', parentId: parent },
    ])
  })

  it.each<[string, unknown, Record<string, unknown>]>([
    [
      'a name that already exists',
      { name: 'taken' },
      json(409, { errorMessage: "Top level group named 'taken' already exists." }),
    ],
    ['no name', {}, json(400, { errorMessage: 'Group name is missing' })],
    ['an empty name', { name: '' }, json(400, { errorMessage: 'Group name is missing' })],
    [
      'an unknown field',
      { name: 'x', nope: 1 },
      json(400, {
        error:
          'Invalid json representation for GroupRepresentation. Unrecognized field "nope" at line 1 column 21.',
      }),
    ],
  ])('POST rejects %s', async (_, body, expected) => {
    await group('taken')
    expect(answerOf(await post('/groups', body))).toEqual(expected)
  })

  it('POST children rejects the name of a sibling', async () => {
    const parent = await group('strict-parent')
    await child(parent, 'kid')
    const reply = await post(`/groups/${parent}/children`, { name: 'kid' })
    expect(answerOf(reply)).toEqual(json(409, { errorMessage: "Sibling group named 'kid' already exists." }))
  })

  it('an unknown group returns 404', async () => {
    expect(answerOf(await realm.api('/groups/nope'))).toEqual(missing)
    expect(answerOf(await put('/groups/nope', { name: 'x' }))).toEqual(missing)
    expect(answerOf(await remove('/groups/nope'))).toEqual(missing)
    expect(answerOf(await post('/groups/nope/children', { name: 'x' }))).toEqual(missing)
  })

  it('can be found by path', async () => {
    const kid = await child(await group('by-path'), 'kid')
    expect(await get('/group-by-path/by-path/kid')).toMatchObject({ id: kid, path: '/by-path/kid' })
    const reply = await realm.api('/group-by-path/by-path/nope')
    expect(answerOf(reply)).toEqual(json(404, { error: 'Group path does not exist' }))
  })

  it('can be renamed; their paths change too', async () => {
    const id = await group('old-name', { attributes: { k: ['v'] } })
    const kid = await child(id, 'kid')
    expect(answerOf(await put(`/groups/${id}`, { name: 'new-name' }))).toEqual(empty(204))
    expect(await get(`/groups/${id}`)).toMatchObject({ path: '/new-name', attributes: { k: ['v'] } })
    expect((await get(`/groups/${kid}`)).path).toBe('/new-name/kid')
  })

  describe('can be moved', () => {
    const pathOf = async (id: string) => (await get(`/groups/${id}`)).path
    const below = (parent: string, id: string, name: string) =>
      post(`/groups/${parent}/children`, { id, name })

    it('below another group and to the top level, repeatedly, keeping their names', async () => {
      const [home, id] = [await group('home'), await group('moved')]
      const kid = await child(id, 'kid')
      for (const name of ['moved', 'moved', 'another-name']) {
        expect(answerOf(await below(home, id, name))).toEqual(movedGroup)
        expect(await pathOf(kid)).toBe('/home/moved/kid')
      }
      for (const name of ['moved', 'moved', 'another-name']) {
        expect(answerOf(await post('/groups', { id, name }))).toEqual(empty(204))
        expect(await pathOf(kid)).toBe('/moved/kid')
      }
    })

    it('but not where a sibling has the same name, whatever name the body has', async () => {
      const [home, id] = [await group('full-home'), await group('contested')]
      const kid = await child(home, 'contested')
      expect(answerOf(await below(home, id, 'contested'))).toEqual(
        json(409, { errorMessage: "Sibling group named 'contested' already exists." }),
      )
      expect(answerOf(await below(home, id, 'other'))).toEqual(
        json(409, { errorMessage: "Sibling group named 'other' already exists." }),
      )
      expect(answerOf(await post('/groups', { id: kid, name: 'contested' }))).toEqual(
        json(409, { errorMessage: "Top level group named 'contested' already exists." }),
      )
      expect(answerOf(await put(`/groups/${id}`, { name: 'full-home' }))).toEqual(
        json(409, { errorMessage: "Sibling group named 'full-home' already exists." }),
      )
    })

    it('but not into themselves (ignored) or below themselves (an error)', async () => {
      const id = await group('ring')
      const kid = await child(id, 'kid')
      expect(answerOf(await below(id, id, 'ring'))).toEqual(movedGroup)
      expect((await below(kid, id, 'ring')).status).toBe(500)
      expect(await pathOf(kid)).toBe('/ring/kid')
    })

    it('only by an existing id, and with a name', async () => {
      const [home, id] = [await group('strict-home'), await group('nameless')]
      const unknown = json(404, { error: 'Could not find child by id' })
      expect(answerOf(await below(home, 'nope', 'x'))).toEqual(unknown)
      expect(answerOf(await post('/groups', { id: 'nope', name: 'x' }))).toEqual(unknown)
      expect(answerOf(await post(`/groups/${home}/children`, { id }))).toEqual(
        json(400, { errorMessage: 'Group name is missing' }),
      )
    })
  })

  it('are deleted with their children', async () => {
    const id = await group('doomed')
    const kid = await child(id, 'kid')
    expect(answerOf(await remove(`/groups/${id}`))).toEqual(empty(204))
    expect(answerOf(await realm.api(`/groups/${kid}`))).toEqual(missing)
  })
})

describe('lists of groups', () => {
  beforeAll(async () => {
    const id = await group('tree')
    await child(id, 'needle')
  })

  it('show the top level, briefly, with the number of children', async () => {
    const all = await get('/groups')
    const tree = all.find(({ name }: { name: string }) => name === 'tree')
    expect(shapeOf(tree)).toBe(
      `{id: string, name: string, path: string, subGroupCount: number, subGroups: [], ${access}}`,
    )
    expect(tree).toMatchObject({ path: '/tree', subGroupCount: 1 })
    const names = all.map(({ name }: { name: string }) => name)
    expect(names).not.toContain('needle')
    expect(names).toEqual(names.toSorted())
  })

  it('show the path down to a search result', async () => {
    expect(await get('/groups?search=need')).toMatchObject([
      { name: 'tree', subGroups: [{ name: 'needle', path: '/tree/needle' }] },
    ])
    expect(await get('/groups?search=need&exact=true')).toEqual([])
  })

  it('groups/count returns an object', async () => {
    const top = (await get('/groups?max=1000')).length
    expect(answerOf(await realm.api('/groups/count?top=true'))).toEqual(json(200, { count: top }))
    expect(Object.keys(await get('/groups/count'))).toEqual(['count'])
    expect((await get('/groups/count')).count).toBeGreaterThan(top)
  })
})

describe('group members', () => {
  it('can be added and removed repeatedly without an error', async () => {
    const [user, id] = [await realm.addUser('joiner'), await group('club')]
    const membership = `/users/${user}/groups/${id}`
    expect(answerOf(await put(membership))).toEqual(empty(204))
    expect(answerOf(await put(membership))).toEqual(empty(204))
    expect(await get(`/users/${user}/groups`)).toMatchObject([{ id, name: 'club', path: '/club' }])
    expect(await get(`/users/${user}/groups/count`)).toEqual({ count: 1 })
    const members = await get(`/groups/${id}/members`)
    expect(members.map(({ username }: { username: string }) => username)).toEqual(['joiner'])
    expect(answerOf(await remove(membership))).toEqual(empty(204))
    expect(answerOf(await remove(membership))).toEqual(empty(204))
    expect(await get(`/groups/${id}/members`)).toEqual([])
  })

  it('are listed by name, whatever the order in which they joined, in pages', async () => {
    const id = await group('ordered')
    for (const username of ['ordered-c', 'ordered-a', 'ordered-b'])
      await put(`/users/${await realm.addUser(username)}/groups/${id}`)
    const names = async (query: string) =>
      (await get(`/groups/${id}/members?${query}`)).map(({ username }: { username: string }) => username)
    expect(await names('briefRepresentation=true')).toEqual(['ordered-a', 'ordered-b', 'ordered-c'])
    expect(await names('first=1&max=1')).toEqual(['ordered-b'])
    expect(await names('first=3')).toEqual([])
  })

  it('of a child group are not members of its parent', async () => {
    const user = await realm.addUser('deep')
    const top = await group('top')
    await put(`/users/${user}/groups/${await child(top, 'deep')}`)
    expect(await get(`/groups/${top}/members`)).toEqual([])
  })

  it('cannot be added to an unknown group, nor can an unknown user', async () => {
    const [user, id] = [await realm.addUser('lost'), await group('found')]
    expect(answerOf(await put(`/users/${user}/groups/nope`))).toEqual(json(404, { error: 'Group not found' }))
    expect(answerOf(await put(`/users/nope/groups/${id}`))).toEqual(json(404, { error: 'User not found' }))
  })

  it('have the roles of their group and its parents', async () => {
    const user = await realm.addUser('inheriting')
    const top = await group('privileged')
    const kid = await child(top, 'kid')
    const [admin, plain] = [await get('/roles/admin'), await get('/roles/user')]
    expect(answerOf(await post(`/groups/${top}/role-mappings/realm`, [admin]))).toEqual(empty(204))
    await post(`/groups/${kid}/role-mappings/realm`, [plain])
    await put(`/users/${user}/groups/${kid}`)
    const effective = await get(`/users/${user}/role-mappings/realm/composite`)
    expect(effective.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['admin', 'user']),
    )
    const { claims } = decode((await tokensOf(realm, 'inheriting')).access_token)
    expect(claims.realm_access.roles).toEqual(expect.arrayContaining(['admin', 'user']))
    expect((await get(`/groups/${top}`)).realmRoles).toEqual(['admin'])
  })
})
