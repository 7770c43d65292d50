import { CloakwrightError } from 'cloakwright'

/**
 * How far a follower has read. Events before `floor` are done with; of those since, the ones in `seen` are. Keycloak gives
 * an event its time before its transaction is committed, so that an earlier one may appear after a later one.
 */
export interface Progress {
  /** Milliseconds since the epoch. */
  readonly floor: number
  /** Ids of events to their times. */
  readonly seen: ReadonlyMap<string, number>
}

/** The progress as a text to keep: small while little happens, 40 bytes for each event of the overlap. */
export function toCursor({ floor, seen }: Progress): string {
  return JSON.stringify({ floor, seen: [...seen].map(([id, time]) => [id, time - floor]) })
}

/** @throws {CW_CONFIG_INVALID} when the text is no cursor */
export function fromCursor(text: string): Progress {
  try {
    const { floor, seen } = JSON.parse(text) as { floor: unknown; seen: unknown }
    if (isTime(floor) && Array.isArray(seen)) {
      const pairs = (seen as unknown[][]).map(([id, time]) => [id, (time as number) + floor] as const)
      if (pairs.every(([id, time]) => typeof id === 'string' && isTime(time))) {
        return { floor, seen: new Map(pairs as [string, number][]) }
      }
    }
  } catch {
    // The same answer as for a text that is JSON and no cursor.
  }
  throw new CloakwrightError(
    'CW_CONFIG_INVALID',
    'The cursor is invalid: it does not come from followEvents',
    {
      hint: 'Start without a cursor and give the start time instead.',
    },
  )
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
