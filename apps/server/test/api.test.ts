import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from './support/environment.ts'

let server: TestServer
let alice: string
let bob: string

beforeAll(async () => {
  server = await startServer()
  ;[alice, bob] = await Promise.all([server.token('alice'), server.token('bob')])
})

afterAll(async () => {
  await server?.close()
})

async function json(answer: Response): Promise<Record<string, unknown>> {
  return (await answer.json()) as Record<string, unknown>
}

/** Every error of the server has this shape. */
async function expectProblem(
  answer: Response,
  status: number,
  detail: unknown,
): Promise<Record<string, unknown>> {
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const problem = await json(answer)
  expect(problem).toEqual({
    type: 'about:blank',
    title: expect.any(String),
    status,
    detail,
    code: expect.stringMatching(/^[A-Z_0-9]+$/),
    requestId: expect.any(String),
    // In development a refusal has the reason.
    ...(status === 401 || status === 403
      ? { reason: expect.stringMatching(/^(?:Token|Request): /), hint: expect.any(String) }
      : {}),
    // Without credentials, it says where a browser signs in.
    ...(detail === 'Not authenticated' ? { login: expect.stringMatching(/^\/auth\/login\b/) } : {}),
  })
  return problem
}

describe('messages', () => {
  test('/public needs no credentials', async () => {
    expect(await json(await server.request('/public'))).toEqual({
      message: 'Hello world, public content here!',
    })
  })

  test('/secure-data greets the user by name', async () => {
    const answer = await server.request('/secure-data', { token: alice })
    expect(answer.status).toBe(200)
    expect(await json(answer)).toEqual({ message: 'Hello alice, secure content here!' })
  })

  test('/admin-data admits alice and refuses bob', async () => {
    expect((await server.request('/admin-data', { token: alice })).status).toBe(200)
    await expectProblem(await server.request('/admin-data', { token: bob }), 403, 'Insufficient permissions')
  })

  test('/me returns the user', async () => {
    const me = await json(await server.request('/me', { token: bob }))
    expect(me).toMatchObject({ username: 'bob', email: 'bob@example.com', sub: expect.any(String) })
    expect(me['roles']).toContain('user')
    expect(me['roles']).not.toContain('admin')
  })
})

describe('refused tokens', () => {
  const unsigned = (claims: object) =>
    [{ alg: 'none', typ: 'JWT' }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')

  test('no token: 401, and a challenge without an error code', async () => {
    const answer = await server.request('/secure-data')
    await expectProblem(answer, 401, 'Not authenticated')
    const challenge = answer.headers.get('www-authenticate')
    expect(challenge).toMatch(/^Bearer /)
    expect(challenge).not.toContain('error=')
  })

  test.each<[string, () => string]>([
    ['garbage', () => 'not-a-token'],
    ['a changed payload', () => alice.replace(/\.[^.]{10}/, '.AAAAAAAAAA')],
    ['a changed signature', () => alice.replace(/\.([^.]{4})([^.]*)$/, '.AAAA$2')],
    ['algorithm none', () => `${unsigned({ sub: 'alice', exp: 4_102_444_800 })}.`],
    ['algorithm none with the real claims', () => `${unsigned(decoded(alice))}.`],
  ])('%s: 401', async (_name, token) => {
    const answer = await server.request('/secure-data', { token: token() })
    await expectProblem(answer, 401, 'Invalid authentication credentials')
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
  })

  function decoded(token: string): object {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object
  }
})

describe('notes', () => {
  const write = (token: string, body: unknown) => server.request('/notes', { token, body })

  test('can be created, read, changed and deleted by their owner', async () => {
    const created = await write(bob, { title: 'First', body: 'of all' })
    expect(created.status).toBe(201)
    const note = await json(created)
    const { sub } = await json(await server.request('/me', { token: bob }))
    expect(note).toEqual({
      id: expect.any(String),
      title: 'First',
      body: 'of all',
      owner: sub,
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: note['createdAt'],
    })
    const path = created.headers.get('location') ?? ''
    expect(path).toBe(`/notes/${String(note['id'])}`)
    expect(await json(await server.request(path, { token: bob }))).toEqual(note)

    const changed = await server.request(path, { token: bob, method: 'PATCH', body: { body: 'changed' } })
    expect(await json(changed)).toMatchObject({
      title: 'First',
      body: 'changed',
      createdAt: note['createdAt'],
    })

    const deleted = await server.request(path, { token: bob, method: 'DELETE' })
    expect([deleted.status, await deleted.text()]).toEqual([204, ''])
    await expectProblem(await server.request(path, { token: bob }), 404, 'There is no note with this id')
  })

  test("another user's note is reported as missing; an admin can access it", async () => {
    const path = (await write(alice, { title: 'Private' })).headers.get('location') ?? ''
    for (const attempt of [{}, { method: 'PATCH', body: { title: 'Mine' } }, { method: 'DELETE' }]) {
      await expectProblem(
        await server.request(path, { token: bob, ...attempt }),
        404,
        'There is no note with this id',
      )
    }
    const bobs = (await write(bob, { title: "Bob's" })).headers.get('location') ?? ''
    expect((await server.request(bobs, { token: alice })).status).toBe(200)
    expect((await server.request(path, { token: alice })).status).toBe(200)
  })

  test.each(['/notes/1', '/notes/00000000-0000-0000-0000-000000000000', "/notes/' or 1=1 --"])(
    '%s: 404',
    async (path) => {
      await expectProblem(
        await server.request(encodeURI(path), { token: bob }),
        404,
        'There is no note with this id',
      )
    },
  )

  test('are listed newest first, page by page, each exactly once', async () => {
    const titles = ['one', 'two', 'three', 'four', 'five'].map((word) => `paged ${word}`)
    for (const title of titles) await write(bob, { title })
    const seen: string[] = []
    let next: string | null | undefined
    do {
      const page = await json(
        await server.request(`/notes?limit=2${next === undefined ? '' : `&cursor=${next}`}`, {
          token: bob,
        }),
      )
      const items = page['items'] as { title: string }[]
      expect(items.length).toBeLessThanOrEqual(2)
      seen.push(...items.map((item) => item.title))
      next = page['next'] as string | null
    } while (next !== null)
    expect(seen.slice(0, 5)).toEqual(titles.toReversed())
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).not.toContain('Private')
  })

  test('are all listed for an admin', async () => {
    await write(bob, { title: 'seen by admin' })
    const { items } = await json(await server.request('/notes?limit=100', { token: alice }))
    expect((items as { title: string }[]).map((item) => item.title)).toContain('seen by admin')
  })

  test('anonymous requests get 401', async () => {
    for (const options of [{}, { body: { title: 'x' } }]) {
      await expectProblem(await server.request('/notes', options), 401, 'Not authenticated')
    }
  })
})

describe('bad input', () => {
  test.each<[string, string, number, RegExp]>([
    ['an unknown field', '{"title":"t","owner":"x"}', 400, /has unknown fields: owner/],
    ['a missing field', '{"body":"b"}', 400, /title/],
    ['a wrong type', '{"title":1}', 400, /body\/title must be string/],
    ['an empty title', '{"title":""}', 400, /body\/title/],
    ['a long title', JSON.stringify({ title: 'x'.repeat(201) }), 400, /body\/title/],
    ['a NUL character', '{"title":"a\\u0000b"}', 400, /body\/title/],
    ['an array', '[]', 400, /body/],
    ['malformed JSON', '{"title":', 400, /not valid JSON/],
    ['nothing', '', 400, /empty/],
    ['a prototype', '{"title":"t","__proto__":{"admin":true}}', 400, /./],
    ['a body too large', JSON.stringify({ title: 't', body: 'x'.repeat(300_000) }), 413, /too large/],
  ])('%s', async (_name, body, status, detail) => {
    await expectProblem(
      await server.request('/notes', { token: bob, body }),
      status,
      expect.stringMatching(detail),
    )
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'application/jsonx'])(
    'content type %s: 415',
    async (type) => {
      const answer = await server.request('/notes', {
        token: bob,
        body: 'title=t',
        headers: { 'content-type': type },
      })
      await expectProblem(answer, 415, expect.any(String))
    },
  )

  test('an empty patch is refused', async () => {
    const path =
      (await server.request('/notes', { token: bob, body: { title: 't' } })).headers.get('location') ?? ''
    await expectProblem(
      await server.request(path, { token: bob, method: 'PATCH', body: {} }),
      400,
      expect.any(String),
    )
  })

  test.each(['limit=0', 'limit=101', 'limit=x', 'limit=1.5', 'cursor=abc', 'cursor=', 'owner=x'])(
    '?%s',
    async (query) => {
      await expectProblem(
        await server.request(`/notes?${query}`, { token: bob }),
        400,
        expect.stringContaining('querystring'),
      )
    },
  )

  test.each<[string, string]>([
    ['GET', '/nothing-here'],
    ['PUT', '/notes'],
    ['GET', '/%zz'],
  ])('%s %s', async (method, path) => {
    const answer = await server.request(path, { method })
    await expectProblem(answer, path === '/%zz' ? 400 : 404, expect.any(String))
  })
})

describe('SQL and HTML are stored as plain strings', () => {
  test.each(["'; drop table app.notes; --", '<script>alert(1)</script>', '%_\\', '𝒳 ‮ é'])(
    '%s',
    async (title) => {
      const created = await server.request('/notes', { token: bob, body: { title } })
      expect(await json(created)).toMatchObject({ title })
    },
  )
})

describe('revocations', () => {
  const revoke = (body: unknown, token?: string): Promise<Response> =>
    server.request('/admin/revocations', { body, ...(token === undefined ? {} : { token }) })
  const claimOf = (token: string, name: string): unknown =>
    (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>)[
      name
    ]

  test('an administrator revokes a session’s tokens at once; other sessions are not affected', async () => {
    const [first, second] = await Promise.all([server.token('bob'), server.token('bob')])
    expect((await server.request('/secure-data', { token: first })).status).toBe(200)
    expect((await revoke({ sid: claimOf(first, 'sid') }, alice)).status).toBe(204)
    await expectProblem(
      await server.request('/secure-data', { token: first }),
      401,
      'Invalid authentication credentials',
    )
    expect((await server.request('/secure-data', { token: second })).status).toBe(200)
    expect((await revoke({ jti: claimOf(second, 'jti') }, alice)).status).toBe(204)
    expect((await server.request('/secure-data', { token: second })).status).toBe(401)
  })

  test('other users may not revoke', async () => {
    await expectProblem(await revoke({ sid: 'x' }, bob), 403, 'Insufficient permissions')
    await expectProblem(await revoke({ sid: 'x' }), 401, 'Not authenticated')
  })

  test.each([
    [{}],
    [{ sid: '' }],
    [{ sid: 'a\u0000b' }],
    [{ sid: 'a', jti: 'b' }],
    [{ notBefore: 'now' }],
    [{ notBefore: 1e12 }],
  ])('%j is refused', async (body) => {
    expect((await revoke(body, alice)).status).toBe(400)
  })
})
