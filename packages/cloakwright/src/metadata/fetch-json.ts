import { CloakwrightError, type ErrorCode } from '../errors.ts'

/** The part of `fetch` that is used; give your own for a proxy, a private CA or a test. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

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
  /** Reads the body of a refusal (4xx) as well, which says why. */
  readonly refusals?: boolean | undefined
}

/** What a server answered. */
export interface BoundedAnswer {
  readonly status: number
  /** The body of a 200, or of a refusal that is asked for; `undefined` with another status, or when it is too large. */
  readonly body: Buffer | undefined
}

/**
 * Fetches a JSON object: 200 only, no redirect followed (it could lead to a host that was never configured),
 * bounded in time and size.
 *
 * @throws {CW_DISCOVERY_FAILED} Or the code that the caller names.
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<Record<string, unknown>> {
  const failed = failureOf(url, options)
  const { status, body } = await fetchBounded(url, options)
  if (status === 404)
    throw failed(
      'not found (404)',
      undefined,
      'Check the realm’s name in the issuer, and that the realm exists.',
    )
  if (status !== 200) throw failed(`answers with status ${status}`)
  if (body === undefined) throw failed(`the answer is larger than ${options.maxBytes} bytes`)
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
 * @throws {CW_DISCOVERY_FAILED} Or the code that the caller names: no answer, or a redirect.
 */
export async function fetchBounded(url: string, options: FetchJsonOptions): Promise<BoundedAnswer> {
  const signal = AbortSignal.timeout(options.timeout)
  const failed = failureOf(url, options)
  let answer: BoundedAnswer
  try {
    // The race holds also for a `fetch` that does not look at the signal.
    answer = await unlessAborted(read(url, options, signal), signal)
  } catch (error) {
    const why = signal.aborted ? `no answer within ${options.timeout} ms` : 'can not be reached'
    throw failed(why, error)
  }
  if (answer.status >= 300 && answer.status < 400)
    throw failed(`answers with a redirect (${answer.status}), which is not followed`)
  return answer
}

/** Waits for work until the signal aborts. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  return Promise.race([work, aborted])
}

function failureOf(url: string, { code, what }: FetchJsonOptions) {
  return (why: string, cause?: unknown, hint?: string): CloakwrightError =>
    new CloakwrightError(code, `${what} at ${url}: ${why}`, {
      cause,
      retryAfter: 5,
      hint: hint ?? `Check that this address answers from the machine of the service: curl -i ${url}`,
    })
}

async function read(url: string, options: FetchJsonOptions, signal: AbortSignal): Promise<BoundedAnswer> {
  const { form } = options
  const accept = 'application/json'
  const response = await options.fetch(url, {
    ...(form === undefined
      ? { headers: { accept } }
      : { method: 'POST', headers: { accept, authorization: form.authorization }, body: form.fields }),
    redirect: 'manual',
    signal,
  })
  const { status } = response
  const refused = options.refusals === true && status >= 400 && status < 500
  if (status === 200 || refused) return { status, body: await readBounded(response, options.maxBytes) }
  await response.body?.cancel()
  return { status, body: undefined }
}

async function readBounded(response: Response, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  if (response.body === null) return Buffer.alloc(0)
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) return undefined // leaving the loop cancels the rest
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
