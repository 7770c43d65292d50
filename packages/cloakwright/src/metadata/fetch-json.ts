import { CloakwrightError, type ErrorCode } from '../errors.ts'
import { type BoundedResponse, type Fetch, fetchBounded } from '../http/index.ts'

/** How to fetch one JSON document. */
export interface FetchJsonOptions {
  readonly fetch: Fetch
  /** Milliseconds before the attempt is aborted, body included. */
  readonly timeout: number
  /** Maximum size of the body, in bytes. */
  readonly maxBytes: number
  /** The code of every failure. */
  readonly code: ErrorCode
  /** Name of the document, for the message. */
  readonly what: string
  /** A form to send by POST; without it, the request is a GET. */
  readonly form?: { readonly fields: URLSearchParams; readonly authorization: string } | undefined
}

/**
 * Fetches a JSON object. Accepts status 200 only and follows no redirect, which could lead to a host that is not
 * configured. Limited in time and size.
 *
 * @throws {CW_DISCOVERY_FAILED} Or the code that the caller passes.
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<Record<string, unknown>> {
  const failed = failureOf(url, options)
  const { status, body } = await fetchRealm(url, options)
  if (status === 404)
    throw failed(
      'not found (404)',
      undefined,
      /\/realms\/[^/]+\//.test(url)
        ? 'Check the realm name in the issuer, and that the realm exists.'
        : 'Check the issuer. If it is Keycloak’s, add the realm: https://HOST/realms/REALM',
    )
  if (status !== 200) throw failed(`responds with status ${status}`)
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    // The parser's own message quotes the string, which may contain a secret.
    throw failed('the response is not JSON')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw failed('the response is not a JSON object')
  return json as Record<string, unknown>
}

/**
 * Sends a request, limited in time and size, and follows no redirect. The caller interprets the status.
 *
 * @throws {CW_DISCOVERY_FAILED} Or the code that the caller passes: no response, a redirect, or a response that is too
 * large.
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
    throw failed(signal.aborted ? `no response within ${timeout} ms` : 'cannot be reached', error)
  }
}

function failureOf(address: string, { code, what }: FetchJsonOptions) {
  const { origin, pathname } = new URL(address)
  const url = `${origin}${pathname}`
  return (why: string, cause?: unknown, hint?: string): CloakwrightError =>
    new CloakwrightError(code, `${what} at ${url}: ${why}`, {
      cause,
      retryAfter: 5,
      hint: hint ?? `Check that this URL responds from the machine of the service: curl -i ${url}`,
    })
}
