import { isPromise } from '../promise.ts'
import type { AccessToken } from '../token/index.ts'
import { allowed } from './decision.ts'
import type { Decision, Policy, PolicyContext, Refused } from './types.ts'

/** How easily a client can resolve a refusal: first those that it can resolve itself. */
export const severity: Readonly<Record<Refused['code'], number>> = {
  CW_STEP_UP_REQUIRED: 0,
  CW_PROOF_REQUIRED: 1,
  CW_SCOPE_INSUFFICIENT: 2,
  CW_TOKEN_AUDIENCE: 3,
  CW_FORBIDDEN: 4,
}

/** A policy returned something else than a decision: a bug in the program. The message has no claim's value. */
export class InvalidDecision extends TypeError {
  constructor({ description }: Policy, why: string) {
    super(`Policy "${description}": ${why}; return { allowed: true } or { allowed: false, code, reason }`)
  }
}

/**
 * Evaluates a policy and checks the result. All policies are evaluated by this function, at any depth:
 * types do not exist at run time, and a policy in JavaScript may return anything. Exactly `true` allows, exactly
 * `false` refuses, and everything else is an error. It is not a refusal, because the opposite (`not`) would allow.
 *
 * @throws {InvalidDecision}
 */
export function evaluate(
  policy: Policy,
  token: AccessToken,
  context: PolicyContext,
): Decision | Promise<Decision> {
  const returned: unknown = policy.evaluate(token, context)
  return isPromise(returned)
    ? Promise.resolve(returned).then((settled) => toDecision(settled, policy))
    : toDecision(returned, policy)
}

function toDecision(returned: unknown, policy: Policy): Decision {
  if (returned === allowed) return allowed
  if (typeof returned !== 'object' || returned === null)
    throw new InvalidDecision(policy, `returned ${returned === null ? 'null' : typeof returned}`)
  // Each member is read once: a getter may return another value the next time.
  const { allowed: verdict, code, reason, challenge, undetermined } = returned as Record<string, unknown>
  if (verdict === true) return allowed
  if (verdict !== false) throw new InvalidDecision(policy, notBoolean(verdict))
  if (!isRefusalCode(code)) throw new InvalidDecision(policy, 'returned a refusal without a known code')
  if (typeof reason !== 'string') throw new InvalidDecision(policy, 'returned a refusal without a reason')
  if (!isChallenge(challenge))
    throw new InvalidDecision(policy, 'returned a refusal with an invalid challenge')
  return { allowed: false, code, reason, challenge, undetermined: undetermined ? true : undefined }
}

function notBoolean(verdict: unknown): string {
  if (!isPromise(verdict)) return 'returned a decision whose allowed is neither true nor false'
  // Nothing awaits it: a rejection would end the process.
  Promise.resolve(verdict).catch(() => {})
  return 'returned a decision whose allowed is a promise: await it'
}

function isRefusalCode(code: unknown): code is Refused['code'] {
  return typeof code === 'string' && Object.hasOwn(severity, code)
}

function isChallenge(challenge: unknown): challenge is Refused['challenge'] {
  if (challenge === undefined) return true
  if (typeof challenge !== 'object' || challenge === null) return false
  const { scope, acrValues, maxAge, dpopNonce } = challenge as Record<string, unknown>
  return (
    [scope, acrValues, dpopNonce].every((one) => one === undefined || typeof one === 'string') &&
    (maxAge === undefined || typeof maxAge === 'number')
  )
}
