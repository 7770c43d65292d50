import { setTimeout as pause } from 'node:timers/promises'
import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../admin.ts'
import type { AdminEventRepresentation } from '../representations.ts'
import { fromCursor, type Progress, toCursor } from './cursor.ts'
import { masked } from './mask.ts'
import { createMatcher, type EventOrigin } from './match.ts'
import type { TrailSource } from './sink.ts'

/** An admin event of Keycloak. Of secrets in its representation only the mask is there. */
export interface AdminEvent extends AdminEventRepresentation, EventOrigin {
  readonly id: string
  /** When the change was made, milliseconds since the epoch. */
  readonly time: number
}

/** Events that may have been lost: the last one that was read is gone, expired or deleted, before the next was read. */
export interface EventGap {
  /** The time of the last event that was read, milliseconds since the epoch. */
  readonly after: number
  /** The time of the first event that is there; undefined when there is none. */
  readonly before: number | undefined
}

/** Options of {@link followEvents}. Times are milliseconds. */
export interface FollowOptions {
  /**
   * Takes new events, in the order of their times but for those that were committed late, and the cursor behind them.
   * Keep it together with what the events led to, in one transaction, and each event counts exactly once, whatever is killed.
   */
  readonly onEvents: (events: readonly AdminEvent[], cursor: string) => Promise<void> | void
  /** Where an earlier follower ended. Default: `from`. */
  readonly cursor?: string
  /** The time of the first event that is wanted. Default: all that the realm keeps. */
  readonly from?: Date | number
  /** Told when events may have expired, or been deleted, unread. */
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
  /** The toolkit's own audit trail: each event then says which of its entries it belongs to. */
  readonly trail?: TrailSource
  /** How old an event is when it is read: with a trail, so long its entry may take. Default: 0, with a trail 10,000. */
  readonly settle?: number
  /** Milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
}

const pageSize = 500

/**
 * Reads a realm's admin events as they come, without gap and without double. The realm must have them enabled.
 *
 * Keycloak orders events by their time alone, gives many the same, and shows some later than others that come after them.
 * So pages go by time instead of by number, each look begins before the last one ended, and ids tell what is new.
 *
 * @throws {CW_CONFIG_INVALID} when the cursor is not one
 * @throws {CW_ADMIN_FORBIDDEN} without the role `view-events`
 * @throws {CW_ADMIN_UNAVAILABLE} when Keycloak does not answer; begin again with the last cursor
 * @example
 * ```ts
 * import { type Admin, followEvents } from '@cloakwright/admin'
 *
 * export async function print(admin: Admin, cursor: string | undefined, keep: (cursor: string) => Promise<void>): Promise<void> {
 *   await followEvents(admin, {
 *     ...(cursor === undefined ? {} : { cursor }),
 *     async onEvents(events, next) {
 *       for (const { time, operationType, resourcePath } of events) console.log(time, operationType, resourcePath)
 *       await keep(next)
 *     },
 *   })
 * }
 * ```
 */
export async function followEvents(admin: Admin, options: FollowOptions): Promise<string> {
  const { signal, interval = 2_000, once = false } = options
  const look = createReader(admin, options)
  let cursor = await look()
  while (!once && signal?.aborted !== true) {
    // Rejects when the signal ends it: the loop sees that itself.
    await pause(interval, undefined, signal && { signal }).catch(() => {})
    if (!isAborted(signal)) cursor = await look()
  }
  return cursor
}

/** One look at what is new; gives the cursor behind it. */
function createReader(admin: Admin, options: FollowOptions): () => Promise<string> {
  const { onEvents, onGap, signal, overlap = 30_000, trail, now = Date.now } = options
  const settle = options.settle ?? (trail === undefined ? 0 : 10_000)
  const { floor: first, seen: known } = begin(options)
  const seen = new Map(known)
  let floor = first
  let isLost = false
  const attribute = trail && createMatcher(admin, trail)

  async function take(page: readonly AdminEvent[]): Promise<void> {
    const fresh = page.filter(({ id }) => !seen.has(id))
    if (fresh.length === 0) return
    const origins = await attribute?.(fresh)
    for (const { id, time } of fresh) {
      seen.set(id, time)
      floor = Math.max(floor, time - overlap)
    }
    for (const [id, time] of seen) if (time < floor) seen.delete(id)
    isLost = false
    await onEvents(
      fresh.map((event, index) => ({ ...withoutSecrets(event), ...origins?.[index] })),
      toCursor({ floor, seen }),
    )
  }

  return async () => {
    const last = newest(seen)
    const until = settle > 0 ? now() - settle : undefined
    let from = floor
    let size = pageSize
    let isLastThere = last === undefined
    let firstTime: number | undefined
    for (;;) {
      const page = await list(admin, { from, until, max: size })
      firstTime ??= page[0]?.time
      isLastThere ||= page.some(({ id }) => id === last?.id)
      const end = page.at(-1)?.time ?? from
      await take(page)
      if (page.length < size || signal?.aborted === true) break
      // A page of one millisecond only: what else it has fits into a larger one.
      if (end === from) size *= 2
      else [from, size] = [end, pageSize]
    }
    if (last !== undefined && !isLastThere && !isLost && signal?.aborted !== true) {
      isLost = true
      await onGap?.({ after: last.time, before: firstTime })
    }
    return toCursor({ floor, seen })
  }
}

/** Asked anew: the compiler does not know that waiting changes it. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

function begin({ cursor, from = 0 }: FollowOptions): Progress {
  if (cursor !== undefined) return fromCursor(cursor)
  return { floor: typeof from === 'number' ? from : from.getTime(), seen: new Map() }
}

function newest(seen: ReadonlyMap<string, number>): { id: string; time: number } | undefined {
  let found: { id: string; time: number } | undefined
  for (const [id, time] of seen) if (found === undefined || time > found.time) found = { id, time }
  return found
}

type Query = Parameters<Admin['client']['realms']['findAdminEvents']>[0]

/** The oldest events since a time. The official client passes `direction` and numbers on, though its types know neither. */
async function list(
  { client, realm }: Admin,
  { from, until, max }: { from: number; until: number | undefined; max: number },
): Promise<AdminEvent[]> {
  const query = {
    realm,
    direction: 'asc',
    dateFrom: from,
    max,
    ...(until === undefined ? {} : { dateTo: until }),
  }
  const events = (await client.realms.findAdminEvents(query as unknown as Query)) as AdminEvent[]
  if (events.every(({ id, time }) => typeof id === 'string' && typeof time === 'number')) return events
  throw new CloakwrightError('CW_ADMIN_FAILED', "Keycloak's admin events have no ids", {
    hint: 'Events are followed from Keycloak 26 on.',
  })
}

/** Keycloak masks most secrets itself, and not all: it shows a client's registration token. */
function withoutSecrets(event: AdminEvent): AdminEvent {
  if (event.representation === undefined) return event
  try {
    return { ...event, representation: JSON.stringify(masked(JSON.parse(event.representation))) }
  } catch {
    const { representation: _unreadable, ...rest } = event
    return rest
  }
}
