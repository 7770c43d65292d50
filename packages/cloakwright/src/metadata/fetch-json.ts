import { CloakwrightError, type ErrorCode } from '../errors.ts'
import { type BoundedResponse, type Fetch, fetchBounded } from '../http/index.ts'

/** How one JSON document is fetched. */
export interface FetchJsonOptions {
  readonly fetch: Fetch
  /** Milliseconds until the attempt is given up, body included. */
  readonly timeout: number
  /** Largest accepted body, in bytes. */
  readonly maxBytes: number
  /** The code of every failure. */
  readonly code: ErrorCode
  /** What is fetched, for the message. */
  readonly what: string
  /** A form to send by POST; without one it is a GET. */
  readonly form?: { readonly fields: URLSearchParams; readonly authorization: string } | undefined
}

/**
 * Fetches a JSON object: 200 only, no redirect followed (it could lead to a host that was never configured),
 * bounded in time and size.
 *
 * @throws {CW_DISCOVERY_FAILED} Or the code that the caller names.
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<Record<string, unknown>> {
  const failed = failureOf(url, options)
  const { status, body } = await fetchRealm(url, options)
  if (status === 404)
    throw failed(
      'not found (404)',
      undefined,
      'Check the realm’s name in the issuer, and that the realm exists.',
    )
  if (status !== 200) throw failed(`answers with status ${status}`)
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    // The parser's own message quotes the text, which may hold anything.
    throw failed('the answer is not JSON')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw failed('the answer is no JSON object')
  return json as Record<string, unknown>
}

/**
 * Asks a server, bounded in time and size, and follows no redirect; what a status means is the caller's to say.
 *
 * @throws {CW_DISCOVERY_FAILED} Or the code that the caller names: no answer, a redirect, or an answer that is too large.
 */
export async function fetchRealm(url: string, options: FetchJsonOptions): Promise<BoundedResponse> {
  const { fetch, timeout, maxBytes, form } = options
  const signal = AbortSignal.timeout(timeout)
  const failed = failureOf(url, options)
  const accept = 'application/json'
  try {
    return await fetchBounded(url, {
      ...(form === undefined
        ? { headers: { accept } }
        : { method: 'POST', headers: { accept, authorization: form.authorization }, body: form.fields }),
      fetch,
      signal,
      maxBytes,
      refuse: ({ why, hint }) => failed(why, undefined, hint),
    })
  } catch (error) {
    if (error instanceof CloakwrightError) throw error
    throw failed(signal.aborted ? `no answer within ${timeout} ms` : 'can not be reached', error)
  }
}

function failureOf(address: string, { code, what }: FetchJsonOptions) {
  const { origin, pathname } = new URL(address)
  const url = `${origin}${pathname}`
  return (why: string, cause?: unknown, hint?: string): CloakwrightError =>
    new CloakwrightError(code, `${what} at ${url}: ${why}`, {
      cause,
      retryAfter: 5,
      hint: hint ?? `Check that this address answers from the machine of the service: curl -i ${url}`,
    })
}
