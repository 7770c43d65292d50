import { CloakwrightError } from '../errors.ts'
import { toProblem } from '../problem.ts'
import { type ChallengeContext, toChallenge } from '../token/index.ts'
import type { Refused } from './admission.ts'

/** What a refusal depends on beside the error. */
export interface RefusalContext extends ChallengeContext {
  readonly requestId: string
  /** Whether the answer names the exact reason and the fix: for development only. */
  readonly explain: boolean
}

/**
 * Makes the answer to an error: `application/problem+json` with challenge, nonce and Retry-After where they belong,
 * and the entry for the log, which has the exact reason.
 */
export function toRefused(error: unknown, context: RefusalContext): Refused {
  const problem = toProblem(error, context.requestId)
  const known = error instanceof CloakwrightError ? error : undefined
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  }
  if (known !== undefined) {
    const challenge = toChallenge(known, context)
    if (challenge !== undefined) headers['www-authenticate'] = challenge
    if (known.challenge?.dpopNonce !== undefined) headers['dpop-nonce'] = known.challenge.dpopNonce
    if (known.retryAfter !== undefined) headers['retry-after'] = String(known.retryAfter)
  }
  const explained = context.explain && known !== undefined && known.status < 500
  const shown = explained ? { ...problem, reason: known.message, hint: known.hint } : problem
  return {
    kind: 'refused',
    problem: shown,
    answer: { status: problem.status, headers, body: JSON.stringify(shown) },
    log: logOf(error, problem.status, context.requestId),
  }
}

/** Refusals that a client hardly causes: a mapper or an address of the realm is not as the service expects. */
const misconfigured = new Set(['CW_TOKEN_AUDIENCE', 'CW_TOKEN_ISSUER', 'CW_TOKEN_CLAIM'])

function logOf(error: unknown, status: number, requestId: string): Refused['log'] {
  if (!(error instanceof CloakwrightError))
    return {
      level: status >= 500 ? 'error' : 'info',
      code: `HTTP_${status}`,
      message: 'request failed',
      hint: undefined,
      requestId,
      ...(status >= 500 ? { error } : {}),
    }
  const { code, hint, message } = error
  const level = status >= 500 || misconfigured.has(code) ? 'warn' : 'info'
  return { level, code, message, hint, requestId, ...(status >= 500 ? { error } : {}) }
}
