import { CloakwrightError } from 'cloakwright'
import { createRetry } from '../client/index.ts'

/** How many rows go into a batch and how many batches are in flight: what the server bears. */
export interface Pace {
  readonly batch: number
  readonly inFlight: number
  /**
   * Sends; a server that is not ready is sent less, and asked again later, unless `repeats` says otherwise of the error. A
   * request that is repeated may have been carried out.
   */
  send<T>(request: () => Promise<T>, repeats?: (error: CloakwrightError) => boolean): Promise<T>
}

export interface PaceOptions {
  readonly signal: AbortSignal | undefined
  /** Default: 50. Keycloak takes longer for each of more. */
  readonly batch?: number
}

const mostInFlight = 4
/** Repetitions while the server is not ready: with the longest waits about four minutes. */
const patience = 10
const firstWait = 250
const longestWait = 30_000
/** Successes in a row after which one more goes out at a time. */
const recovery = 8

/** Half as much at once when the server says that it is too much, slowly more when it goes well again. */
export function createPace({ signal, batch: most = 50 }: PaceOptions): Pace {
  const retry = createRetry({ timeout: 0, retries: 0, signal })
  let batch = most
  let inFlight = mostInFlight
  let successes = 0
  let slowed = 0

  function slowDown(): void {
    successes = 0
    // The batches that were under way together fail together: that counts once.
    if (performance.now() - slowed < firstWait) return
    slowed = performance.now()
    inFlight = Math.max(1, Math.floor(inFlight / 2))
    batch = Math.max(Math.min(5, most), Math.floor(batch / 2))
  }

  function speedUp(): void {
    successes += 1
    if (successes < recovery) return
    successes = 0
    inFlight = Math.min(mostInFlight, inFlight + 1)
    batch = Math.min(most, batch + Math.ceil(most / 5))
  }

  return {
    get batch() {
      return batch
    },
    get inFlight() {
      return inFlight
    },
    async send(request, repeats = () => true) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const result = await request()
          speedUp()
          return result
        } catch (error) {
          if (!isUnavailable(error)) throw error
          slowDown()
          if (attempt > patience || !repeats(error)) throw error
          const asked = error.retryAfter === undefined ? 0 : error.retryAfter * 1000
          const wait = Math.random() * Math.min(longestWait, firstWait * 2 ** attempt)
          await retry.wait(Math.max(asked, wait))
        }
      }
    },
  }
}

/**
 * Does the work on items in batches, as many at once as the pace allows. After a failure or when the signal is aborted
 * no batch begins; those under way end first.
 */
export async function inBatches<T>(
  items: AsyncIterable<T>,
  pace: Pace,
  work: (batch: readonly T[]) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  const stopped = (): boolean => failures.length > 0 || signal?.aborted === true

  async function start(batch: readonly T[]): Promise<void> {
    while (running.size >= pace.inFlight) await Promise.race(running)
    if (stopped()) return
    const task = work(batch)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => running.delete(task))
    running.add(task)
  }

  let batch: T[] = []
  try {
    for await (const item of items) {
      batch.push(item)
      if (batch.length < pace.batch) continue
      await start(batch)
      batch = []
      if (stopped()) break
    }
    if (batch.length > 0 && !stopped()) await start(batch)
  } finally {
    await Promise.all(running)
  }
  if (failures.length > 0) throw failures[0]
  signal?.throwIfAborted()
}

/** No answer within the time that one attempt has. */
export function isTimeout(error: unknown): boolean {
  return isUnavailable(error) && error.cause instanceof Error && error.cause.name === 'TimeoutError'
}

function isUnavailable(error: unknown): error is CloakwrightError {
  return error instanceof CloakwrightError && error.code === 'CW_ADMIN_UNAVAILABLE'
}
