import { describe, expect, test } from 'vitest'
import {
  createProfileCheck,
  hiddenAttributes,
  type ProfileFacts,
} from '../../../src/import/profile/profile-check.ts'
import { cases, customAttributes, userOf, withAttributes } from '../../support/profile-table.ts'

const user = { username: 'alice', email: 'alice@example.org', firstName: 'Alice', lastName: 'Liddell' }
const withTeam = (...team: string[]) => ({ ...user, attributes: { team } })
const settings = {
  registrationEmailAsUsername: false,
  editUsernameAllowed: false,
  internationalizationEnabled: false,
}
const permissions = { view: ['admin', 'user'], edit: ['admin', 'user'] }

function findingOf(attributes: readonly object[], given: typeof user, facts: Partial<ProfileFacts> = {}) {
  const profile = { attributes: attributes.map((attribute) => ({ permissions, ...attribute })) }
  return createProfileCheck({ ...settings, profile, ...facts })(given)
}

describe('a user profile', () => {
  test.each([
    ['nothing', {}, user, undefined],
    [
      'length, too short',
      { validations: { length: { min: 3 } } },
      withTeam('ab'),
      'the attribute team has fewer than 3 characters',
    ],
    [
      'length as text',
      { validations: { length: { min: '3', max: '4' } } },
      withTeam('abcde'),
      'the attribute team has more than 4 characters',
    ],
    ['length of an empty value', { validations: { length: { min: 3 } } }, withTeam(''), undefined],
    [
      'pattern',
      { validations: { pattern: { pattern: '[a-z]+' } } },
      withTeam('ab1'),
      'the attribute team does not match the required pattern',
    ],
    ['pattern that fits', { validations: { pattern: { pattern: '[a-z]+' } } }, withTeam('abc'), undefined],
    [
      'options',
      { validations: { options: { options: ['red'] } } },
      withTeam('blue'),
      'the attribute team is not one of the allowed values',
    ],
    [
      'integer',
      { validations: { integer: {} } },
      withTeam('1.5'),
      'the attribute team is not a whole number',
    ],
    ['double', { validations: { double: {} } }, withTeam('one'), 'the attribute team is not a number'],
    ['required', { required: {} }, user, 'the attribute team is required'],
    [
      'required of administrators',
      { required: { roles: ['admin'] } },
      user,
      'the attribute team is required',
    ],
    ['required of users', { required: { roles: ['user'] } }, user, undefined],
    ['required by scope', { required: { scopes: ['profile'] } }, user, undefined],
    ['one value', {}, withTeam('a', 'b'), 'the attribute team has more than one value'],
    ['many values', { multivalued: true }, withTeam('a', 'b'), undefined],
    ['required, blank', { required: {} }, withTeam(' '), 'the attribute team is required'],
    ['required, that administrators may not edit', { required: {}, permissions: {} }, user, undefined],
    ['required with a default value', { required: {}, defaultValue: 'a' }, user, undefined],
    ['a default length', {}, withTeam('x'.repeat(2049)), 'the attribute team has more than 2048 characters'],
    ['not-blank', { validations: { 'not-blank': {} } }, user, 'the attribute team is blank'],
    ['not-empty', { validations: { 'not-empty': {} } }, user, 'the attribute team is empty'],
    [
      'many values, but not so many',
      { multivalued: true, validations: { multivalued: { min: '1', max: '2' } } },
      withTeam('a', 'b', 'c'),
      'the attribute team has more than 2 values',
    ],
    [
      'too few values',
      { validations: { multivalued: { min: 1, max: 2 } } },
      user,
      'the attribute team has fewer than 1 values',
    ],
  ])('with %s', (_, attribute, given, problem) => {
    expect(findingOf([{ name: 'team', ...attribute }], given)).toEqual({
      unchecked: [],
      ...(problem !== undefined && { problem }),
    })
  })

  test.each([
    ['a pattern of Java', { pattern: { pattern: '[a-z&&[^b]]+' } }, 'pattern'],
    ['a pattern that is none', { pattern: { pattern: '(' } }, 'pattern'],
    ['an unknown validator', { constructor: {} }, 'constructor'],
    ['options that are none', { length: { max: 'many' } }, 'length'],
    ['the date of a language', { 'local-date': {} }, 'local-date'],
  ])('leaves %s to Keycloak', (_, validations, validator) => {
    expect(
      findingOf([{ name: 'team', validations }], withTeam('1'), { internationalizationEnabled: true }),
    ).toEqual({ unchecked: [{ field: 'attributes.team', validator }] })
  })

  const base = ['username', 'email', 'firstName', 'lastName'].map((name) => ({
    name,
    permissions,
    validations: {
      length: { min: name === 'username' ? 3 : 0, max: 255 },
      ...(name === 'username' && {
        'username-prohibited-characters': {},
        'up-username-not-idn-homograph': {},
      }),
      ...(name.endsWith('Name') && { 'person-name-prohibited-characters': {} }),
    },
  }))

  test.each(
    cases.map((each) => ({ each, field: each[0], value: each[1], verdict: each[2], teller: each[3] })),
  )('of all validators: $field $value: Keycloak $verdict it', ({ each, field, verdict, teller }) => {
    const profile = withAttributes({ attributes: base as never }, customAttributes)
    const given = userOf(each, 1, 'row')
    const { problem, unchecked } = createProfileCheck({ ...settings, profile })(given)
    const told = problem === undefined ? 'takes' : 'refuses'
    if (teller === 'Keycloak')
      expect(unchecked).toMatchObject([{ field: field === 'email' ? field : `attributes.${field}` }])
    else expect([told, unchecked]).toEqual([verdict, []])
  })

  test('takes the address for the user name, where the realm does', () => {
    const attributes = base
    const facts = { registrationEmailAsUsername: true }
    const withAddress = (username: string, email?: string) =>
      findingOf(attributes, { username, ...(email !== undefined && { email }) } as typeof user, facts)
    expect(withAddress("o'neil@example.com", "o'neil@example.com")).toEqual({ unchecked: [] })
    expect(withAddress('a b<', 'foo%bar@example.com')).toEqual({ unchecked: [] })
    expect(withAddress('alice')).toMatchObject({ problem: 'the e-mail address is required' })
    expect(withAddress('alice', '\u0430dm@example.com').problem).toContain(
      'the user name has a non-Latin letter',
    )
  })

  test('checks of a kept user what a later change would be refused for', () => {
    const attributes = [
      ...base,
      { name: 'team', validations: { length: { max: 3 } }, permissions },
      {
        name: 'badge',
        validations: { length: { max: 3 } },
        permissions: { view: ['admin'], edit: ['user'] },
      },
    ]
    const profile = { attributes: attributes as never, unmanagedAttributePolicy: 'ENABLED' as never }
    const kept = { ...user, username: '\u0430l', attributes: { badge: ['long'], LDAP_ID: ['1'] } }
    const check = createProfileCheck({ ...settings, profile }, true)
    expect(check(kept)).toEqual({ unchecked: [] })
    expect(check({ ...kept, attributes: { team: ['long'] } }).problem).toBe(
      'the attribute team has more than 3 characters',
    )
    const renames = createProfileCheck({ ...settings, editUsernameAllowed: true, profile }, true)
    expect(renames(kept).problem).toBe('the user name has fewer than 3 characters')
    const asNew = createProfileCheck({ ...settings, profile })
    expect(asNew({ ...kept, username: 'alice' }).problem).toBe(
      'the attribute badge has more than 3 characters',
    )
    expect(asNew({ ...user, attributes: { LDAP_ID: ['1'] } }).problem).toBe(
      'the attribute LDAP_ID is read-only',
    )
  })

  test.each([
    ['no address', 'email', 'the e-mail address is not a valid e-mail address'],
    ['an<angle', 'firstName', 'the first name has a character that Keycloak forbids'],
    ['a space', 'username', 'the user name has a character that Keycloak forbids'],
  ])('refuses %s', (value, name, problem) => {
    const validations = {
      email: { email: {} },
      firstName: { 'person-name-prohibited-characters': {} },
      username: { 'username-prohibited-characters': {} },
    }
    const attributes = Object.entries(validations).map(([each, rules]) => ({
      name: each,
      validations: rules,
    }))
    expect(findingOf(attributes, { ...user, [name]: value }).problem).toBe(problem)
    expect(findingOf(attributes, user)).toEqual({ unchecked: [] })
  })

  test('hides attributes that it does not know, unless its policy shows them, and those that administrators may not view', () => {
    const permissions = { view: ['admin'], edit: [] }
    const attributes = [{ name: 'team', permissions }]
    expect(hiddenAttributes({ attributes: [{ name: 'team' }] }, ['team'])).toEqual(['team'])
    expect(hiddenAttributes({ attributes }, ['team', 'other'])).toEqual(['other'])
    const unmanagedAttributePolicy = 'ADMIN_VIEW' as never
    expect(hiddenAttributes({ attributes, unmanagedAttributePolicy }, ['team', 'other'])).toEqual([])
  })
})
