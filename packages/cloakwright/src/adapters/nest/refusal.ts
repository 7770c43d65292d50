import { HttpException, Logger } from '@nestjs/common'
import type { LogEntry, Refused } from '../../guard/index.ts'

/**
 * A refusal on its way to the filter that sends it. Other filters see an HttpException with the status and the problem;
 * the challenge is already on the response and the reason in the log.
 */
export class RefusedException extends HttpException {
  readonly refused: Refused
  /** What a GraphQL client receives in addition to the message. */
  readonly extensions: Readonly<Record<string, unknown>>

  constructor(refused: Refused) {
    const { problem, answer } = refused
    const body = bodyOf(refused)
    super(body, answer.status)
    this.refused = refused
    this.message = problem.detail
    // Like other HttpExceptions in Nest’s driver for Apollo.
    const code = graphqlCodes[problem.status] ?? 'INTERNAL_SERVER_ERROR'
    this.extensions = { code, originalError: body }
  }
}

/** The refusal of a gateway's message: it has its own type, so that none of our filters for routes catches it. */
export class RefusedMessage extends RefusedException {}

/** What clients receive: the problem, or the application's own format. */
function bodyOf({ answer }: Refused): string | Record<string, unknown> {
  if (!/[/+]json\b/.test(answer.headers['content-type'] ?? '')) return answer.body
  try {
    return JSON.parse(answer.body) as Record<string, unknown>
  } catch {
    // The name of the message in the application's own format.
    return answer.body
  }
}

/**
 * The session engine's response to a navigation: its redirect to the login. It is an exception, because Nest's guards
 * cannot send a response. Its headers are already on the response, and other filters see an HttpException with its status.
 */
export class LoginException extends HttpException {
  readonly body: string

  constructor(status: number, body: string) {
    super(body, status)
    this.body = body
  }
}

/** In the format that GraphQL clients know from Apollo. */
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
