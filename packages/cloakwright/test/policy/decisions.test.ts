import {
  type AccessToken,
  allOf,
  anyOf,
  type Decision,
  explain,
  not,
  type Policy,
  toExplanationText,
  user,
  type Verifier,
} from 'cloakwright'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Admission, createGuard, type GuardedRequest } from '../../src/guard/index.ts'
import { collectUnhandled } from '../support/unhandled.ts'
import { decide, now, useTokens } from './support/tokens.ts'

// Values that a policy in JavaScript may return instead of a decision: types do not exist at run time.

const tokens = useTokens()
const context = { now, request: undefined, tokenText: '' }
const yes = user()
const no = not(user())

const refusal = { allowed: false, code: 'CW_FORBIDDEN', reason: 'no' }

/** A promise as created by other libraries. */
const thenable = (value: unknown): unknown => ({
  // oxlint-disable-next-line unicorn/no-thenable -- that is what it is for
  then: (done: (value: unknown) => void) => done(value),
})

/** Creates a malformed decision, each time it is called. */
const malformed: Record<string, () => unknown> = {
  nothing: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  'a string': () => 'allowed',
  'a function': () => () => ({ allowed: true }),
  'a list': () => [{ allowed: true }],
  'no member': () => ({}),
  'allowed: 1': () => ({ allowed: 1 }),
  'allowed: yes': () => ({ allowed: 'yes' }),
  'allowed: a list': () => ({ allowed: [] }),
  'allowed: an object': () => ({ allowed: new Boolean(false) }),
  'allowed: null': () => ({ allowed: null }),
  'allowed: 0': () => ({ ...refusal, allowed: 0 }),
  'allowed: a promise of true': () => ({ allowed: Promise.resolve(true) }),
  'allowed: a promise of false': () => ({ ...refusal, allowed: Promise.resolve(false) }),
  'allowed: a promise that fails': () => ({ allowed: Promise.reject(new Error('nobody waits')) }),
  'allowed: a thenable': () => ({ allowed: thenable(true) }),
  'a refusal without a code': () => ({ allowed: false, reason: 'no' }),
  'a refusal with the code of another error': () => ({ ...refusal, code: 'CW_TOKEN_EXPIRED' }),
  'a refusal with a prototype name as code': () => ({ ...refusal, code: 'constructor' }),
  'a refusal without a reason': () => ({ allowed: false, code: 'CW_FORBIDDEN' }),
  'a refusal with a string as challenge': () => ({ ...refusal, challenge: 'scope' }),
  'a refusal with a list of scopes': () => ({ ...refusal, challenge: { scope: ['read'] } }),
  'a getter that fails': () => ({
    get allowed(): boolean {
      throw new TypeError('getter')
    },
  }),
  'a getter that is true the second time': () => {
    let read = 0
    return {
      get allowed() {
        read += 1
        return read > 1 ? true : undefined
      },
    }
  },
}

/** Each way to return a value: synchronously, as a promise, as a foreign thenable. */
const deliveries = {
  'at once': (value: unknown) => value,
  later: async (value: unknown) => {
    await Promise.resolve()
    return value
  },
  'by a thenable': thenable,
}
type Delivery = keyof typeof deliveries

const returns = (make: () => unknown, how: Delivery = 'at once'): Policy => ({
  description: 'own',
  evaluate: () => deliveries[how](make()) as Decision,
})

const settings: readonly (readonly [string, (one: Policy) => Policy])[] = [
  ['alone', (one) => one],
  ['allOf', (one) => allOf(one)],
  ['allOf, after one that allows', (one) => allOf(yes, one)],
  ['allOf, before one that allows', (one) => allOf(one, yes)],
  ['anyOf', (one) => anyOf(one)],
  ['anyOf, after one that refuses', (one) => anyOf(no, one)],
  ['anyOf, before one that allows', (one) => anyOf(one, yes)],
  ['not', (one) => not(one)],
  ['not not', (one) => not(not(one))],
  ['deep', (one) => anyOf(no, allOf(yes, not(anyOf(no, allOf(one, yes)))))],
]

describe.each(Object.entries(malformed))('%s is not a decision', (_name, make) => {
  test.each(settings)('%s: 500, and the policy is named', async (_setting, combine) => {
    const token = await tokens.make()
    const unhandled = collectUnhandled()
    for (const how of Object.keys(deliveries) as Delivery[]) {
      const admission = await admit(combine(returns(make, how)), token)
      expect(admission).toMatchObject({ kind: 'refused', answer: { status: 500 }, log: { level: 'error' } })
      expect(causeOf(admission)).toMatch(/^Policy "own": |^getter$/)
      expect(await explain(combine(returns(make, how)), token, context)).toMatchObject({ allowed: false })
    }
    expect(await unhandled.take()).toEqual([])
  })
})

test('an explanation has the error', async () => {
  const policy = anyOf(
    no,
    returns(() => ({ allowed: Promise.resolve(true) })),
  )
  const explanation = await explain(policy, await tokens.make(), context)
  expect(toExplanationText(explanation)).toContain('whose allowed is a promise: await it')
})

test('a decision’s getters are read once', async () => {
  const token = await tokens.make()
  const changing = (): unknown => {
    let read = 0
    return {
      ...refusal,
      get allowed() {
        read += 1
        return read > 1
      },
    }
  }
  for (const combine of [allOf, anyOf])
    expect(await decide(combine(returns(changing)), token)).toMatchObject({ allowed: false })
})

test('any truthy value of undetermined refuses the opposite as well', async () => {
  const part = returns(() => ({ ...refusal, undetermined: 'yes' }))
  expect(await decide(not(part), await tokens.make())).toMatchObject({ allowed: false })
})

// A tree and its expected result, computed separately from the code: `undefined` is an error.

type Verdict = boolean | undefined
interface Tree {
  readonly policy: Policy
  readonly verdict: Verdict
}

const leaf: fc.Arbitrary<Tree> = fc
  .tuple(
    fc.oneof(
      fc.constant([(): unknown => ({ allowed: true }), true] as const),
      fc.constant([(): unknown => refusal, false] as const),
      fc.constantFrom(...Object.values(malformed)).map((make) => [make, undefined] as const),
      fc
        .anything({ withNullPrototype: true })
        .filter((value) => typeof value !== 'boolean')
        .map((allowed) => [(): unknown => ({ ...refusal, allowed }), undefined] as const),
    ),
    fc.constantFrom(...(Object.keys(deliveries) as Delivery[])),
  )
  .map(([[make, verdict], how]) => ({ policy: returns(make, how), verdict }))

const { tree } = fc.letrec<{ tree: Tree }>((tie) => {
  const parts = fc.array(tie('tree'), { minLength: 1, maxLength: 4 })
  const policiesOf = (trees: readonly Tree[]) =>
    trees.map(({ policy }) => policy) as unknown as readonly [Policy, ...Policy[]]
  return {
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      parts.map((trees) => ({ policy: allOf(...policiesOf(trees)), verdict: firstOther(trees, true) })),
      parts.map((trees) => ({ policy: anyOf(...policiesOf(trees)), verdict: firstOther(trees, false) })),
      tie('tree').map(({ policy, verdict }) => ({
        policy: not(policy),
        verdict: verdict === undefined ? undefined : !verdict,
      })),
    ),
  }
})

/** From left to right: the first result that differs from the required one decides. */
function firstOther(trees: readonly Tree[], usual: boolean): Verdict {
  const other = trees.find(({ verdict }) => verdict !== usual)
  return other === undefined ? usual : other.verdict
}

test('any tree: exactly true allows, exactly false refuses, and anything else is an error at any depth', async () => {
  const token = await tokens.make()
  await fc.assert(
    fc.asyncProperty(tree, async ({ policy, verdict }) => {
      expect(statusOf(await admit(policy, token))).toBe(verdict === undefined ? 500 : verdict ? 200 : 403)
      expect((await explain(policy, token, context)).allowed).toBe(verdict === true)
    }),
    { numRuns: 2_000 },
  )
})

/** The guard's response to a request with that token. */
async function admit(policy: Policy, token: AccessToken): Promise<Admission> {
  const verifier = { issuers: ['x'], proofs: {}, verify: () => token } as unknown as Verifier
  return await createGuard({ verifier }).admit(request, { policy, anonymous: false })
}

function statusOf(admission: Admission): number {
  return admission.kind === 'refused' ? admission.answer.status : 200
}

/** The logged message of a policy's error. */
function causeOf(admission: Admission): string {
  const error = admission.kind === 'refused' ? admission.log.error : undefined
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : ''
}

const request: GuardedRequest = {
  method: 'GET',
  target: '/',
  native: {},
  identity: {},
  fields: (name) => (name === 'authorization' ? ['Bearer t'] : []),
  form: () => undefined,
  url: 'http://x/',
  headers: new Headers(),
  id: () => '1',
}
