import { CloakwrightError } from 'cloakwright'
import type { Admin, AdminEventRepresentation, EventRepresentation } from '../../client/index.ts'
import { masked } from '../../fields/index.ts'
import type { TrailSource } from '../sinks/index.ts'
import { createMatcher, type EventOrigin } from './event-origin.ts'
import { type EventPage, type FollowOptions, follow, type Placed } from './event-reader.ts'

/** An admin event of Keycloak. Of secrets in its representation only the mask is there. */
export interface AdminEvent extends AdminEventRepresentation, EventOrigin {
  readonly id: string
  /** When the change was made, milliseconds since the epoch. */
  readonly time: number
}

/** What a user did, a login for example. */
export interface UserEvent extends EventRepresentation {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** Options of {@link followEvents}. */
export interface FollowEventsOptions extends FollowOptions<AdminEvent> {
  /** The toolkit's own audit trail: each event then says which of its entries it belongs to. `settle` is then 10,000. */
  readonly trail?: TrailSource
}

/**
 * Reads a realm's admin events as they come, without gap and without double. The realm must have them enabled.
 *
 * Needs the role `view-events` of `realm-management`.
 *
 * @throws {CW_CONFIG_INVALID} when the cursor is not one
 * @throws {CW_ADMIN_FORBIDDEN} without the role `view-events`
 * @throws {CW_ADMIN_UNAVAILABLE} when Keycloak does not answer; begin again with the last cursor
 * @example
 * ```ts
 * import type { Admin } from '@cloakwright/admin'
 * import { followEvents } from '@cloakwright/admin/audit'
 *
 * export async function print(admin: Admin, cursor: string, keep: (cursor: string) => Promise<void>): Promise<void> {
 *   await followEvents(admin, {
 *     cursor,
 *     async onEvents(events, next) {
 *       for (const { time, operationType, resourcePath } of events) console.log(time, operationType, resourcePath)
 *       await keep(next)
 *     },
 *   })
 * }
 * ```
 */
export async function followEvents(admin: Admin, options: FollowEventsOptions): Promise<string> {
  const { trail, onEvents } = options
  const attribute = trail && createMatcher(admin, trail)
  return await follow((page) => listAdminEvents(admin, page), {
    ...(trail === undefined ? {} : { settle: 10_000 }),
    ...options,
    async onEvents(events, cursor) {
      const origins = await attribute?.(events)
      await onEvents(
        events.map((event, index) => ({ ...withoutSecrets(event), ...origins?.[index] })),
        cursor,
      )
    },
  })
}

/**
 * As {@link followEvents}, for what users did: logins, logouts, changed passwords.
 *
 * Needs the role `view-events` of `realm-management`.
 *
 * @throws {CW_CONFIG_INVALID} when the cursor is not one
 * @throws {CW_ADMIN_FORBIDDEN} without the role `view-events`
 * @throws {CW_ADMIN_UNAVAILABLE} when Keycloak does not answer; begin again with the last cursor
 */
export async function followUserEvents(admin: Admin, options: FollowOptions<UserEvent>): Promise<string> {
  return await follow((page) => listUserEvents(admin, page), options)
}

type AdminQuery = Parameters<Admin['client']['realms']['findAdminEvents']>[0]
type UserQuery = Parameters<Admin['client']['realms']['findEvents']>[0]

async function listAdminEvents({ client, realm }: Admin, page: EventPage): Promise<AdminEvent[]> {
  return placed(await client.realms.findAdminEvents(queryOf(realm, page) as AdminQuery))
}

async function listUserEvents({ client, realm }: Admin, page: EventPage): Promise<UserEvent[]> {
  return placed(await client.realms.findEvents(queryOf(realm, page) as UserQuery))
}

/** The official client passes `direction` and milliseconds on, though its types know neither. */
function queryOf(realm: string, { from, until, max }: EventPage): unknown {
  return { realm, direction: 'asc', dateFrom: from, max, ...(until === undefined ? {} : { dateTo: until }) }
}

function placed<T extends object>(events: T[]): (T & Placed)[] {
  const isPlaced = (event: object): event is T & Placed =>
    'id' in event && typeof event.id === 'string' && 'time' in event && typeof event.time === 'number'
  if (events.every(isPlaced)) return events
  throw new CloakwrightError('CW_ADMIN_FAILED', 'The events of this Keycloak have no ids', {
    hint: 'Use Keycloak 26 or later.',
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
