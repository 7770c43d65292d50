import { STATUS_CODES } from 'node:http'
import { CloakwrightError } from './errors.ts'

/** The body of every error response: `application/problem+json` (RFC 9457), with the code and the request's id. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly requestId: string
}

/**
 * Converts an error to what an HTTP client may see: the status, a fixed string and the code. The error's message and
 * hint belong in the log. An error of a framework keeps its status and, below 500, its message.
 *
 * @example
 * ```ts
 * import { CloakwrightError, toProblem } from 'cloakwright'
 *
 * const problem = toProblem(new CloakwrightError('CW_TOKEN_EXPIRED', 'Token: it has expired (exp)'), 'req-1')
 * console.log(problem.status, problem.detail) // 401 Invalid authentication credentials
 * ```
 */
export function toProblem(error: unknown, requestId: string): Problem {
  const status = statusOf(error)
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: detailOf(error, status),
    code: codeOf(error, status),
    requestId,
  }
}

function statusOf(error: unknown): number {
  if (error instanceof CloakwrightError) return error.status
  const status = isObject(error) ? (error['statusCode'] ?? error['status']) : undefined
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600
    ? status
    : 500
}

function detailOf(error: unknown, status: number): string {
  if (error instanceof CloakwrightError) {
    if (error.code === 'CW_TOKEN_MISSING' || error.code === 'CW_SESSION_ENDED') return 'Not authenticated'
    if (error.code === 'CW_REQUEST_AMBIGUOUS') return 'The request has more than one token'
    if (error.code === 'CW_SESSION_ORIGIN') return 'The request has no proof that it comes from this site'
    if (error.code === 'CW_TENANT_UNKNOWN') return 'Not found'
    if (error.code === 'CW_FORM_GONE') return 'The saved form was sent already, or has expired'
    if (error.code === 'CW_FORM_USER') return 'The saved form belongs to another user'
    if (status === 401) return 'Invalid authentication credentials'
    if (error.code === 'CW_FORBIDDEN' || error.code === 'CW_SCOPE_INSUFFICIENT')
      return 'Insufficient permissions'
    if (error.code === 'CW_DISK_FULL')
      return 'The disk of the service is full and nothing was changed. Free disk space, then try again'
    if (error.code === 'CW_UPSTREAM_UNAVAILABLE') return 'Another service does not respond. Try again later'
    if (status === 503) return 'A required service does not respond. Try again later'
    return status < 500 ? error.message : 'Internal error'
  }
  if (status < 500 && error instanceof Error) return error.message
  return status === 503 ? 'Try again later' : 'Internal error'
}

function codeOf(error: unknown, status: number): string {
  if (error instanceof CloakwrightError) return error.code
  // A framework's own codes describe the request; those of drivers and systems stay internal.
  const code = isObject(error) && status < 500 ? error['code'] : undefined
  return typeof code === 'string' ? code : `HTTP_${status}`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
