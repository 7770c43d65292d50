import { anyOf, group, not, organization, type Policy, role } from 'cloakwright'
import { describe, expect, test } from 'vitest'
import { codeOf } from '../support/refusal.ts'
import { decide, outcome, useTokens } from './support/tokens.ts'

const tokens = useTokens()

describe('group', () => {
  test.each<[string, unknown, Policy, string]>([
    ['a path', ['/staff', '/staff/editors'], group('/staff/editors'), 'allowed'],
    ['a name', ['staff', 'editors'], group('editors'), 'allowed'],
    ['every one of several', ['/staff', '/night'], group('/staff', '/night'), 'allowed'],
    ['one of several missing', ['/staff'], group('/staff', '/night'), 'CW_FORBIDDEN'],
    ['a group below it', ['/staff/editors'], group('/staff'), 'CW_FORBIDDEN'],
    ['a group above it', ['/staff'], group('/staff/editors'), 'CW_FORBIDDEN'],
    ['a name for a path', ['/staff'], group('staff'), 'CW_FORBIDDEN'],
    ['another case', ['/Staff'], group('/staff'), 'CW_FORBIDDEN'],
    ['a trailing slash', ['/staff/'], group('/staff'), 'CW_FORBIDDEN'],
    ['a missing name of the prototype', ['/staff'], group('constructor'), 'CW_FORBIDDEN'],
    ['a prototype name that is there', ['__proto__'], group('__proto__'), 'allowed'],
    ['one text', '/staff', group('/staff'), 'CW_FORBIDDEN'],
    ['a map', { '/staff': {} }, group('/staff'), 'CW_FORBIDDEN'],
    ['a list with a number', ['/staff', 7], group('/staff'), 'CW_FORBIDDEN'],
    ['no claim', undefined, group('/staff'), 'CW_FORBIDDEN'],
  ])('%s', async (_name, groups, policy, expected) => {
    expect(await outcome(policy, await tokens.make({ groups }))).toBe(expected)
  })

  test('a refusal names the group, and the mapper if the claim is missing', async () => {
    expect(await decide(group('/staff'), await tokens.make({ groups: ['/secret'] }))).toEqual({
      allowed: false,
      code: 'CW_FORBIDDEN',
      reason: 'missing group: /staff',
    })
    expect(await decide(group('/staff'), await tokens.make())).toMatchObject({
      reason: expect.stringMatching(/^missing group: \/staff .*group membership mapper/),
    })
  })
})

describe('organization', () => {
  // The first five as written by Keycloak 26.7.4, depending on the mapper's settings; the list of maps is from an older one.
  test.each<[string, unknown, Policy, string]>([
    ['a list of aliases', ['acme', 'globex'], organization('acme'), 'allowed'],
    ['every one of several', ['acme', 'globex'], organization('acme', 'globex'), 'allowed'],
    ['a map with ids', { acme: { id: '36508510' } }, organization('acme'), 'allowed'],
    ['a map without attributes', { acme: {}, globex: {} }, organization('globex'), 'allowed'],
    ['one alias', 'acme', organization('acme'), 'allowed'],
    ['a list of maps', [{ acme: { id: '36508510' } }], organization('acme'), 'allowed'],
    ['one of several missing', ['acme'], organization('acme', 'globex'), 'CW_FORBIDDEN'],
    ['a beginning', 'acme-europe', organization('acme'), 'CW_FORBIDDEN'],
    ['a list of strings and maps', ['acme', { globex: {} }], organization('acme'), 'CW_FORBIDDEN'],
    ['a member of the details', { acme: { id: {} } }, organization('id'), 'CW_FORBIDDEN'],
    ['a map whose values are no maps', { acme: true }, organization('acme'), 'CW_FORBIDDEN'],
    ['a prototype name', { acme: {} }, organization('constructor'), 'CW_FORBIDDEN'],
    ['a prototype name in a list', ['acme'], organization('length'), 'CW_FORBIDDEN'],
    ['no claim, as for a member of several', undefined, organization('acme'), 'CW_FORBIDDEN'],
  ])('%s', async (_name, claim, policy, expected) => {
    expect(await outcome(policy, await tokens.make({ organization: claim }))).toBe(expected)
  })

  test('a refusal names the scopes to request if the token has no organization', async () => {
    expect(await decide(organization('acme'), await tokens.make())).toMatchObject({
      reason: expect.stringMatching(/^missing organization: acme .*organization:ALIAS or organization:\*/),
    })
    expect(await decide(organization('acme'), await tokens.make({ organization: ['globex'] }))).toMatchObject(
      { reason: 'missing organization: acme' },
    )
  })
})

test.each<[string, Policy, Record<string, unknown>, string]>([
  ['in the group', not(group('/out')), { groups: ['/out'] }, 'CW_FORBIDDEN'],
  ['in other groups', not(group('/out')), { groups: ['/in'] }, 'allowed'],
  ['no word on groups', not(group('/out')), {}, 'CW_FORBIDDEN'],
  ['no groups claim, and no such role', not(anyOf(group('/out'), role('out'))), {}, 'CW_FORBIDDEN'],
  ['no such role, and no groups claim', not(anyOf(role('out'), group('/out'))), {}, 'CW_FORBIDDEN'],
  ['in the organization', not(organization('out')), { organization: ['out'] }, 'CW_FORBIDDEN'],
  [
    'the organizations that were asked for',
    not(organization('out')),
    { organization: ['in'] },
    'CW_FORBIDDEN',
  ],
])('the opposite: %s', async (_name, policy, claims, expected) => {
  expect(await outcome(policy, await tokens.make(claims))).toBe(expected)
})

test.each([
  ['no group', () => (group as () => Policy)()],
  ['an empty group', () => group('')],
  ['no organization', () => (organization as () => Policy)()],
  ['an undefined organization', () => organization(undefined as unknown as string)],
])('%s is refused when it is created', async (_name, make) => {
  expect(await codeOf(make)).toBe('CW_CONFIG_INVALID')
})
