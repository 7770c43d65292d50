import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, empty, json } from '../src/expect.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm({ editUsernameAllowed: true })
afterAll(() => realm.close())

const post = (body: unknown) => realm.api('/users', { json: body })
const put = (id: string, body: unknown) => realm.api(`/users/${id}`, { method: 'PUT', json: body })
const importOne = (user: unknown) =>
  realm.api('/partialImport', { json: { ifResourceExists: 'FAIL', users: [user] } })
const settings = (body: unknown) => realm.api('', { method: 'PUT', json: body })
const taken = (what: string) => json(409, { errorMessage: `User exists with same ${what}` })
const named = async (id: string) => {
  const { username, email } = (await realm.api(`/users/${id}`)).json()
  return [username, email]
}
const add = async (body: unknown) => {
  const reply = await post(body)
  expect(reply.status, reply.text).toBe(201)
  return reply.headers.get('location')?.split('/').pop() ?? ''
}

describe('a user name equal to another user’s e-mail', () => {
  it('is rejected, and so is an e-mail equal to another user’s user name', async () => {
    const alice = await add({ username: 'alice', email: 'alice@one.example' })
    await add({ username: 'named@one.example', email: 'other@one.example' })
    await add({ username: 'self@one.example', email: 'self@one.example' })
    expect(answerOf(await post({ username: 'Alice@one.example', email: 'x@one.example' }))).toEqual(
      taken('username'),
    )
    expect(answerOf(await post({ username: 'bob', email: 'named@one.example' }))).toEqual(taken('email'))
    expect(answerOf(await post({ username: 'alice', email: 'alice@one.example' }))).toEqual(taken('email'))
    const carol = await add({ username: 'carol', email: 'carol@one.example' })
    expect(answerOf(await put(carol, { username: 'alice@one.example' }))).toEqual(taken('username'))
    expect(answerOf(await put(carol, { email: 'named@one.example' }))).toEqual(taken('email'))
    expect(answerOf(await put(carol, { username: 'carol@one.example' }))).toEqual(empty(204))
    expect(answerOf(await put(alice, { firstName: 'Al' }))).toEqual(empty(204))
  })

  it('is required in a body with attributes', async () => {
    const id = await add({ username: 'gina' })
    expect(answerOf(await put(id, { attributes: {} }))).toEqual(
      json(400, { errorMessage: 'User name is missing' }),
    )
    expect(answerOf(await put(id, { username: 'gina', attributes: {} }))).toEqual(empty(204))
  })

  it('is accepted by a partial import and does not block later updates', async () => {
    const dora = await add({ username: 'dora', email: 'dora@two.example' })
    expect((await importOne({ username: 'dora@two.example', email: 'x@two.example' })).status).toBe(200)
    expect((await importOne({ username: 'eve', email: 'dora@two.example' })).status).toBeGreaterThanOrEqual(
      400,
    )
    expect(answerOf(await put(dora, { firstName: 'Do' }))).toEqual(empty(204))
  })

  it('is accepted if login with e-mail is off', async () => {
    await settings({ loginWithEmailAllowed: false })
    await add({ username: 'finn', email: 'finn@three.example' })
    await add({ username: 'finn@three.example', email: 'x@three.example' })
    await settings({ loginWithEmailAllowed: true })
  })
})

describe('a realm with the e-mail as user name', () => {
  beforeAll(async () => {
    expect((await settings({ registrationEmailAsUsername: true })).status).toBe(204)
  })
  afterAll(() => settings({ registrationEmailAsUsername: false }))
  const required = json(400, {
    field: 'email',
    errorMessage: 'error-user-attribute-required',
    params: ['email'],
  })
  const missing = json(400, { errorMessage: 'User name is missing' })

  it.each(["o'neil@names.example", 'foo%bar@names.example', 'Mixed@names.example'])(
    'accepts %s',
    async (email) => {
      const id = await add({ username: `passed-over ${email}`, email })
      expect(await named(id)).toEqual([email.toLowerCase(), email.toLowerCase()])
    },
  )

  it.each<[string, unknown, unknown]>([
    ['no e-mail', { username: 'nobody' }, required],
    [
      'an e-mail among the attributes',
      { username: 'nobody', attributes: { email: ['n@names.example'] } },
      required,
    ],
    ['neither', {}, missing],
    ['an empty e-mail', { username: 'nobody', email: '' }, missing],
    [
      'look-alike letters',
      { email: 'кирилл@names.example' },
      json(400, {
        field: 'username',
        errorMessage: 'error-username-invalid-character',
        params: ['username'],
      }),
    ],
  ])('rejects %s', async (_, body, expected) => {
    expect(answerOf(await post(body))).toEqual(expected)
  })

  it('renames a user only when the e-mail changes', async () => {
    const id = await add({ email: 'first@names.example' })
    for (const [body, name] of [
      [{ username: 'ignored' }, 'first@names.example'],
      [{ email: 'second@names.example' }, 'second@names.example'],
      [{ username: '' }, 'second@names.example'],
    ] as const) {
      expect(answerOf(await put(id, body))).toEqual(empty(204))
      expect(await named(id)).toEqual([name, name])
    }
    expect(answerOf(await put(id, { email: '' }))).toEqual(missing)
    expect(answerOf(await put(id, { attributes: {} }))).toEqual(required)
  })

  it('keeps the given user name for imported users without e-mail', async () => {
    const results = async (user: unknown) => (await importOne(user)).json().results[0].id
    expect(await named(await results({ username: 'imported' }))).toEqual(['imported', undefined])
    const address = 'imported@names.example'
    expect(await named(await results({ username: 'other', email: address }))).toEqual([address, address])
  })
})
