import { validateHeaderName, validateHeaderValue } from 'node:http'
import { isPromise } from '../promise.ts'
import type { Answer, Refused, ShownProblem } from './admission.ts'

/** A response to an error in the application's own format. */
export interface ErrorResponse {
  /** A string is sent as it is (`text/plain` unless `headers` says otherwise), everything else as JSON. */
  readonly body: unknown
  /** Further headers. The challenge and the framing of the body are not set here. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Another status, 400–599: 404 for 403, where a resource must not be known to exist. */
  readonly status?: number | undefined
  /** Other values of the headers that tell the client what to bring the next time; `null` removes one. */
  readonly challenge?: Readonly<Partial<Record<ChallengeHeader, string | null>>> | undefined
}

/** What tells the client what to bring the next time, or when. */
export type ChallengeHeader = 'www-authenticate' | 'dpop-nonce' | 'retry-after'

/**
 * Formats an error. It is called for each refusal and for each error that the adapter answers, and returns at once.
 *
 * @param problem What a client would get to see: the log alone has the exact reason, unless the guard explains.
 * @param request The request as the framework has it, as in {@link PolicyContext.request}.
 */
export type FormatError = (problem: ShownProblem, request: unknown) => ErrorResponse

/** Gives a refusal the application's format. Where that fails, it stays as it is, and the log has the failure. */
export function inFormat(refused: Refused, format: FormatError, request: unknown): Refused {
  try {
    return { ...refused, answer: toAnswer(refused.answer, format(refused.problem, request)) }
  } catch (cause) {
    const error = new Error('formatError: it failed, and the client got the usual format', { cause })
    return { ...refused, log: { ...refused.log, level: 'error', error } }
  }
}

function toAnswer(usual: Answer, response: ErrorResponse): Answer {
  refusePromise(response)
  const { body, headers = {}, status = usual.status, challenge = {} } = response
  refusePromise(body)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  if (typeof text !== 'string') throw new TypeError('formatError: no body')
  if (!Number.isInteger(status) || status < 400 || status > 599)
    throw new TypeError('formatError: the status is not from 400 to 599')
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json'
  const all: Record<string, string> = { ...usual.headers, 'content-type': type }
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase()
    if (reserved.has(key)) throw new TypeError(`formatError: headers can't set ${key}`)
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
  // Nobody waits for it: its failure would end the process.
  Promise.resolve(value).catch(() => {})
  throw new TypeError('formatError: a promise, where the response is sent at once')
}

/** What no framework could send: it would answer with an error of its own, or not at all. */
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
