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
}

/**
 * Fetches a JSON object: 200 only, no redirect followed (it could lead to a host that was never configured),
 * bounded in time and size.
 *
 * @throws {CW_DISCOVERY_FAILED} Or the code that the caller names.
 */
export async function fetchJson(url: string, options: FetchJsonOptions): Promise<Record<string, unknown>> {
  const signal = AbortSignal.timeout(options.timeout)
  const failed = (why: string, cause?: unknown, hint?: string): CloakwrightError =>
    new CloakwrightError(options.code, `${options.what} at ${url}: ${why}`, {
      cause,
      retryAfter: 5,
      hint: hint ?? `Check that this address answers from the machine of the service: curl -i ${url}`,
    })
  let answer: Answer
  try {
    // The race holds also for a `fetch` that does not look at the signal.
    answer = await Promise.race([read(url, options, signal), rejection(signal)])
  } catch (error) {
    const why = signal.aborted ? `no answer within ${options.timeout} ms` : 'can not be reached'
    throw failed(why, error)
  }
  const { status, text } = answer
  if (status >= 300 && status < 400)
    throw failed(`answers with a redirect (${status}), which is not followed`)
  if (status === 404)
    throw failed(
      'not found (404)',
      undefined,
      'Check the realm’s name in the issuer, and that the realm exists.',
    )
  if (status !== 200) throw failed(`answers with status ${status}`)
  if (text === undefined) throw failed(`the answer is larger than ${options.maxBytes} bytes`)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may hold anything.
    throw failed('the answer is not JSON')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw failed('the answer is no JSON object')
  return json as Record<string, unknown>
}

interface Answer {
  readonly status: number
  /** The body of a 200; `undefined` when it is too large. */
  readonly text: string | undefined
}

async function read(url: string, options: FetchJsonOptions, signal: AbortSignal): Promise<Answer> {
  const response = await options.fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal,
  })
  const { status } = response
  if (status === 200) return { status, text: await readBounded(response, options.maxBytes) }
  await response.body?.cancel()
  return { status, text: undefined }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

async function readBounded(response: Response, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  if (response.body === null) return ''
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) return undefined // leaving the loop cancels the rest
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
