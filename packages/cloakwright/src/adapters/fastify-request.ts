import type { FastifyRequest } from 'fastify'
import { fromIncoming, type GuardedRequest } from '../guard/index.ts'

/** The request as guards read it. */
export function toGuardedRequest(request: FastifyRequest): GuardedRequest {
  return fromIncoming(request.raw, {
    native: request,
    body: request.body,
    id: request.id,
    origin: () => `${request.protocol}://${request.host}`,
  })
}
