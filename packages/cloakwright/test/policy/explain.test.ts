import {
  acr,
  allOf,
  anyOf,
  CloakwrightError,
  check,
  explain,
  group,
  not,
  type Policy,
  role,
  scope,
  toExplanationText,
  user,
} from 'cloakwright'
import { expect, test } from 'vitest'
import { now, useTokens } from './support/tokens.ts'

const tokens = useTokens()
const context = { now, request: undefined, tokenText: 'canary' }
const down: Policy = {
  description: 'permission orders#read',
  evaluate: async () => {
    throw new CloakwrightError('CW_PERMISSIONS_UNAVAILABLE', 'Permissions: cannot be reached')
  },
}
const throwing = check('owner', () => {
  throw new TypeError('canary')
})

test('every part with its mark, the missing name and its depth', async () => {
  const token = await tokens.make({ acr: 'canary', groups: ['/canary'] })
  const policy = allOf(role('admin'), anyOf(scope('write'), group('/staff')), not(user()), acr('gold'))
  const explanation = await explain(policy, token, context)
  expect(explanation).toMatchObject({ allowed: false, code: 'CW_FORBIDDEN', kind: 'allOf' })
  const text = toExplanationText(explanation)
  expect(text.split('\n')).toEqual([
    '✗ all of',
    '  ✓ realm role admin',
    '  ✗ any of',
    '    ✗ scope write: missing scope: write',
    '    ✗ group /staff: missing group: /staff',
    '  ✗ not',
    '    ✓ a verified user',
    '  ✗ acr gold: acr is not gold',
  ])
  expect(text + JSON.stringify(explanation)).not.toContain('canary')
})

test('an error keeps its code; of a foreign one only the name is shown', async () => {
  const token = await tokens.make()
  const explanation = await explain(anyOf(down, throwing), token, context)
  expect(toExplanationText(explanation).split('\n')).toEqual([
    '✗ any of',
    '  ✗ permission orders#read: Permissions: cannot be reached',
    '  ✗ owner: it threw TypeError',
  ])
  expect(explanation.parts?.[0]?.code).toBe('CW_PERMISSIONS_UNAVAILABLE')
  expect(JSON.stringify(explanation)).not.toContain('canary')
})

test('it has the same result as the policy itself', async () => {
  const token = await tokens.make()
  const leaves = [user(), role('auditor'), scope('delete'), acr('gold'), group('/staff'), down, throwing]
  const policies = leaves.flatMap((one) => [
    one,
    not(one),
    not(not(one)),
    ...leaves.flatMap((other) => [
      allOf(one, other),
      anyOf(one, other),
      not(allOf(one, other)),
      not(anyOf(one, other)),
    ]),
  ])
  for (const policy of policies) {
    const { allowed, code } = await explain(policy, token, context)
    const decision = await (async () => await policy.evaluate(token, context))().catch(() => undefined)
    expect([policy.description, allowed]).toEqual([policy.description, decision?.allowed ?? false])
    if (decision?.allowed === false) expect(code).toBe(decision.code)
  }
})
