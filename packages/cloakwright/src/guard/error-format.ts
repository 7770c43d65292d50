import { validateHeaderName, validateHeaderValue } from 'node:http'
import { isPromise } from '../promise.ts'
import type { Answer, Refused, ShownProblem } from './admission.ts'

/** An error response in the application's own format. */
export interface ErrorResponse {
  /** A string is sent unchanged (`text/plain` unless `headers` sets another type), everything else as JSON. */
  readonly body: unknown
  /** Additional headers. Headers of the challenge and of the body's framing cannot be set here. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Another status, 400–599: for example 404 instead of 403, to hide that a resource exists. */
  readonly status?: number | undefined
  /** Other values of the headers that tell the client what to send next time; `null` removes one. */
  readonly challenge?: Readonly<Partial<Record<ChallengeHeader, string | null>>> | undefined
}

/** Headers that tell the client what to send next time, or when. */
export type ChallengeHeader = 'www-authenticate' | 'dpop-nonce' | 'retry-after'

/**
 * Formats an error. It is called for each refusal and each error response of the adapter, and must be synchronous.
 *
 * @param problem What a client would see: only the log has the exact reason, unless the guard explains refusals.
 * @param request The framework's own request, as in {@link PolicyContext.request}.
 */
export type FormatError = (problem: ShownProblem, request: unknown) => ErrorResponse

/** Formats a refusal as the application does. If that fails, the default format is used and the failure is logged. */
export function inFormat(refused: Refused, format: FormatError, request: unknown): Refused {
  try {
    return { ...refused, answer: toAnswer(refused.answer, format(refused.problem, request)) }
  } catch (cause) {
    const error = new Error('formatError failed, and the client got the default format', { cause })
    return { ...refused, log: { ...refused.log, level: 'error', error } }
  }
}

function toAnswer(usual: Answer, response: ErrorResponse): Answer {
  refusePromise(response)
  const { body, headers = {}, status = usual.status, challenge = {} } = response
  refusePromise(body)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  if (typeof text !== 'string') throw new TypeError('formatError: the body is missing')
  if (!Number.isInteger(status) || status < 400 || status > 599)
    throw new TypeError('formatError: the status is not from 400 to 599')
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  const all: Record<string, string> = { ...usual.headers, 'content-type': type }
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase()
    if (reserved.has(key)) throw new TypeError(`formatError: headers cannot set ${key}`)
    all[key] = checked(key, value)
  }
  for (const name of challengeHeaders) {
    const value = challenge[name]
    if (value === null) delete all[name]
    else if (value !== undefined) all[name] = checked(name, value)
  }
  return { status, headers: all, body: text }
}

function refusePromise(value: unknown): void {
  if (!isPromise(value)) return
  // Nothing awaits it: a rejection would end the process.
  Promise.resolve(value).catch(() => {})
  throw new TypeError('formatError: returned a promise, but must be synchronous')
}

/** Headers that no framework could send: it would send its own error, or nothing. */
function checked(name: string, value: string): string {
  if (typeof value !== 'string') throw new TypeError(`formatError: the header ${name} is not a string`)
  validateHeaderName(name)
  validateHeaderValue(name, value)
  return value
}

const challengeHeaders: readonly ChallengeHeader[] = ['www-authenticate', 'dpop-nonce', 'retry-after']
const reserved: ReadonlySet<string> = new Set([
  ...challengeHeaders,
  'connection',
  'content-length',
  'transfer-encoding',
])
