import { describe, expect, test } from 'vitest'
import { hiddenAttributes, profileProblem } from '../../src/import/profile.ts'

const user = { username: 'alice', email: 'alice@example.org', firstName: 'Alice', lastName: 'Liddell' }
const withTeam = (...team: string[]) => ({ ...user, attributes: { team } })

describe('a user profile', () => {
  test.each([
    ['nothing', {}, user, undefined],
    [
      'length, too short',
      { validations: { length: { min: 3 } } },
      withTeam('ab'),
      'team has fewer than 3 characters',
    ],
    [
      'length as text',
      { validations: { length: { min: '3', max: '4' } } },
      withTeam('abcde'),
      'team has more than 4 characters',
    ],
    ['length of an empty value', { validations: { length: { min: 3 } } }, withTeam(''), undefined],
    [
      'pattern',
      { validations: { pattern: { pattern: '[a-z]+' } } },
      withTeam('ab1'),
      'team does not fit its pattern',
    ],
    ['pattern that fits', { validations: { pattern: { pattern: '[a-z]+' } } }, withTeam('abc'), undefined],
    ['pattern of Java', { validations: { pattern: { pattern: '[a-z&&[^b]]+' } } }, withTeam('1'), undefined],
    ['pattern that is none', { validations: { pattern: { pattern: '(' } } }, withTeam('1'), undefined],
    [
      'options',
      { validations: { options: { options: ['red'] } } },
      withTeam('blue'),
      'team is not one of the values that it may have',
    ],
    ['integer', { validations: { integer: {} } }, withTeam('1.5'), 'team is not a whole number'],
    ['double', { validations: { double: {} } }, withTeam('one'), 'team is not a number'],
    ['required', { required: {} }, user, 'team is required'],
    ['required of administrators', { required: { roles: ['admin'] } }, user, 'team is required'],
    ['required of users', { required: { roles: ['user'] } }, user, undefined],
    ['required by scope', { required: { scopes: ['profile'] } }, user, undefined],
    ['one value', {}, withTeam('a', 'b'), 'team has more than one value'],
    ['many values', { multivalued: true }, withTeam('a', 'b'), undefined],
    ['an unknown validator', { validations: { constructor: {} } }, withTeam('a'), undefined],
  ])('with %s', (_, attribute, given, problem) => {
    expect(profileProblem({ attributes: [{ name: 'team', ...attribute }] }, given)).toBe(problem)
  })

  test.each([
    ['no address', 'email', 'email is not an e-mail address'],
    ['an<angle', 'firstName', 'firstName has a character that names may not have'],
    ['a space', 'username', 'username has a character that user names may not have'],
  ])('has something against %s', (value, name, problem) => {
    const validations = {
      email: { email: {} },
      firstName: { 'person-name-prohibited-characters': {} },
      username: { 'username-prohibited-characters': {} },
    }
    const attributes = Object.entries(validations).map(([each, rules]) => ({
      name: each,
      validations: rules,
    }))
    expect(profileProblem({ attributes }, { ...user, [name]: value })).toBe(problem)
    expect(profileProblem({ attributes }, user)).toBeUndefined()
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
