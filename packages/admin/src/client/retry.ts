import { systemTime } from 'cloakwright'

/** How often, how long and until when a request is repeated. */
export interface Retry {
  /** Repetitions after the first attempt. */
  readonly limit: number
  /** A signal for one attempt: its time-out, and the caller's own signal. */
  readonly signal: () => AbortSignal
  readonly throwIfAborted: () => void
  /** Waits so many milliseconds, unless the caller aborts. */
  readonly wait: (milliseconds: number) => Promise<void>
}

export interface RetryOptions {
  /** Milliseconds for one attempt. */
  readonly timeout: number
  readonly retries: number
  readonly signal: AbortSignal | undefined
}

export function createRetry({ timeout, retries, signal }: RetryOptions): Retry {
  return {
    limit: retries,
    signal() {
      const limit = AbortSignal.timeout(timeout)
      return signal === undefined ? limit : AbortSignal.any([limit, signal])
    },
    throwIfAborted() {
      signal?.throwIfAborted()
    },
    wait(milliseconds) {
      return new Promise((resolve, reject) => {
        const stop = (): void => {
          clearTimeout(timer)
          reject(signal?.reason as Error)
        }
        const timer = setTimeout(() => {
          signal?.removeEventListener('abort', stop)
          resolve()
        }, milliseconds)
        if (signal?.aborted === true) stop()
        else signal?.addEventListener('abort', stop, { once: true })
      })
    },
  }
}

/** What of a response says whether to repeat. */
type Answered = Pick<Response, 'status' | 'headers'>

/** Answers that say "not now" (RFC 9110 §15.6, RFC 6585 §4). After all but 429 the work may have been done: a gateway in between gave up. */
const later = new Set([429, 502, 503, 504])
const firstDelay = 100
const longestDelay = 5_000
const longestRetryAfter = 30_000

/** Milliseconds until the next attempt, or `undefined` where there should be none. No response: a network error or a time-out. */
export function retryDelay(retry: Retry, attempt: number, response?: Answered): number | undefined {
  if (attempt > retry.limit) return undefined
  if (response !== undefined && !later.has(response.status)) return undefined
  const asked = response === undefined ? undefined : retryAfter(response)
  if (asked !== undefined) return asked * 1000 > longestRetryAfter ? undefined : asked * 1000
  // Full jitter: many clients that failed together do not come back together.
  return Math.random() * Math.min(longestDelay, firstDelay * 2 ** attempt)
}

/** Seconds of `Retry-After`, in either of its forms (RFC 9110 §10.2.3). */
export function retryAfter(response: Answered): number | undefined {
  const value = response.headers.get('retry-after')
  if (value === null) return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - systemTime()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
}
