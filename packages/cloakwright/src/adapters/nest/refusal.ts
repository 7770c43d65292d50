import { HttpException, Logger } from '@nestjs/common'
import type { LogEntry, Refused } from '../../guard/index.ts'

/**
 * A refusal on its way to the filter that answers it. Other filters see an HttpException with the status and the problem;
 * the challenge is on the response and the reason in the log already.
 */
export class RefusedException extends HttpException {
  readonly refused: Refused
  /** What a GraphQL client gets in addition to the message. */
  readonly extensions: Readonly<Record<string, unknown>>

  constructor(refused: Refused) {
    const { problem, answer } = refused
    const body = bodyOf(refused)
    super(body, answer.status)
    this.refused = refused
    this.message = problem.detail
    // As Nest’s driver for Apollo gives other HttpExceptions.
    const code = graphqlCodes[problem.status] ?? 'INTERNAL_SERVER_ERROR'
    this.extensions = { code, originalError: body }
  }
}

/** The refusal of a gateway's message: it has a type of its own, so that no filter of ours takes those of routes. */
export class RefusedMessage extends RefusedException {}

/** What clients get: the problem, or the application's own format. */
function bodyOf({ answer }: Refused): string | Record<string, unknown> {
  if (!/[/+]json\b/.test(answer.headers['content-type'] ?? '')) return answer.body
  try {
    return JSON.parse(answer.body) as Record<string, unknown>
  } catch {
    // The application has named its own text so.
    return answer.body
  }
}

/** As GraphQL clients know them from Apollo. */
const graphqlCodes: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
}

const logger = new Logger('Cloakwright')

/** Writes the exact reason of a refusal to Nest's log. */
export function logRefusal({ level, code, message, hint, requestId, error }: LogEntry): void {
  const write = { info: 'log', warn: 'warn', error: 'error' } as const
  const more = error instanceof Error ? [error.stack] : []
  logger[write[level]]({ code, message, hint, requestId }, ...more)
}
