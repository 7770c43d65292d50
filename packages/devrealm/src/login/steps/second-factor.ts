import { hasOtp } from '../../authentication/index.ts'
import { type Execution, type Flow, type Flows, flowByAlias, flowsOf, stepsOf } from '../../flows/index.ts'
import type { User } from '../../model/index.ts'
import { hasRole } from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'

/** What the realm's browser flow requires after the password: nothing, a one-time code, or the setup of one-time codes. */
export type SecondFactor = 'none' | 'code' | 'set-up'

/** Evaluates the realm's browser flow for this user: its OTP steps, and the conditions before them. */
export function secondFactorOf(realm: RealmStore, user: Readonly<User>): SecondFactor {
  const all = flowsOf(realm)
  const { browserFlow } = realm.info
  const flow = flowByAlias(all, typeof browserFlow === 'string' ? browserFlow : 'browser')
  const requirement = flow && otpRequirement({ all, realm, user }, flow)
  if (requirement === undefined) return 'none'
  if (hasOtp(user)) return 'code'
  return requirement === 'REQUIRED' ? 'set-up' : 'none'
}

interface Evaluation {
  readonly all: Flows
  readonly realm: RealmStore
  readonly user: Readonly<User>
}

/** The strictest OTP requirement of this flow for the user. */
function otpRequirement(
  evaluation: Evaluation,
  flow: Flow,
  seen: Set<Flow> = new Set(),
): 'REQUIRED' | 'ALTERNATIVE' | undefined {
  seen.add(flow)
  const found = stepsOf(flow).map((step) => {
    if (step.requirement === 'DISABLED') return undefined
    if (step.authenticator === 'auth-otp-form')
      return step.requirement === 'REQUIRED' ? 'REQUIRED' : 'ALTERNATIVE'
    const inner = evaluation.all.flows.find((each) => each.id === step.flowId)
    if (inner === undefined || seen.has(inner)) return undefined
    if (step.requirement === 'CONDITIONAL' && !isMet(evaluation, inner)) return undefined
    return otpRequirement(evaluation, inner, seen)
  })
  return found.find((each) => each === 'REQUIRED') ?? found.find((each) => each !== undefined)
}

/** A conditional flow runs if it has conditions and all of them are true. */
function isMet(evaluation: Evaluation, flow: Flow): boolean {
  const conditions = flow.executions.filter(
    ({ authenticator, requirement }) =>
      requirement === 'REQUIRED' && authenticator?.startsWith('conditional-'),
  )
  return conditions.length > 0 && conditions.every((condition) => holds(evaluation, condition))
}

function holds({ all, realm, user }: Evaluation, condition: Execution): boolean {
  const config = all.configs.find((each) => each.id === condition.configId)?.config ?? {}
  if (condition.authenticator === 'conditional-user-configured') return hasOtp(user)
  if (condition.authenticator === 'conditional-user-role') {
    return hasRole(realm, user, config['condUserRole'] ?? '') !== (config['negate'] === 'true')
  }
  // Unsupported conditions count as true: requiring a code too often is safer than too rarely.
  return true
}
