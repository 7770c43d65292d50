import type { FastifyReply, FastifyRequest } from 'fastify'
import { CloakwrightError } from '../errors.ts'
import { toProblem } from '../problem.ts'
import type { SessionEngine } from '../session/types.ts'
import { toChallenge, type Verifier } from '../token/index.ts'

/**
 * Answers an error as `application/problem+json`, with challenge and Retry-After where they belong, and logs the
 * exact reason: `app.setErrorHandler(sendProblem)`.
 */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error, request.id)
  logRefusal(error, problem.status, request)
  if (error instanceof CloakwrightError) {
    const challenge = toChallenge(error, stateOf(request)?.realm ?? '')
    if (challenge !== undefined) reply.header('www-authenticate', challenge)
    if (error.retryAfter !== undefined) reply.header('retry-after', String(error.retryAfter))
  }
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .header('content-type', 'application/problem+json')
    .send(Buffer.from(JSON.stringify(problem)))
}

/** What the plugin leaves on the instance for its guards. */
export interface State {
  readonly verifier: Verifier
  readonly sessions: SessionEngine | undefined
  readonly realm: string
}

export const stateKey: unique symbol = Symbol.for('cloakwright.fastify')

/** The plugin's state in the scope of this request's route. */
export function stateOf(request: FastifyRequest): State | undefined {
  return (request.server as unknown as { readonly [stateKey]?: State })[stateKey]
}

const misconfigured = new Set(['CW_TOKEN_AUDIENCE', 'CW_TOKEN_ISSUER', 'CW_TOKEN_CLAIM'])

function logRefusal(error: unknown, status: number, request: FastifyRequest): void {
  if (!(error instanceof CloakwrightError)) {
    if (status >= 500) request.log.error({ err: error }, 'request failed')
    return
  }
  const { code, hint, message } = error
  if (status >= 500) request.log.warn({ code, hint, err: error }, message)
  else if (misconfigured.has(code)) request.log.warn({ code, hint }, message)
  else request.log.info({ code, hint }, message)
}
