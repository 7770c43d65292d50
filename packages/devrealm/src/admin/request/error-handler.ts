import type { FastifyReply, FastifyRequest } from 'fastify'
import { WriteError } from '../../store/index.ts'
import { AdminError, notStored, unforeseen, wrongType } from '../errors.ts'

/** Sends the error response as Keycloak does; errors that the caller did not cause are logged. */
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
  // JavaScript's own limits for stack or string length: treated as a bad request.
  if (error instanceof RangeError) {
    request.log.warn({ err: error }, 'the request is too large to process')
    return send(wrongType())
  }
  request.log.error(error)
  return send(unforeseen())
}
