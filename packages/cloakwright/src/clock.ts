import { number } from './numbers.ts'

/** The clock of a part of this package. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Seconds that the clocks of this machine, the realm and clients may differ by. */
  readonly tolerance: number
}

/**
 * The system's time, in milliseconds since the epoch: the default of every option `now`. It calls `Date.now` each
 * time. A function that keeps `Date.now` itself would miss fake timers that are installed later.
 *
 * @example
 * ```ts
 * import { systemTime } from 'cloakwright'
 *
 * export function isOver(expiresAt: number, now: () => number = systemTime): boolean {
 *   return now() >= expiresAt
 * }
 * ```
 */
export function systemTime(): number {
  return Date.now()
}

/** Seconds; Keycloak and this service are expected to have synchronized clocks. */
export const defaultClockTolerance = 5
/** Seconds. */
export const maxClockTolerance = 300

/** @throws {CW_CONFIG_INVALID} Not a number of seconds from 0 to 300. */
export function checkClockTolerance(value: number | undefined): number {
  return number('clockTolerance', value, defaultClockTolerance, 0, maxClockTolerance)
}
