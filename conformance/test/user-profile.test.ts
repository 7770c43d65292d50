import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { answerOf, empty, json } from '../src/expect.ts'
import { openRealm } from '../src/realm.ts'

const realm = await openRealm()
afterAll(() => realm.close())

const post = (body: unknown) => realm.api('/users', { json: body })
const get = async (path: string) => (await realm.api(path)).json()
const put = (path: string, body: unknown) => realm.api(path, { method: 'PUT', json: body })
const all = { view: ['admin', 'user'], edit: ['admin', 'user'] }
let made = 0
const nextName = () => `user-${(made += 1)}`

/** Per attribute: its validations, then values with their error message, or none. */
type Rule = readonly [
  validations: Record<string, Record<string, unknown>>,
  values: Record<string, string | undefined>,
]
const rules: Record<string, Rule> = {
  len: [
    { length: { min: 2, max: 4 } },
    {
      ab: undefined,
      '  abcd  ': undefined,
      ' a ': 'error-invalid-length',
      abcde: 'error-invalid-length',
      '😀😀😀': 'error-invalid-length',
    },
  ],
  untrimmed: [
    { length: { max: 3, 'trim-disabled': true } },
    { ' a ': undefined, ' abc': 'error-invalid-length-too-long' },
  ],
  int: [
    { integer: { min: 1, max: 5 } },
    {
      '5': undefined,
      '+3': undefined,
      '٣': undefined,
      '9': 'error-number-out-of-range',
      '3.0': 'error-invalid-number',
      '99999999999999999999': 'error-invalid-number',
      ' 3': 'error-invalid-number',
    },
  ],
  small: [{ integer: { min: 2 } }, { '1': 'error-number-out-of-range-too-small' }],
  dbl: [
    { double: { min: 1.5, max: 5 } },
    {
      '2d': undefined,
      '0x1p1': undefined,
      ' 2 ': undefined,
      NaN: undefined,
      '5.1': 'error-number-out-of-range',
      Infinity: 'error-number-out-of-range',
      '0x2': 'error-invalid-number',
      '2,5': 'error-invalid-number',
    },
  ],
  iso: [
    { 'iso-date': {} },
    {
      '2024-02-29': undefined,
      '+12345-01-01': undefined,
      '2023-02-29': 'error-invalid-date',
      '2024-2-9': 'error-invalid-date',
      '2024-01-01T00:00:00Z': 'error-invalid-date',
      '10000-01-01': 'error-invalid-date',
    },
  ],
  born: [
    { 'local-date': {} },
    {
      '2/29/24': undefined,
      '12/31/2024': undefined,
      '1/2/24 and more': undefined,
      soon: 'error-invalid-date',
      '2/30/24': 'error-invalid-date',
      '31.12.2024': 'error-invalid-date',
      '1/2': 'error-invalid-date',
    },
  ],
  site: [
    { uri: {} },
    {
      'https://example.com/ü?a=[b]#f': undefined,
      'http://[::1]:8080/': undefined,
      'http://a_b.com': undefined,
      'not a uri': 'error-invalid-uri',
      'example.com': 'error-invalid-uri',
      'http://ex.com/%zz': 'error-invalid-uri',
      'http://[::g]/': 'error-invalid-uri',
      'http://ex.com:abc': 'error-invalid-uri',
      'https://': 'error-invalid-uri',
      'ftp://example.com': 'error-invalid-uri-scheme',
      'HTTPS://example.com': 'error-invalid-uri-scheme',
    },
  ],
  urn: [
    { uri: { allowedSchemes: ['urn'], allowFragment: false, requireValidUrl: false } },
    {
      'urn:isbn:1': undefined,
      '/path': undefined,
      '/path#f': 'error-invalid-uri-fragment',
      'http://x': 'error-invalid-uri-scheme',
    },
  ],
  mail: [
    { email: {} },
    {
      'a@b': undefined,
      "o'neil@x.y": undefined,
      '"a b"@c': undefined,
      'a@[IPv6:::1]': undefined,
      [`${'a'.repeat(65)}@b.c`]: 'error-invalid-email',
      '.a@b': 'error-invalid-email',
      'a..b@c': 'error-invalid-email',
      'a@-b': 'error-invalid-email',
      [`a@${'a'.repeat(64)}.c`]: 'error-invalid-email',
    },
  ],
  shortmail: [
    { email: { 'max-local-length': 5 } },
    { 'abcde@x': undefined, 'abcdef@x': 'error-invalid-email' },
  ],
  code: [{ pattern: { pattern: '[A-Z]++' } }, { ABC: undefined, lower: 'error-pattern-no-match' }],
  own: [{ pattern: { pattern: 'a+', 'error-message': 'own-words' } }, { b: 'own-words' }],
  opt: [{ options: { options: ['a', 'b'] } }, { a: undefined, A: 'error-invalid-value' }],
  person: [
    { 'person-name-prohibited-characters': {} },
    {
      "O'Neil": undefined,
      'a`b': undefined,
      '100%': 'error-person-name-invalid-character',
      'a\u2028b': 'error-person-name-invalid-character',
    },
  ],
  handle: [
    { 'username-prohibited-characters': {} },
    {
      'a@b': undefined,
      "o'neil": 'error-username-invalid-character',
      'a\u2003b': 'error-username-invalid-character',
    },
  ],
  latin: [
    { 'up-username-not-idn-homograph': {} },
    {
      ñandú1: undefined,
      аdmin: 'error-username-invalid-character',
      张伟: 'error-username-invalid-character',
      αβ: 'error-username-invalid-character',
    },
  ],
  free: [{}, { ['x'.repeat(2048)]: undefined, ['x'.repeat(2049)]: 'error-invalid-length' }],
}

interface Attribute {
  name: string
  [member: string]: unknown
}

/** The default profile with more attributes. */
async function declare(attributes: readonly Attribute[], more = {}): Promise<void> {
  const profile = await get('/users/profile')
  const standard = profile.attributes.slice(0, 4)
  const reply = await put('/users/profile', { ...profile, ...more, attributes: [...standard, ...attributes] })
  expect(reply.text.startsWith('{"attributes"'), reply.text).toBe(true)
}

describe('validators', () => {
  beforeAll(() =>
    declare(
      Object.entries(rules).map(([name, [validations]]) => ({
        name,
        permissions: all,
        multivalued: true,
        validations,
      })),
    ),
  )

  const table = Object.entries(rules).flatMap(([name, [, values]]) =>
    Object.entries(values).map(([value, message]) => [name, value, message] as const),
  )
  it.each(table)('%s %j: %s', async (name, value, message) => {
    const reply = await post({ username: nextName(), attributes: { [name]: [value] } })
    expect(reply.text === '' ? undefined : reply.json().errorMessage).toBe(message)
    expect(reply.status).toBe(message === undefined ? 201 : 400)
  })

  it('report the reason and its parameters', async () => {
    const attributes = { int: ['9'], site: ['not a uri'], code: ['b'], free: ['ok'] }
    const reply = await post({ username: nextName(), attributes })
    expect(reply.json().errors).toEqual(
      expect.arrayContaining([
        { field: 'int', errorMessage: 'error-number-out-of-range', params: ['int', 1, 5] },
        {
          field: 'site',
          errorMessage: 'error-invalid-uri',
          params: ['site', 'not a uri', 'Illegal character in path at index 3: not a uri'],
        },
        { field: 'code', errorMessage: 'error-pattern-no-match', params: ['code', '[A-Z]++'] },
      ]),
    )
  })

  it.each(['аdmin', '张伟12345', 'кирилл'])(
    'reject look-alike letters in a user name: %s',
    async (username) => {
      const refusal = {
        field: 'username',
        errorMessage: 'error-username-invalid-character',
        params: ['username'],
      }
      expect(answerOf(await post({ username }))).toEqual(json(400, refusal))
    },
  )
})

describe('a user profile', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ validations: { length: {} } }, "inputHint='min', message='error-validator-config-missing-value'"],
    [{ validations: { length: { min: 1, max: 0 } } }, 'error-validator-config-invalid-value'],
    [{ validations: { integer: { min: 1, max: 1 } } }, 'error-validator-config-invalid-value'],
    [{ validations: { integer: { max: '1.5' } } }, 'error-validator-config-invalid-number-value'],
    [{ validations: { multivalued: { min: 1 } } }, 'error-validator-config-missing-value'],
    [{ validations: { options: {} } }, 'error-validator-config-missing-value'],
    [{ validations: { email: { 'max-local-length': 0 } } }, 'error-validator-config-invalid-number-value'],
    [{ validations: { pattern: { pattern: '*a' } } }, "Dangling meta character '*' near index 0"],
    [
      { required: { scopes: ['nope'] } },
      "'required.scopes' configuration for attribute 'x' contains unsupported scope 'nope'",
    ],
    [
      { selector: { scopes: ['nope'] } },
      "'selector.scopes' configuration for attribute 'x' contains unsupported scope 'nope'",
    ],
    [{ annotations: { inputOptions: 'x' } }, 'must be an array of values!'],
    [{ annotations: { inputOptionLabels: [] } }, 'must be an object!'],
    [{ name: 'é' }, 'Invalid attribute name'],
  ])('is rejected with %j', async (attribute, message) => {
    const profile = await get('/users/profile')
    const attributes = [...profile.attributes.slice(0, 4), { name: 'x', ...attribute }]
    const reply = await put('/users/profile', { ...profile, attributes })
    expect(reply.status).toBe(400)
    expect(reply.json().errorMessage).toContain(message)
  })
})

describe('a user attribute', () => {
  beforeAll(() =>
    declare([
      { name: 'one', permissions: all },
      { name: 'two', permissions: all, multivalued: true, validations: { multivalued: { max: 2 } } },
      {
        name: 'pair',
        permissions: all,
        validations: { multivalued: { min: 2, max: 3 } },
        annotations: { hint: 'two' },
      },
      { name: 'viewed', permissions: { view: ['admin'], edit: ['user'] } },
      { name: 'private', permissions: { view: ['user'], edit: ['user'] } },
      {
        name: 'scoped',
        permissions: all,
        required: { scopes: ['profile'] },
        selector: { scopes: ['email'] },
      },
    ]),
  )
  const pair = ['a', 'b']

  it.each<[Record<string, string[]>, string | undefined]>([
    [{ one: ['a'] }, undefined],
    [{ one: ['a', ''] }, undefined],
    [{ one: ['a', 'b'] }, 'one'],
    [{ two: ['a', 'b'] }, undefined],
    [{ two: ['a', 'b', 'c'] }, 'two'],
    [{ pair: ['a'] }, 'pair'],
    [{ pair: [] }, 'pair'],
  ])('must have the number of values that the profile allows: %j', async (attributes, field) => {
    const reply = await post({ username: nextName(), attributes: { pair, ...attributes } })
    expect(reply.status).toBe(field === undefined ? 201 : 400)
    if (field !== undefined)
      expect(reply.json()).toMatchObject({ field, errorMessage: 'error-invalid-multivalued-size' })
  })

  it('that administrators cannot edit is ignored on create and rejected on update', async () => {
    const attributes = { pair, viewed: ['v'], private: ['p'], one: ['o'] }
    const reply = await post({ username: nextName(), attributes })
    const id = reply.headers.get('location')?.split('/').pop()
    expect((await get(`/users/${id}`)).attributes).toEqual({ pair, one: ['o'] })
    const refused = await put(`/users/${id}`, { attributes: { pair, viewed: ['v'] } })
    expect(answerOf(refused)).toEqual(
      json(400, { field: 'viewed', errorMessage: 'error-user-attribute-read-only', params: ['viewed'] }),
    )
  })

  it('is in the metadata if administrators can see it', async () => {
    const { attributes } = await get('/users/profile/metadata')
    const told = attributes
      .slice(4)
      .map(({ name, required, readOnly }: Attribute) => [name, required, readOnly])
    expect(told).toEqual([
      ['one', false, false],
      ['two', false, false],
      ['pair', false, false],
      ['viewed', false, true],
      ['scoped', false, false],
    ])
    expect(attributes[6]).toEqual({
      name: 'pair',
      displayName: 'pair',
      required: false,
      readOnly: false,
      annotations: { hint: 'two' },
      validators: { multivalued: { max: 3, min: 2, 'ignore.empty.value': true } },
      multivalued: false,
    })
  })
})

describe('unmanaged attributes', () => {
  async function importUser(): Promise<string> {
    const attributes = { costCentre: ['42'], known: ['k'], LDAP_ID: ['l'], locale: ['de'] }
    const users = [{ username: nextName(), attributes }]
    const reply = await realm.api('/partialImport', { json: { ifResourceExists: 'FAIL', users } })
    return reply.json().results[0].id
  }
  const known = { name: 'known', permissions: all }
  const seen = async (id: string) => {
    const shown = (await get(`/users/${id}`)).attributes
    return [shown, await get(`/users/${id}/unmanagedAttributes`)]
  }

  it('are hidden and kept without a policy', async () => {
    await declare([known])
    const id = await importUser()
    expect(await seen(id)).toEqual([{ known: ['k'] }, {}])
    expect(answerOf(await put(`/users/${id}`, { attributes: { costCentre: ['43'] } }))).toEqual(empty(204))
    expect(await seen(id)).toEqual([undefined, {}])
    await declare([known], { unmanagedAttributePolicy: 'ADMIN_VIEW' })
    expect(await seen(id)).toEqual([{ costCentre: ['42'] }, { costCentre: ['42'] }])
    expect((await put(`/users/${id}`, { attributes: {} })).status).toBe(204)
    expect(await seen(id)).toEqual([{ costCentre: ['42'] }, { costCentre: ['42'] }])
  })

  it('are replaced if the policy is ADMIN_EDIT', async () => {
    await declare([known], { unmanagedAttributePolicy: 'ADMIN_EDIT' })
    const id = await importUser()
    expect(await seen(id)).toEqual([{ known: ['k'], costCentre: ['42'] }, { costCentre: ['42'] }])
    await put(`/users/${id}`, { attributes: { other: ['o'] } })
    expect(await seen(id)).toEqual([{ other: ['o'] }, { other: ['o'] }])
    const refusal = {
      field: 'LDAP_ID',
      errorMessage: 'updateReadOnlyAttributesRejectedMessage',
      params: ['LDAP_ID'],
    }
    expect(answerOf(await put(`/users/${id}`, { attributes: { LDAP_ID: ['x'] } }))).toEqual(
      json(400, refusal),
    )
    const long = await post({ username: nextName(), attributes: { any: ['x'.repeat(2049)] } })
    expect(long.json()).toMatchObject({ field: 'any', errorMessage: 'error-invalid-length' })
  })
})

it('accepts attributes named like properties of every JavaScript object', async () => {
  const named = JSON.parse('{"constructor":["x"],"__proto__":["y"]}') as Record<string, string[]>
  const { status } = await post({ username: nextName(), attributes: named })
  expect(status).toBe(201)
  for (const path of ['/users?q=constructor:x', '/users?q=toString:x']) {
    expect(answerOf(await realm.api(path))).toMatchObject({ status: 200 })
  }
  expect((await post({ username: nextName() })).status).toBe(201)
  expect((await realm.api('/groups', { json: { name: 'plain' } })).status).toBe(201)
  expect(answerOf(await realm.api('/groups?q=constructor:x'))).toMatchObject({ status: 200 })
})
