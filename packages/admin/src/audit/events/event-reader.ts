import { setTimeout as pause } from 'node:timers/promises'
import { systemTime } from 'cloakwright'
import { fromCursor, type Progress, toCursor } from './cursor.ts'

/** Events that may have been lost: the last one that was read is gone, expired or deleted, before the next was read. */
export interface EventGap {
  /** The time of the last event that was read, milliseconds since the epoch. */
  readonly after: number
  /** The time of the first event that is there; undefined when there is none. */
  readonly before: number | undefined
}

/** How a list of events is followed. Times are milliseconds. */
export interface FollowOptions<Event> {
  /**
   * Takes new events, in the order of their times except for those that were committed late, and the cursor behind them.
   * Keep it together with what the events led to, in one transaction, and each event counts exactly once, whatever is killed.
   */
  readonly onEvents: (events: readonly Event[], cursor: string) => Promise<void> | void
  /** Where an earlier follower ended. Default: `from`. */
  readonly cursor?: string
  /** The time of the first event that is wanted. Default: all that the realm keeps. */
  readonly from?: Date | number
  /** Told when events may have expired, or been deleted, unread; also when the last event of a quiet realm expired. */
  readonly onGap?: (gap: EventGap) => Promise<void> | void
  /** Ends the follower: it resolves to its cursor. */
  readonly signal?: AbortSignal
  /** Ends it when all events that are there have been read. */
  readonly once?: boolean
  /** Between two looks. Default: 2,000. */
  readonly interval?: number
  /**
   * For how long after its own time an event may appear, because its transaction took so long, or the clocks of Keycloak's
   * nodes differ: so much is read again at each look. Default: 30,000.
   */
  readonly overlap?: number
  /** How old an event is when it is read. Default: 0. */
  readonly settle?: number
  /** Milliseconds since the epoch. Default: the system's time. */
  readonly now?: () => number
}

/** The part of a list, oldest first, that one request asks for. */
export interface EventPage {
  /** Milliseconds since the epoch, as all times here; events of these times belong to the page. */
  readonly from: number
  readonly until: number | undefined
  readonly max: number
}

export interface Placed {
  readonly id: string
  readonly time: number
}

const pageSize = 500

/**
 * Follows a list that is ordered by time alone, where many have the same and some appear later than others that come after
 * them: so pages go by time instead of by number, each look begins before the last one ended, and ids tell what is new.
 */
export async function follow<Event extends Placed>(
  list: (page: EventPage) => Promise<readonly Event[]>,
  options: FollowOptions<Event>,
): Promise<string> {
  const { signal, interval = 2_000, once = false } = options
  const look = createReader(list, options)
  let cursor = await look()
  while (!once && signal?.aborted !== true) {
    // Rejects when the signal ends it: the loop sees that itself.
    await pause(interval, undefined, signal && { signal }).catch(() => {})
    if (!isAborted(signal)) cursor = await look()
  }
  return cursor
}

/** One look at what is new; gives the cursor behind it. */
function createReader<Event extends Placed>(
  list: (page: EventPage) => Promise<readonly Event[]>,
  options: FollowOptions<Event>,
): () => Promise<string> {
  const { onEvents, onGap, signal, overlap = 30_000, settle = 0, now = systemTime } = options
  const { floor: first, seen: known } = begin(options)
  const seen = new Map(known)
  let floor = first
  let isLost = false

  async function take(page: readonly Event[]): Promise<void> {
    const fresh = page.filter(({ id }) => !seen.has(id))
    if (fresh.length === 0) return
    for (const { id, time } of fresh) {
      seen.set(id, time)
      floor = Math.max(floor, time - overlap)
    }
    for (const [id, time] of seen) if (time < floor) seen.delete(id)
    isLost = false
    await onEvents(fresh, toCursor({ floor, seen }))
  }

  return async () => {
    const last = newest(seen)
    const until = settle > 0 ? now() - settle : undefined
    let from = floor
    let size = pageSize
    let isLastThere = last === undefined
    let firstTime: number | undefined
    for (;;) {
      const page = await list({ from, until, max: size })
      firstTime ??= page[0]?.time
      isLastThere ||= page.some(({ id }) => id === last?.id)
      const end = page.at(-1)?.time ?? from
      await take(page)
      if (page.length < size || isAborted(signal)) break
      // A page of one millisecond only: what else it has fits into a larger one.
      if (end === from) size *= 2
      else [from, size] = [end, pageSize]
    }
    if (last !== undefined && !isLastThere && !isLost && !isAborted(signal)) {
      isLost = true
      await onGap?.({ after: last.time, before: firstTime })
    }
    return toCursor({ floor, seen })
  }
}

/** Asked again: the compiler does not know that waiting changes it. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

function begin({ cursor, from = 0 }: FollowOptions<never>): Progress {
  if (cursor !== undefined) return fromCursor(cursor)
  return { floor: typeof from === 'number' ? from : from.getTime(), seen: new Map() }
}

function newest(seen: ReadonlyMap<string, number>): { id: string; time: number } | undefined {
  let found: { id: string; time: number } | undefined
  for (const [id, time] of seen) if (found === undefined || time > found.time) found = { id, time }
  return found
}
