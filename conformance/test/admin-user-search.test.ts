import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, json } from '../src/expect.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm()
afterAll(() => realm.close())

beforeAll(async () => {
  const profile = (await realm.api('/users/profile')).json()
  await realm.api('/users/profile', {
    method: 'PUT',
    json: { ...profile, unmanagedAttributePolicy: 'ENABLED' },
  })
  await realm.addUser('alice', {
    firstName: 'Alice',
    lastName: 'Adams',
    attributes: { dept: ['sales', 'north'] },
  })
  await realm.addUser('bob', {
    firstName: 'Bob',
    lastName: 'Brown',
    email: 'robert@corp.test',
    attributes: { dept: ['it'] },
  })
  await realm.addUser('carol', {
    firstName: 'Carol',
    lastName: 'Adams',
    enabled: false,
    emailVerified: false,
  })
  await realm.addUser('under_score', { firstName: 'Ursula', lastName: "O'Neil" })
})

const found = async (query: Record<string, string>) =>
  (await realm.api(`/users?${new URLSearchParams(query)}`))
    .json()
    .map(({ username }: { username: string }) => username)

describe('finding users', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['all users by name, without service accounts', {}, ['alice', 'bob', 'carol', 'under_score']],
    ['a page', { first: '1', max: '2' }, ['bob', 'carol']],
    ['at most max users', { max: '1' }, ['alice']],
    ['all users with max −1', { max: '-1' }, ['alice', 'bob', 'carol', 'under_score']],
    ['none with max 0', { max: '0' }, []],
    ['search: the start of a name', { search: 'ali' }, ['alice']],
    ['search: not the middle', { search: 'lic' }, []],
    ['search: the middle with a star', { search: '*lic' }, ['alice']],
    ['search: the whole, in quotes', { search: '"alice"' }, ['alice']],
    ['search: not a part in quotes', { search: '"ali"' }, []],
    ['search: in any letter case', { search: 'ALICE' }, ['alice']],
    ['search: by e-mail', { search: 'robert@' }, ['bob']],
    ['search: by last name', { search: 'adams' }, ['alice', 'carol']],
    ['search: every word must be found', { search: 'alice brown' }, []],
    ['search: q is ignored next to it', { search: 'adams', q: 'dept:it' }, ['alice', 'carol']],
    ['username: a part', { username: 'lic' }, ['alice']],
    ['username: exact', { username: 'alice', exact: 'true' }, ['alice']],
    ['username: exact, in any letter case', { username: 'ALICE', exact: 'true' }, ['alice']],
    ['username: exact, not a part', { username: 'ali', exact: 'true' }, []],
    ['email: a part', { email: 'corp' }, ['bob']],
    ['email: exact', { email: 'robert@corp.test', exact: 'true' }, ['bob']],
    ['email: exact, not a part', { email: 'robert', exact: 'true' }, []],
    ['firstName', { firstName: 'aro' }, ['carol']],
    ['lastName', { lastName: 'adams' }, ['alice', 'carol']],
    ['two filters together', { lastName: 'adams', firstName: 'alice' }, ['alice']],
    ['q: an attribute', { q: 'dept:it' }, ['bob']],
    ['q: any value of an attribute', { q: 'dept:north' }, ['alice']],
    ['q: not a part of a value', { q: 'dept:nor' }, []],
    ['enabled', { enabled: 'false' }, ['carol']],
    [
      'emailVerified: includes service accounts',
      { emailVerified: 'false' },
      ['carol', 'service-account-app'],
    ],
    ['username: includes service accounts', { username: 'service-account' }, ['service-account-app']],
    ['search: no service accounts', { search: 'service-account' }, []],
    ['search: a single quote is an ordinary character', { search: "o'neil" }, ['under_score']],
    ['no match', { search: 'nobody' }, []],
  ])('%s', async (_, query, expected) => {
    expect(await found(query)).toEqual(expected)
  })

  it('returns all fields of a user, or fewer with briefRepresentation', async () => {
    const [full] = (await realm.api('/users?username=bob')).json()
    expect(Object.keys(full)).toEqual([
      'id',
      'username',
      'firstName',
      'lastName',
      'email',
      'emailVerified',
      'attributes',
      'enabled',
      'createdTimestamp',
      'totp',
      'disableableCredentialTypes',
      'requiredActions',
      'notBefore',
      'access',
    ])
    const [brief] = (await realm.api('/users?username=bob&briefRepresentation=true')).json()
    expect(Object.keys(brief)).toEqual([
      'id',
      'username',
      'firstName',
      'lastName',
      'email',
      'emailVerified',
      'enabled',
      'createdTimestamp',
      'access',
    ])
  })
})

describe('counting users', () => {
  it.each([
    ['', 4],
    ['?search=adams', 2],
    ['?username=ali', 1],
    ['?enabled=false', 1],
  ])('returns a plain number: users/count%s', async (query, count) => {
    expect(answerOf(await realm.api(`/users/count${query}`))).toEqual(json(200, count))
  })
})

describe('attributes of users', () => {
  it('are replaced as a whole by PUT', async () => {
    const id = await realm.addUser('attributed', { attributes: { a: ['1'], b: ['2', '3'] } })
    const user = (await realm.api(`/users/${id}`)).json()
    expect(user.attributes).toEqual({ a: ['1'], b: ['2', '3'] })
    await realm.api(`/users/${id}`, { method: 'PUT', json: { ...user, attributes: { b: ['4'] } } })
    const changed = (await realm.api(`/users/${id}`)).json()
    expect(changed).toMatchObject({ attributes: { b: ['4'] }, email: 'attributed@example.org' })
    await realm.api(`/users/${id}`, { method: 'DELETE' })
  })
})
