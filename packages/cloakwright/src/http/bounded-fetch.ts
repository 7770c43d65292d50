import { wholeBody } from './bounded-body.ts'
import { parseUrl } from './parse-url.ts'

/** The part of `fetch` that is used. Pass your own for a proxy, a private CA or a test. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Why a response was rejected. */
export interface UnfitResponse {
  readonly kind: 'redirect' | 'size'
  /** The reason as a phrase: `responds with a redirect (307) to https://other.example, which is not followed`. */
  readonly why: string
  /** The next step, if there is one. */
  readonly hint?: string
}

/** One request and the limits of its response. */
export interface BoundedRequest extends Omit<RequestInit, 'redirect' | 'signal'> {
  /** `globalThis.fetch` by default. */
  readonly fetch?: Fetch | undefined
  /** Aborts the request, including its body: `AbortSignal.timeout(5_000)`. */
  readonly signal: AbortSignal
  /** Maximum size of the body in bytes, after decompression. */
  readonly maxBytes: number
  /** Creates the error for a rejected response: a redirect, or a body that is too large. */
  readonly refuse: (response: UnfitResponse) => Error
  /** Returns a redirect instead of rejecting it; it is never followed. For an endpoint that responds with one. */
  readonly returnRedirects?: boolean | undefined
}

/** A response that was read completely. */
export interface BoundedResponse {
  readonly status: number
  readonly headers: Headers
  /** Empty if the body of an error was too large to read. */
  readonly body: Buffer
}

/**
 * Sends one request to one origin. All credentials leave this process through this function. No redirect is followed: a 307
 * would send them on to the URL in `Location`. The body is limited in bytes, after decompression, and ends with the signal.
 *
 * @throws The error that `refuse` creates, or the error of `fetch` or of the signal.
 * @example
 * ```ts
 * import { fetchBounded } from 'cloakwright'
 *
 * const { status } = await fetchBounded('https://id.example.com/realms/shop', {
 *   signal: AbortSignal.timeout(5_000),
 *   maxBytes: 64 * 1024,
 *   refuse: ({ why }) => new Error(`The realm ${why}`),
 * })
 * console.log(status)
 * ```
 */
export async function fetchBounded(url: string | URL, request: BoundedRequest): Promise<BoundedResponse> {
  const { fetch = globalThis.fetch, signal, maxBytes, refuse, returnRedirects, ...init } = request
  const read = async (): Promise<BoundedResponse> => {
    const response = await fetch(String(url), { ...init, signal, redirect: 'manual' })
    const { status, headers, ok } = response
    // Browsers and similar runtimes hide the target of a redirect.
    if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
      discard(response)
      if (returnRedirects === true) return { status, headers, body: Buffer.alloc(0) }
      throw refuse(unfitRedirect(url, response))
    }
    const body = await wholeBody(response.body, maxBytes)
    if (body === undefined && ok) {
      throw refuse({
        kind: 'size',
        why: `responds with a body of more than ${maxBytes} bytes, which is too large`,
      })
    }
    return { status, headers, body: body ?? Buffer.alloc(0) }
  }
  // The race also covers a `fetch` that ignores the signal.
  return await unlessAborted(read(), signal)
}

/** Waits for work until the signal aborts. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', stop))
}

/**
 * Describes a redirect that was not followed, by its origin only: a path or a query may contain a secret.
 *
 * @example
 * ```ts
 * import { unfitRedirect } from 'cloakwright'
 *
 * const url = 'https://id.example.com/realms/shop'
 * const response = await fetch(url, { redirect: 'manual' })
 * if (response.status >= 300 && response.status < 400) console.log(unfitRedirect(url, response).why)
 * ```
 */
export function unfitRedirect(url: string | URL, { status, headers }: Response): UnfitResponse {
  const location = headers.get('location') ?? ''
  const target = parseUrl(location, url)?.origin ?? 'null'
  const elsewhere = target === 'null' || target === new URL(url).origin ? undefined : target
  return {
    kind: 'redirect',
    why: `responds with a redirect (${status})${elsewhere === undefined ? '' : ` to ${elsewhere}`}, which is not followed`,
    hint:
      elsewhere === undefined
        ? 'Set the URL to the final one, which responds without a redirect.'
        : `If ${elsewhere} is right, set the URL to it. Nothing was sent there.`,
  }
}

function discard({ body }: Response): void {
  body?.cancel().catch(() => {})
}
