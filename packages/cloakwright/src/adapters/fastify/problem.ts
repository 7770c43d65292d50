import { type Answer, type Guard, type LogEntry, toRefused } from '../../guard/index.ts'
import { type AnyReply, type AnyRequest, toGuardedRequest } from './request.ts'

/**
 * Answers an error as `application/problem+json`, with challenge and Retry-After where they belong, and logs the
 * exact reason: `app.setErrorHandler(sendProblem)`.
 */
export function sendProblem(error: unknown, request: AnyRequest, reply: AnyReply): AnyReply {
  const refused =
    guardOf(request)?.refuse(error, toGuardedRequest(request)) ??
    toRefused(error, { realm: '', requestId: request.id, explain: false })
  return sendRefusal(refused.answer, refused.log, request, reply)
}

/** Sends a refusal and logs why. */
export function sendRefusal(
  { status, headers, body }: Answer,
  { level, code, hint, message, error }: LogEntry,
  request: AnyRequest,
  reply: AnyReply,
): AnyReply {
  if (error !== undefined) request.log[level]({ code, hint, err: error }, message)
  else if (!code.startsWith('HTTP_')) request.log[level]({ code, hint }, message)
  // As bytes: the content type stays as it is.
  return reply.code(status).headers(headers).send(Buffer.from(body))
}

export const guardKey: unique symbol = Symbol.for('cloakwright.fastify')

/** The plugin's guard in the scope of this request's route. */
export function guardOf(request: AnyRequest): Guard | undefined {
  return (request.server as unknown as { readonly [guardKey]?: Guard })[guardKey]
}
