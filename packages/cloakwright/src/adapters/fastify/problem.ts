import { type Refused, unguarded } from '../../guard/index.ts'
import { type AnyReply, type AnyRequest, guardOf, toGuardedRequest } from './request.ts'

/**
 * Sends an error as `application/problem+json`, with challenge and Retry-After where needed, and logs the
 * exact reason: `app.setErrorHandler(sendProblem)`.
 */
export function sendProblem(error: unknown, request: AnyRequest, reply: AnyReply): AnyReply {
  const guard = guardOf(request) ?? unguarded
  return sendRefusal(guard.refuse(error, toGuardedRequest(request)), request, reply)
}

/** Sends a refusal and logs the reason. */
export function sendRefusal({ answer, log }: Refused, request: AnyRequest, reply: AnyReply): AnyReply {
  const { level, code, hint, message, error } = log
  if (error !== undefined) request.log[level]({ code, hint, err: error }, message)
  else if (!code.startsWith('HTTP_')) request.log[level]({ code, hint }, message)
  // As bytes, so that the content type is not changed.
  return reply.code(answer.status).headers(answer.headers).send(Buffer.from(answer.body))
}
