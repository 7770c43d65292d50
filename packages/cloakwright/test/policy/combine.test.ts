import { acr, allOf, anyOf, check, not, type Policy, role, scope, user } from 'cloakwright'
import { describe, expect, test } from 'vitest'
import { codeOf } from '../support/refusal.ts'
import { decide, outcome, useTokens } from './support/tokens.ts'

const tokens = useTokens()

const yes = user()
const no = not(user())
const later = (policy: Policy): Policy => ({
  ...policy,
  evaluate: async (token, context) => await policy.evaluate(token, context),
})
const failing: Policy = {
  description: 'a policy that fails',
  evaluate: () => {
    throw new Error('canary')
  },
}

describe('allOf, anyOf and not, with synchronous and asynchronous parts', () => {
  test.each<[string, (one: Policy, other: Policy) => Policy, readonly [string, string, string, string]]>([
    ['allOf', allOf, ['allowed', 'CW_FORBIDDEN', 'CW_FORBIDDEN', 'CW_FORBIDDEN']],
    ['anyOf', anyOf, ['allowed', 'allowed', 'allowed', 'CW_FORBIDDEN']],
    [
      'neither',
      (one, other) => not(anyOf(one, other)),
      ['CW_FORBIDDEN', 'CW_FORBIDDEN', 'CW_FORBIDDEN', 'allowed'],
    ],
    ['not both', (one, other) => not(allOf(one, other)), ['CW_FORBIDDEN', 'allowed', 'allowed', 'allowed']],
  ])('%s', async (_name, combine, expected) => {
    const token = await tokens.make()
    for (const wrap of [(policy: Policy) => policy, later]) {
      const pairs: [Policy, Policy][] = [
        [yes, yes],
        [yes, no],
        [no, yes],
        [no, no],
      ]
      const outcomes = pairs.map(([one, other]) => outcome(combine(wrap(one), other), token))
      expect(await Promise.all(outcomes)).toEqual(expected)
    }
  })

  test('are synchronous if their parts are', async () => {
    const token = await tokens.make()
    const context = { now: 0, request: undefined, tokenText: '' }
    const policy = allOf(anyOf(role('auditor'), role('admin')), not(role('guest')))
    expect(policy.evaluate(token, context)).toEqual({ allowed: true })
    expect(allOf(yes, later(yes)).evaluate(token, context)).toBeInstanceOf(Promise)
  })

  test('run from left to right, and no further than needed', async () => {
    const token = await tokens.make()
    expect(await outcome(anyOf(yes, failing), token)).toBe('allowed')
    expect(await outcome(allOf(no, failing), token)).toBe('CW_FORBIDDEN')
    expect(await outcome(anyOf(later(yes), failing), token)).toBe('allowed')
    expect(await outcome(allOf(later(no), failing), token)).toBe('CW_FORBIDDEN')
  })

  test.each([
    ['allOf', allOf(yes, failing)],
    ['anyOf', anyOf(no, failing)],
    ['not', not(failing)],
    ['not of a later one', not(later(failing))],
    ['not of anyOf', not(anyOf(no, failing))],
  ])('%s: an error stays an error', async (_name, policy) => {
    await expect(decide(policy, await tokens.make())).rejects.toThrow('canary')
  })
})

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['a string', 'no'],
  ['null', null],
])('a policy’s own function that returns %s: neither it nor its opposite allows', async (_name, answer) => {
  const token = await tokens.make()
  for (const isExcluded of [() => answer as boolean, async () => answer as boolean]) {
    expect(await outcome(check('excluded', isExcluded), token)).toBe('CW_FORBIDDEN')
    expect(await outcome(not(check('excluded', isExcluded)), token)).toBe('CW_FORBIDDEN')
  }
})

describe('which refusal is reported', () => {
  const forbidden = role('auditor')
  const scopes = scope('delete')
  const stepUp = acr('gold')
  test.each<[string, Policy, string]>([
    ['allOf: what no login cures', allOf(stepUp, scopes, forbidden), 'CW_FORBIDDEN'],
    ['allOf: a scope before a login', allOf(stepUp, scopes), 'CW_SCOPE_INSUFFICIENT'],
    ['allOf: a login where all else is right', allOf(stepUp, role('admin')), 'CW_STEP_UP_REQUIRED'],
    ['anyOf: a login', anyOf(forbidden, scopes, stepUp), 'CW_STEP_UP_REQUIRED'],
    ['anyOf: a scope', anyOf(forbidden, scopes), 'CW_SCOPE_INSUFFICIENT'],
    [
      'anyOf: a login does not help a user without the role',
      anyOf(allOf(stepUp, forbidden), scopes),
      'CW_SCOPE_INSUFFICIENT',
    ],
    ['not: a plain one', not(not(stepUp)), 'CW_FORBIDDEN'],
  ])('%s', async (_name, policy, expected) => {
    expect(await outcome(policy, await tokens.make({ acr: '1' }))).toBe(expected)
  })

  test('with its challenge, and the reasons of all', async () => {
    const token = await tokens.make({ acr: '1' })
    expect(await decide(anyOf(forbidden, scope('write', 'delete'), stepUp), token)).toEqual({
      allowed: false,
      code: 'CW_STEP_UP_REQUIRED',
      reason: 'missing realm role: auditor; missing scope: write, delete; acr is not gold',
      challenge: { acrValues: 'gold' },
    })
    expect(await decide(allOf(scope('write'), scope('delete'), scope('readall')), token)).toEqual({
      allowed: false,
      code: 'CW_SCOPE_INSUFFICIENT',
      reason: 'missing scope: write; missing scope: delete',
      challenge: { scope: 'write delete' },
    })
  })
})

test('they describe themselves', () => {
  const policy = allOf(role('admin'), anyOf(scope('write'), not(role('guest'))), not(anyOf(user())))
  expect(policy.description).toBe(
    'realm role admin and (scope write or not (realm role guest)) and not (a verified user)',
  )
})

describe('check', () => {
  interface Order {
    readonly owner: string
  }
  const owner = check<Order>('owner of the order', (token, order) => order.owner === token.username)
  test.each<[string, Policy, Order, string]>([
    ['the owner', owner, { owner: 'alice' }, 'allowed'],
    ['another user', owner, { owner: 'bob' }, 'CW_FORBIDDEN'],
    [
      'later',
      check<Order>('x', async ({ username }, order) => order.owner === username),
      { owner: 'alice' },
      'allowed',
    ],
    ['later, another user', check('x', async () => false), { owner: 'alice' }, 'CW_FORBIDDEN'],
    ['something like true', check('x', () => 1 as unknown as boolean), { owner: '' }, 'CW_FORBIDDEN'],
    [
      'something like true, later',
      check('x', async () => 'yes' as unknown as boolean),
      { owner: '' },
      'CW_FORBIDDEN',
    ],
    ['nothing', check('x', () => undefined as unknown as boolean), { owner: '' }, 'CW_FORBIDDEN'],
  ])('%s', async (_name, policy, order, expected) => {
    expect(await outcome(policy, await tokens.make(), order)).toBe(expected)
  })

  test('names the requirement, and passes on an error', async () => {
    const token = await tokens.make()
    expect(await decide(owner, token, { owner: 'bob' })).toMatchObject({ reason: 'not owner of the order' })
    expect(owner.evaluate(token, { now: 0, request: { owner: 'alice' }, tokenText: '' })).toEqual({
      allowed: true,
    })
    for (const evil of [
      () => Promise.reject(new TypeError('down')),
      () => {
        throw new TypeError('down')
      },
    ])
      await expect(decide(anyOf(check('x', evil), yes), token)).rejects.toThrow(TypeError)
  })
})

test.each([
  ['allOf without policies', () => (allOf as () => Policy)()],
  ['anyOf without policies', () => (anyOf as () => Policy)()],
  ['not without policies', () => (not as () => Policy)()],
  ['a role’s name in place of a policy', () => allOf('admin' as unknown as Policy)],
  ['an undefined policy', () => anyOf(user(), undefined as unknown as Policy)],
  ['a check without a description', () => check('', () => true)],
])('%s is refused when it is created', async (_name, make) => {
  expect(await codeOf(make)).toBe('CW_CONFIG_INVALID')
})
