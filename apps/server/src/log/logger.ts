import { CloakwrightError } from 'cloakwright'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino'
import { logDestination } from './log-destination.ts'

/** The server's log: one JSON object per line, without credentials, whatever is passed to it. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      serializers: { req: toRequest, res: toResponse, err: toError },
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    destination ?? logDestination(1),
  ) as Logger & FastifyBaseLogger
}

/** Fields that a careless call might log. */
const secretHeaders = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'clientSecret',
]
const secretPaths = ['', '*', 'headers', 'req.headers', 'res.headers'].flatMap((prefix) =>
  secretHeaders.map((secret) =>
    prefix === '' ? secret : secret.startsWith('[') ? `${prefix}${secret}` : `${prefix}.${secret}`,
  ),
)

/** Without headers and without the query string, which contains codes and states. */
function toRequest(request: FastifyRequest): object {
  return { method: request.method, path: request.url.split('?', 1)[0], remoteAddress: request.ip }
}

function toResponse(reply: FastifyReply): object {
  return { statusCode: reply.statusCode }
}

interface LoggedError {
  readonly type: string
  readonly message: string
  readonly code?: unknown
  readonly hint?: string
  readonly stack?: string
  readonly cause?: LoggedError
}

/** Only listed fields: drivers and HTTP clients attach parameters, requests and responses to their errors. */
function toError(error: unknown): LoggedError | string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...hintOf(error),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause instanceof Error ? { cause: toCause(error.cause) } : {}),
  }
}

/**
 * A cause is usually another library's error, whose message may quote its input: only its name and code are logged. Messages
 * and hints of our own errors contain no input.
 */
function toCause(error: Error): LoggedError {
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error instanceof CloakwrightError ? error.message : '',
    ...(typeof code === 'string' ? { code } : {}),
    ...hintOf(error),
    ...(error.cause instanceof Error ? { cause: toCause(error.cause) } : {}),
  }
}

/** The next step for the operator. */
function hintOf(error: Error): { readonly hint?: string } {
  return error instanceof CloakwrightError && error.hint !== undefined ? { hint: error.hint } : {}
}
