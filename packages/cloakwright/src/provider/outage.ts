import type { CloakwrightError } from '../errors.ts'

/** The realm does not respond: attempts pause, so that requests do not wait for a timeout each. */
export interface Outage {
  /** The failure of the last attempt, until the next one is due. */
  current(): CloakwrightError | undefined
  began(failure: CloakwrightError): void
  over(): void
}

/** Milliseconds before the next attempt: doubled after each failure, up to the last one. */
const firstPause = 1_000
const longestPause = 5_000

/** @param now Milliseconds since the epoch. */
export function createOutage(now: () => number): Outage {
  let failure: CloakwrightError | undefined
  let pause = firstPause
  let until = 0
  /** A clock that is set back must not make the pause longer. */
  const isPaused = (): boolean => now() < until && until - now() <= longestPause
  return {
    current: () => (isPaused() ? failure : undefined),
    began(why) {
      // Several attempts may fail together: they count as one.
      if (isPaused()) return
      failure = why
      until = now() + pause
      pause = Math.min(pause * 2, longestPause)
    },
    over() {
      failure = undefined
      until = 0
      pause = firstPause
    },
  }
}
