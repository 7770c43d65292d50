import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json } from '../src/expect.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm()
afterAll(() => realm.close())

const post = (path: string, body: unknown) => realm.api(path, { json: body })
const get = async (path: string) => (await realm.api(path)).json()
const ids: Record<string, string> = {}

async function group(label: string, name: string, parent?: string): Promise<void> {
  const path = parent === undefined ? '/groups' : `/groups/${ids[parent]}/children`
  const reply = await post(path, { name })
  ids[label] = reply.headers.get('location')?.split('/').pop() ?? ''
}

beforeAll(async () => {
  await group('a', 'a')
  await group('b in a', 'b', 'a')
  await group('c in b in a', 'c', 'b in a')
  await group('a/b', 'a/b')
  await group('x in a/b', 'x', 'a/b')
  await group('only/slash', 'only/slash')
  await group('y in only/slash', 'y', 'only/slash')
  await group('p', 'p')
  await group('q/r in p', 'q/r', 'p')
  await group('t~/u', 't~/u')
  await group('/lead', '/lead')
  await group('trail/', 'trail/')
})

/** Paths and the group that each finds. */
const paths: readonly (readonly [path: string, label: string | undefined])[] = [
  ['/a', 'a'],
  ['a', 'a'],
  ['a/', 'a'],
  ['a//', 'a'],
  ['/a/b', 'b in a'],
  ['a/b/', 'b in a'],
  ['/a/b/c', 'c in b in a'],
  ['/a/b/x', undefined],
  ['a~/b', undefined],
  ['/a~/b/x', undefined],
  ['/only/slash', 'only/slash'],
  ['only/slash/y', 'y in only/slash'],
  ['only~/slash', undefined],
  ['/p/q/r', 'q/r in p'],
  ['/p/q', undefined],
  ['t~/u', 't~/u'],
  ['//lead', '/lead'],
  ['/lead', undefined],
  ['trail/', undefined],
  ['trail//', undefined],
  ['a//b', undefined],
  ['A', undefined],
  ['b', undefined],
]

describe('a group path', () => {
  it.each(paths)('%s leads to %s', async (path, label) => {
    const reply = await realm.api(`/group-by-path/${encodeURIComponent(path)}`)
    if (label === undefined)
      expect(answerOf(reply)).toEqual(json(404, { error: 'Group path does not exist' }))
    else expect(reply.json().id).toBe(ids[label])
  })

  it('means the same when users are created or imported', async () => {
    for (const [path, label] of paths) {
      const username = `user-${Buffer.from(path).toString('hex')}`
      const made = await post('/users', { username, groups: [path] })
      const users = [{ username: `import-${username}`, groups: [path] }]
      const imported = await post('/partialImport', { ifResourceExists: 'SKIP', users })
      if (label === undefined) {
        expect.soft(made.status, path).toBeGreaterThanOrEqual(400)
        expect.soft(imported.status, path).toBe(500)
        continue
      }
      const id = made.headers.get('location')?.split('/').pop()
      for (const user of [id, imported.json().results[0].id]) {
        const groups = await get(`/users/${user}/groups`)
        expect
          .soft(
            groups.map((each: { id: string }) => each.id),
            path,
          )
          .toEqual([ids[label]])
      }
    }
  })

  it('finds an imported group, or creates it if it is missing', async () => {
    const send = (ifResourceExists: string, name: string, path?: string) =>
      post('/partialImport', {
        ifResourceExists,
        groups: [{ name, ...(path === undefined ? {} : { path }) }],
      })
    expect((await send('SKIP', 'a', '/a')).json()).toMatchObject({ added: 0, skipped: 1 })
    expect((await send('SKIP', 'other', '/a')).json().results).toMatchObject([
      { id: ids.a, resourceName: 'other' },
    ])
    expect((await send('SKIP', 'new', '/new')).json()).toMatchObject({ added: 1 })
    expect((await send('SKIP', 'fresh/er', '/fresh/er')).status).toBe(200)
    expect(answerOf(await send('FAIL', 'a', 'a'))).toEqual(
      json(409, { errorMessage: "Group 'a' already exists" }),
    )
    expect(answerOf(await send('SKIP', 'a'))).toEqual(json(409, { errorMessage: 'Duplicate resource error' }))
    expect((await send('SKIP', 'nowhere', '/elsewhere')).status).toBe(500)
    expect((await get('/groups?search=nowhere')).length).toBe(0)
  })
})

describe('a request path', () => {
  it.each(['/groups//', '//users', '/users//x', '/group-by-path//a'])(
    'is rejected if it is not normalized: %s',
    async (path) => {
      const error = { error: 'missingNormalization', error_description: 'Request path not normalized' }
      const reply = await realm.api(path)
      expect(answerOf(reply)).toEqual(json(400, error))
    },
  )

  it('is rejected with matrix parameters', async () => {
    const error = "Request path contains invalid character ';'"
    expect(answerOf(await realm.api('/users;x=1'))).toEqual(
      json(400, { error: 'invalidCharacter', error_description: error }),
    )
  })
})
