import { type AccessToken, acr, allOf, maxAge, not, type Policy, proof, role } from 'cloakwright'
import { describe, expect, test } from 'vitest'
import { codeOf } from '../support/refusal.ts'
import { decide, now, outcome, useTokens } from './support/tokens.ts'

const tokens = useTokens()

describe('acr', () => {
  test.each<[string, unknown, Policy, string]>([
    ['the right one', 'gold', acr('gold'), 'allowed'],
    ['one of several', '2', acr('gold', '2'), 'allowed'],
    ['another', 'silver', acr('gold'), 'CW_STEP_UP_REQUIRED'],
    ['a higher level that is not named', '3', acr('2'), 'CW_STEP_UP_REQUIRED'],
    ['another case', 'Gold', acr('gold'), 'CW_STEP_UP_REQUIRED'],
    ['a number', 2, acr('2'), 'CW_STEP_UP_REQUIRED'],
    ['a list', ['gold'], acr('gold'), 'CW_STEP_UP_REQUIRED'],
    ['none', undefined, acr('gold'), 'CW_STEP_UP_REQUIRED'],
  ])('%s', async (_name, claim, policy, expected) => {
    expect(await outcome(policy, await tokens.make({ acr: claim }))).toBe(expected)
  })

  test('the challenge has one of its values, and the token’s own value is not shown', async () => {
    expect(await decide(acr('gold', '2'), await tokens.make({ acr: 'canary' }))).toEqual({
      allowed: false,
      code: 'CW_STEP_UP_REQUIRED',
      reason: 'acr is not gold or 2',
      challenge: { acrValues: 'gold 2' },
    })
  })
})

describe('maxAge', () => {
  test.each<[string, unknown, string]>([
    ['just now', now, 'allowed'],
    ['the last second', now - 300, 'allowed'],
    ['a second too long ago', now - 301, 'CW_STEP_UP_REQUIRED'],
    ['a clock a little ahead', now + 5, 'allowed'],
    ['in the future', now + 6, 'CW_STEP_UP_REQUIRED'],
    ['in milliseconds', now * 1000, 'CW_STEP_UP_REQUIRED'],
    ['text', `${now}`, 'CW_STEP_UP_REQUIRED'],
    ['no auth_time', undefined, 'CW_STEP_UP_REQUIRED'],
  ])('a login %s', async (_name, auth_time, expected) => {
    expect(await outcome(maxAge(300), await tokens.make({ auth_time }))).toBe(expected)
  })

  test('the challenge has the maximum age', async () => {
    expect(await decide(maxAge(0), await tokens.make({ auth_time: now - 1 }))).toEqual({
      allowed: false,
      code: 'CW_STEP_UP_REQUIRED',
      reason: 'the login is more than 0 s ago',
      challenge: { maxAge: 0 },
    })
  })
})

describe('the right login and the right role', () => {
  const policy = allOf(acr('gold'), role('admin'))
  test.each<[string, string | undefined, readonly string[], string]>([
    ['both', 'gold', ['admin'], 'allowed'],
    ['no acr', undefined, ['admin'], 'CW_STEP_UP_REQUIRED'],
    ['the wrong acr', 'silver', ['admin'], 'CW_STEP_UP_REQUIRED'],
    ['the wrong role', 'gold', ['user'], 'CW_FORBIDDEN'],
    ['neither', undefined, ['user'], 'CW_FORBIDDEN'],
  ])('%s', async (_name, claim, roles, expected) => {
    const token = await tokens.make({ acr: claim, realm_access: { roles } })
    expect(await outcome(policy, token)).toBe(expected)
    expect(await outcome(allOf(role('admin'), acr('gold')), token)).toBe(expected)
  })

  test('one challenge has all requirements that the login lacks', async () => {
    const token = await tokens.make({ acr: '1' })
    expect(await decide(allOf(acr('gold', '2'), maxAge(600), acr('2', '3'), maxAge(60)), token)).toEqual({
      allowed: false,
      code: 'CW_STEP_UP_REQUIRED',
      reason: expect.stringMatching(/^acr is not gold or 2; the token has no auth_time; acr is not 2 or 3; /),
      challenge: { acrValues: '2', maxAge: 60 },
    })
  })
})

describe('proof', () => {
  const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
  const x5t = 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0'
  test.each<[string, AccessToken['binding'], Policy, string]>([
    ['a plain bearer token', undefined, proof(), 'CW_PROOF_REQUIRED'],
    ['a plain bearer token, not by DPoP', undefined, proof('dpop'), 'CW_PROOF_REQUIRED'],
    ['bound by DPoP', { jkt }, proof('dpop'), 'allowed'],
    ['bound by DPoP, any will do', { jkt }, proof('any'), 'allowed'],
    ['bound by DPoP, not by a certificate', { jkt }, proof('mtls'), 'CW_PROOF_REQUIRED'],
    ['bound by a certificate', { x5t }, proof('mtls'), 'allowed'],
    ['bound by a certificate, any will do', { x5t }, proof(), 'allowed'],
    ['bound by a certificate, not by DPoP', { x5t }, proof('dpop'), 'CW_PROOF_REQUIRED'],
    ['bound by both', { jkt, x5t }, allOf(proof('mtls'), proof('dpop')), 'allowed'],
  ])('%s', async (_name, binding, policy, expected) => {
    // The proof was checked before: a policy only sees the token.
    const token: AccessToken = Object.create(await tokens.make(), { binding: { value: binding } })
    expect(await outcome(policy, token)).toBe(expected)
  })
})

test.each<[string, Policy, Record<string, unknown>, string]>([
  ['another acr', not(acr('weak')), { acr: 'gold' }, 'allowed'],
  ['that acr', not(acr('weak')), { acr: 'weak' }, 'CW_FORBIDDEN'],
  ['no acr', not(acr('weak')), { acr: undefined }, 'CW_FORBIDDEN'],
  ['an old login', not(maxAge(60)), { auth_time: now - 61 }, 'allowed'],
  ['no time', not(maxAge(60)), {}, 'CW_FORBIDDEN'],
])('the opposite of a step-up is not a step-up: %s', async (_name, policy, claims, expected) => {
  expect(await outcome(policy, await tokens.make(claims))).toBe(expected)
})

test.each([
  ['no acr', () => (acr as () => Policy)()],
  ['an empty acr', () => acr('')],
  ['two in one', () => acr('gold 2')],
  ['a negative age', () => maxAge(-1)],
  ['no number', () => maxAge(Number.NaN)],
  ['text', () => maxAge('300' as unknown as number)],
  ['for ever', () => maxAge(Number.POSITIVE_INFINITY)],
  ['an unknown proof', () => proof('constructor' as 'dpop')],
])('%s is refused when it is created', async (_name, make) => {
  expect(await codeOf(make)).toBe('CW_CONFIG_INVALID')
})
