/** Stops sending requests to a server that is down. */
export interface Breaker {
  /**
   * Makes the call, or throws the error that `refuse` creates while the server counts as down. A call that throws is an
   * outage: if the server responded, the call must return, whatever the response.
   *
   * @param refuse Receives the last outage, and the milliseconds until the next attempt.
   */
  run<T>(call: () => Promise<T>, refuse: (last: unknown, wait: number) => Error): Promise<T>
}

/** When a breaker opens, and for how long; in milliseconds. */
export interface BreakerOptions {
  readonly now: () => number
  /** Number of consecutive outages that open it. */
  readonly threshold: number
  readonly coolDown: number
}

/** Creates a circuit breaker: after several consecutive outages no call is made for a while, then a single call decides. */
export function createBreaker({ now, threshold, coolDown }: BreakerOptions): Breaker {
  let outages = 0
  let openedAt: number | undefined
  let trying = false
  let last: unknown

  /** Milliseconds until a call may be tried; a clock that was set back does not extend them. */
  const wait = (since: number): number => {
    const passed = now() - since
    return passed >= 0 && passed < coolDown ? coolDown - passed : 0
  }
  const settle = (isTrial: boolean, isOutage: boolean): void => {
    // The result of a call that began before it opened is older than the outage that opened it.
    if (!isTrial && openedAt !== undefined) return
    if (isTrial) trying = false
    outages = isOutage ? outages + 1 : 0
    openedAt = isOutage && outages >= threshold ? now() : undefined
  }

  return {
    async run(call, refuse) {
      const isTrial = openedAt !== undefined
      if (openedAt !== undefined) {
        const left = wait(openedAt)
        if (trying || left > 0) throw refuse(last, left)
        trying = true
      }
      try {
        const answer = await call()
        settle(isTrial, false)
        return answer
      } catch (error) {
        last = error
        settle(isTrial, true)
        throw error
      }
    },
  }
}
