import { type ChallengeParameters, CloakwrightError } from '../errors.ts'
import { type Decision, evaluate } from '../policy/index.ts'
import { continueWith } from '../promise.ts'
import type { Session, SessionEngine } from '../session/index.ts'
import type { AccessToken } from '../token/index.ts'
import type { Admission, Refused } from './admission.ts'
import type { GuardContext } from './context.ts'
import { RequestContext } from './policy-context.ts'
import { refuse } from './refusal.ts'
import { type GuardedRequest, readSubmittedForm } from './request/index.ts'
import type { Rule } from './rule.ts'
import { requireTenant } from './tenants.ts'

/** Evaluates the policy. */
export function decideOn(
  user: AccessToken,
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
  tokenText: string,
  headers?: Readonly<Record<string, string>>,
  session?: Session,
): Admission | Promise<Admission> {
  if (context.tenant !== undefined) requireTenant(user, context.tenant)
  const decision = evaluate(rule.policy, user, new RequestContext(request, tokenText, context.verifier.clock))
  return continueWith(decision, conclude, context, request, rule, user, headers, session)
}

function conclude(
  decision: Decision,
  context: GuardContext,
  request: GuardedRequest,
  rule: Rule,
  user: AccessToken,
  headers: Readonly<Record<string, string>> | undefined,
  session: Session | undefined,
): Admission | Promise<Admission> {
  if (decision.allowed) return { kind: 'admitted', user, headers, session }
  const error = new CloakwrightError(decision.code, `Token: ${decision.reason}`, {
    challenge: decision.challenge,
    hint: `The policy of the route needs: ${rule.policy.description}. A user gets a new role with the next token.`,
  })
  const { sessions } = context
  return session !== undefined && sessions !== undefined && error.code === 'CW_STEP_UP_REQUIRED'
    ? askToStepUp(error, user, context, request, rule, sessions)
    : refuse(context, error, request)
}

/** A browser signs in again as the policy needs; other clients learn where. */
async function askToStepUp(
  error: CloakwrightError,
  user: AccessToken,
  context: GuardContext,
  request: GuardedRequest,
  { anonymous }: Rule,
  sessions: SessionEngine,
): Promise<Admission> {
  const stepUp = keepAcr(user, error.challenge)
  // Whoever also accepts anonymous requests decides itself where the browser goes: a component of Next.js.
  const response = anonymous
    ? undefined
    : await sessions.challenge(request, { stepUp, form: () => readSubmittedForm(request) })
  if (response !== undefined) return { kind: 'redirected', response, orphaned: false }
  return refuse(context, error, request, sessions.loginPath(request, stepUp))
}

/** Keycloak's tokens have the level of the latest login: one that asks only for its age would lose a higher one. */
function keepAcr({ claims: { acr } }: AccessToken, challenge: ChallengeParameters = {}): ChallengeParameters {
  const { acrValues, maxAge } = challenge
  const isKept = acrValues === undefined && maxAge !== undefined && typeof acr === 'string' && acr !== '0'
  return isKept ? { ...challenge, acrValues: acr } : challenge
}

/** An error of a policy's own function is a failure of the service, unless the error itself is meant for clients. */
export function refuseFailure(context: GuardContext, error: unknown, request: GuardedRequest): Refused {
  const shown = error instanceof CloakwrightError || isExposed(error)
  return refuse(context, shown ? error : new Error('The policy threw an error', { cause: error }), request)
}

/** Like errors of `http-errors` whose status and message are meant for the client. */
function isExposed(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'expose' in error && error.expose === true
}
