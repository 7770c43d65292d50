import { sendProblem } from 'cloakwright/fastify'
import type { FastifyInstance, FastifySchemaValidationError } from 'fastify'

/** An error caused by the client, with a message for the client. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.status = status
    this.code = code
  }
}

/** Sends every error as `application/problem+json`, also for a URL without a route. */
export function problems(app: FastifyInstance): void {
  app.setErrorHandler(sendProblem)
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new ClientError(404, 'NOT_FOUND', 'There is nothing at this URL'), request, reply),
  )
  app.setSchemaErrorFormatter(
    (errors, part) => new ClientError(400, 'INVALID_REQUEST', describe(errors, part)),
  )
}

/** Names the field and the rule, but does not repeat the invalid value. */
function describe(errors: readonly FastifySchemaValidationError[], part: string): string {
  const [error] = errors
  if (error === undefined) return `${part} is not valid`
  for (const { instancePath, params } of errors) {
    const unknown = params['additionalProperties']
    if (Array.isArray(unknown)) return `${part}${instancePath} has unknown fields: ${unknown.join(', ')}`
  }
  return `${part}${error.instancePath} ${error.message ?? 'is not valid'}`
}
