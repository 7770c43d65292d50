import type { ChallengeParameters } from '../errors.ts'
import { CloakwrightError } from '../errors.ts'
import { isPromise } from '../promise.ts'
import type { AccessToken } from '../token/index.ts'
import { allowed, forbidden, undetermined } from './decision.ts'
import { evaluate, severity } from './evaluate.ts'
import type { Decision, Policy, PolicyContext, Refused } from './types.ts'

/**
 * Allows what **every** policy allows. They run from left to right, so put those without requests first. A refusal that
 * no login can resolve is reported first: the right `acr` with the wrong role is 403, and so is no `acr` with the wrong
 * role; no `acr` with the right role is a step-up (401).
 *
 * @throws {CW_CONFIG_INVALID} No policy.
 */
export function allOf(...policies: readonly [Policy, ...Policy[]]): Policy {
  checkPolicies('allOf', policies)
  return {
    description: describe(policies, 'and'),
    parts: { kind: 'allOf', policies },
    evaluate: (token, context) => inTurn(policies, token, context, isFinal, joinAllOf),
  }
}

/**
 * Allows what **one** of the policies allows; they run from left to right until one does. It reports the refusal that the
 * client can resolve most easily: by a login, by a bound token, by a scope.
 *
 * @throws {CW_CONFIG_INVALID} No policy.
 */
export function anyOf(...policies: readonly [Policy, ...Policy[]]): Policy {
  checkPolicies('anyOf', policies)
  return {
    description: describe(policies, 'or'),
    parts: { kind: 'anyOf', policies },
    evaluate: (token, context) => inTurn(policies, token, context, (one) => one.allowed, joinAnyOf),
  }
}

/**
 * Allows what a policy refuses because the token states otherwise. If the token does not state it, both the policy and
 * its opposite refuse: no `groups`, no roles at all, no `acr`, an organization that the client did not request. An
 * error stays an error. Note that whoever requests a token chooses the client, and the client determines its roles and
 * scopes.
 *
 * @throws {CW_CONFIG_INVALID} No policy.
 */
export function not(policy: Policy): Policy {
  checkPolicies('not', [policy])
  const { description } = policy
  return {
    description: `not (${description})`,
    parts: { kind: 'not', policies: [policy] },
    evaluate: (token, context) =>
      inTurn(
        [policy],
        token,
        context,
        () => true,
        ([decision]) => negate(decision as Decision, description),
      ),
  }
}

/** Combines the decisions of the parts of `allOf`. */
export function joinAllOf(decisions: readonly Decision[]): Decision {
  const refusals = decisions.filter(isRefused)
  if (refusals.length === 0) return allowed
  const { code } = worst(refusals)
  const challenge = refusals.filter((one) => one.code === code).reduce(mergeChallenge, undefined)
  return {
    ...joined(code, refusals, challenge),
    // One refusal that the token proves decides the whole.
    undetermined: refusals.every((one) => one.undetermined) || undefined,
  }
}

/** Combines the decisions of the parts of `anyOf`. */
export function joinAnyOf(decisions: readonly Decision[]): Decision {
  const refusals = decisions.filter(isRefused)
  if (refusals.length < decisions.length) return allowed
  const { code, challenge } = [...refusals].sort(
    (one, other) => severity[one.code] - severity[other.code],
  )[0] as Refused
  return {
    ...joined(code, refusals, challenge),
    undetermined: refusals.some((one) => one.undetermined) || undefined,
  }
}

/** Inverts the decision of the part of `not`. */
export function negate(decision: Decision, description: string): Decision {
  if (decision.allowed) return forbidden(`excluded: ${description}`)
  return decision.undetermined ? undetermined(`cannot be ruled out: ${decision.reason}`) : allowed
}

/** Synchronous as long as the parts are. */
function inTurn(
  policies: readonly Policy[],
  token: AccessToken,
  context: PolicyContext,
  settles: (decision: Decision) => boolean,
  join: (decisions: readonly Decision[]) => Decision,
): Decision | Promise<Decision> {
  const decisions: Decision[] = []
  const proceed = (): Decision | Promise<Decision> => {
    while (decisions.length < policies.length) {
      const decision = evaluate(policies[decisions.length] as Policy, token, context)
      if (isPromise(decision)) {
        return decision.then((one) => {
          decisions.push(one)
          return settles(one) ? join(decisions) : proceed()
        })
      }
      decisions.push(decision)
      if (settles(decision)) break
    }
    return join(decisions)
  }
  return proceed()
}

function isRefused(decision: Decision): decision is Refused {
  return !decision.allowed
}

/** No later part can change the result of `allOf`. */
export function isFinal(decision: Decision): boolean {
  return isRefused(decision) && decision.code === 'CW_FORBIDDEN' && decision.undetermined !== true
}

function worst(refusals: readonly Refused[]): Refused {
  return refusals.reduce((one, other) => (severity[other.code] > severity[one.code] ? other : one))
}

function joined(
  code: Refused['code'],
  refusals: readonly Refused[],
  challenge: ChallengeParameters | undefined,
): Refused {
  return { allowed: false, code, reason: refusals.map(({ reason }) => reason).join('; '), challenge }
}

/** A challenge that satisfies both. */
function mergeChallenge(
  one: ChallengeParameters | undefined,
  { challenge: other }: Refused,
): ChallengeParameters | undefined {
  if (one === undefined || other === undefined) return one ?? other
  const ages = [one.maxAge, other.maxAge].filter((age) => age !== undefined)
  return {
    ...one,
    ...other,
    acrValues: merge(one.acrValues, other.acrValues, (ours, theirs) => {
      const common = ours.filter((value) => theirs.includes(value))
      return common.length > 0 ? common : ours
    }),
    scope: merge(one.scope, other.scope, (ours, theirs) => [...new Set([...ours, ...theirs])]),
    maxAge: ages.length > 0 ? Math.min(...ages) : undefined,
  }
}

function merge(
  one: string | undefined,
  other: string | undefined,
  both: (ours: readonly string[], theirs: readonly string[]) => readonly string[],
): string | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return both(one.split(' '), other.split(' ')).join(' ')
}

function describe(policies: readonly Policy[], word: 'and' | 'or'): string {
  const [only, second] = policies
  if (only !== undefined && second === undefined) return only.description
  return policies
    .map(({ description, parts }) =>
      parts === undefined || parts.kind === 'not' ? description : `(${description})`,
    )
    .join(` ${word} `)
}

function checkPolicies(kind: string, policies: readonly unknown[]): void {
  if (policies.length > 0 && policies.every(isPolicy)) return
  throw new CloakwrightError(
    'CW_CONFIG_INVALID',
    `policy: ${kind} has no policies, or a value that is not a policy`,
    {
      hint: "Pass it policies, such as role('admin').",
    },
  )
}

export function isPolicy(value: unknown): value is Policy {
  return (
    typeof value === 'object' && value !== null && 'evaluate' in value && typeof value.evaluate === 'function'
  )
}
