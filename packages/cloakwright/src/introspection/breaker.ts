/** Stops asking a server that is down. */
export interface Breaker {
  /**
   * Makes the call, or throws what `refuse` makes while the server is taken for down. A call that throws is an outage:
   * one that the server answered must return, whatever the answer.
   *
   * @param refuse Gets the last outage, and the milliseconds until it is worth asking again.
   */
  run<T>(call: () => Promise<T>, refuse: (last: unknown, wait: number) => Error): Promise<T>
}

/** When a breaker opens, and for how long; milliseconds. */
export interface BreakerOptions {
  readonly now: () => number
  /** Outages one after another until it opens. */
  readonly threshold: number
  readonly coolDown: number
}

/** Makes a circuit breaker: after some outages in a row nobody asks for a while, then a single call decides. */
export function createBreaker({ now, threshold, coolDown }: BreakerOptions): Breaker {
  let outages = 0
  let openedAt: number | undefined
  let trying = false
  let last: unknown

  /** Milliseconds until a call may be tried; a clock that was set back does not prolong it. */
  const wait = (since: number): number => {
    const passed = now() - since
    return passed >= 0 && passed < coolDown ? coolDown - passed : 0
  }
  const settle = (isTrial: boolean, isOutage: boolean): void => {
    // What began before it opened says nothing newer than what opened it.
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
