import type { IncomingMessage } from 'node:http'
import { fromIncoming, type GuardedRequest } from '../guard/index.ts'

/** Express' request is Node's own; Fastify's has it as `raw`. */
export function toGuardedRequest(request: object, native: unknown): GuardedRequest {
  const { raw, body, id } = request as {
    readonly raw?: IncomingMessage
    readonly body?: unknown
    readonly id?: unknown
  }
  return fromIncoming(raw ?? (request as IncomingMessage), native, { form: () => body, id: () => id })
}
