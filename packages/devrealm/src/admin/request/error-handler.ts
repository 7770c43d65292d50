import type { FastifyReply, FastifyRequest } from 'fastify'
import { WriteError } from '../../store/index.ts'
import { AdminError, notStored, unforeseen, wrongType } from '../errors.ts'

/** Answers a failed request as Keycloak does; what the caller has no part in is logged. */
export function handleError(
  error: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const send = ({ status, body }: Pick<AdminError, 'status' | 'body'>): FastifyReply =>
    reply.code(status).type('application/json').send(JSON.stringify(body))
  if (error instanceof WriteError) {
    if (!error.isRefusal) request.log.error({ err: error }, 'could not store a change of a realm')
    return send(notStored(error))
  }
  if (error instanceof AdminError) return send(error)
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return send({ status: error.statusCode, body: { error: error.message } })
  }
  // The engine's own limits, of its stack or of a text's length: no input is worth more.
  if (error instanceof RangeError) {
    request.log.warn({ err: error }, 'the request is too large to process')
    return send(wrongType())
  }
  request.log.error(error)
  return send(unforeseen())
}
