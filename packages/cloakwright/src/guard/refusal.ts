import { CloakwrightError } from '../errors.ts'
import type { Pages } from '../pages/index.ts'
import { toProblem } from '../problem.ts'
import type { SessionEngine } from '../session/index.ts'
import type { LogEntry, Refused, ShownProblem } from './admission.ts'
import { type ChallengeContext, toChallenge } from './challenge.ts'
import { type FormatError, inFormat } from './error-format.ts'
import { asPage } from './page-format.ts'
import type { GuardedRequest } from './request/index.ts'

/** What a refusal depends on, in addition to the error and the request. */
export interface RefusalContext extends ChallengeContext {
  /** Whether the response has the exact reason and the fix: for development only. */
  readonly explain: boolean
  readonly formatError?: FormatError | undefined
  /** The pages for refused navigations; without them every client gets a problem. */
  readonly pages?: Pages | undefined
  readonly sessions?: SessionEngine | undefined
}

/** Refuses without a guard, for example before the adapter is registered. */
export const unguarded: { refuse(error: unknown, request: RefusedRequest): Refused } = {
  refuse: (error, request) => refuse({ realm: '', explain: false }, error, request),
}

/** The parts of a request that the response to its error depends on. */
export type RefusedRequest = Pick<GuardedRequest, 'id' | 'native' | 'method' | 'url' | 'headers'>

/**
 * Creates the response to an error: `application/problem+json` with challenge, nonce and Retry-After where needed, or
 * the application's own format, or a page for a browser's navigation; and the log entry, which has the exact reason.
 *
 * @param login Where a browser signs in, if that can help.
 */
export function refuse(
  context: RefusalContext,
  error: unknown,
  request: RefusedRequest,
  login?: string,
): Refused {
  const requestId = request.id()
  const problem = toProblem(error, requestId)
  const known = error instanceof CloakwrightError ? error : undefined
  const explained = context.explain && known !== undefined && known.status < 500
  const found: ShownProblem = login === undefined ? problem : { ...problem, login }
  const shown = explained ? { ...found, reason: known.message, hint: known.hint } : found
  const refused: Refused = {
    kind: 'refused',
    problem: shown,
    answer: { status: problem.status, headers: headersOf(known, context), body: JSON.stringify(shown) },
    log: logOf(error, problem.status, requestId),
  }
  const { formatError, pages, sessions } = context
  if (formatError !== undefined) return inFormat(refused, formatError, request.native)
  return pages === undefined ? refused : asPage(refused, pages, sessions, request)
}

function headersOf(error: CloakwrightError | undefined, context: ChallengeContext): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  }
  if (error === undefined) return headers
  const challenge = toChallenge(error, context)
  if (challenge !== undefined) headers['www-authenticate'] = challenge
  if (error.challenge?.dpopNonce !== undefined) headers['dpop-nonce'] = error.challenge.dpopNonce
  if (error.retryAfter !== undefined) headers['retry-after'] = String(error.retryAfter)
  return headers
}

/** Refusals that a client rarely causes: a mapper or a URL of the realm is not what the service expects. */
const misconfigured = new Set(['CW_TOKEN_AUDIENCE', 'CW_TOKEN_ISSUER', 'CW_TOKEN_CLAIM'])

function logOf(error: unknown, status: number, requestId: string): LogEntry {
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
