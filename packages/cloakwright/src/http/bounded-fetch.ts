import { wholeBody } from './bounded-body.ts'
import { parseUrl } from './parse-url.ts'

/** The part of `fetch` that is used; give your own for a proxy, a private CA or a test. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Why a response is not taken. */
export interface UnfitResponse {
  readonly kind: 'redirect' | 'size'
  /** In words: `answers with a redirect (307) to https://other.example, which is not followed`. */
  readonly why: string
  /** What to do, where there is something. */
  readonly hint?: string
}

/** One request, and what its response may cost. */
export interface BoundedRequest extends Omit<RequestInit, 'redirect' | 'signal'> {
  /** `globalThis.fetch` by default. */
  readonly fetch?: Fetch | undefined
  /** Ends the request, its body included: `AbortSignal.timeout(5_000)`. */
  readonly signal: AbortSignal
  /** Bytes of the body after decompression. */
  readonly maxBytes: number
  /** Makes the error for a response that is not taken: a redirect, or a body that is too large. */
  readonly refuse: (response: UnfitResponse) => Error
  /** Returns a redirect instead of refusing it; it is never followed. For an endpoint whose answer is one. */
  readonly returnRedirects?: boolean | undefined
}

/** A response that was read to its end. */
export interface BoundedResponse {
  readonly status: number
  readonly headers: Headers
  /** Empty where an error's body was too large to be read. */
  readonly body: Buffer
}

/**
 * Sends one request to one origin: the one way that credentials leave this process. No redirect is followed, since a 307 would hand
 * them on to whatever `Location` names. The body is bounded in bytes, after decompression, and ends with the signal.
 *
 * @throws What `refuse` makes, or the error of `fetch` or of the signal.
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
    // Browsers and their kin hide where a redirect leads.
    if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
      discard(response)
      if (returnRedirects === true) return { status, headers, body: Buffer.alloc(0) }
      throw refuse(unfitRedirect(url, response))
    }
    const body = await wholeBody(response.body, maxBytes)
    if (body === undefined && ok) {
      throw refuse({ kind: 'size', why: `answers with too large a body (more than ${maxBytes} bytes)` })
    }
    return { status, headers, body: body ?? Buffer.alloc(0) }
  }
  // The race holds also for a `fetch` that does not look at the signal.
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
 * Describes a redirect that was not followed, by its origin alone: a path or a query may hold a secret.
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
    why: `answers with a redirect (${status})${elsewhere === undefined ? '' : ` to ${elsewhere}`}, which is not followed`,
    hint:
      elsewhere === undefined
        ? 'Set the URL to the final one, which answers without a redirect.'
        : `If ${elsewhere} is right, set the URL to it: nothing was sent there.`,
  }
}

function discard({ body }: Response): void {
  body?.cancel().catch(() => {})
}
