import { nothing, type Shape, shape } from '../body/index.ts'
import { type AdminApi, needs, ok } from '../request/index.ts'
import { findEvents } from './admin-event-query.ts'
import { eventTypes } from './event-types.ts'

/** Events and their settings: `/events`, `/admin-events`. */
export function eventRoutes(api: AdminApi): void {
  const resource = api.resource('')
  resource.get('/events/config', needs.viewEvents, ({ realm }) => {
    const shown = eventMembers
      .map((member) => [member, realm.info[member]] as const)
      .filter(([, value]) => value !== undefined)
    const config = Object.fromEntries(shown) as Record<string, unknown>
    const enabled = config['enabledEventTypes'] as unknown[]
    return ok({ ...config, enabledEventTypes: enabled.length === 0 ? eventTypes : enabled })
  })
  resource.put('/events/config', needs.manageEvents, eventsConfigShape, ({ realm, body }) => {
    realm.update({ ...realm.info, ...body })
    return undefined
  })
  // Login events are not recorded: the list is empty, as in a realm with login events off.
  resource.get('/events', needs.viewEvents, () => ok([]))
  resource.delete('/events', needs.manageEvents, nothing, () => undefined)
  resource.get('/admin-events', needs.viewEvents, ({ context, realm, query }) => {
    const { adminEventsExpiration } = (realm.info.attributes ?? {}) as { adminEventsExpiration?: string }
    return ok(findEvents(realm.adminEvents.all(context.now(), Number(adminEventsExpiration ?? 0)), query))
  })
  resource.delete('/admin-events', needs.manageEvents, nothing, ({ realm }) => {
    realm.adminEvents.clear()
    return undefined
  })
}

const eventMembers = [
  'eventsEnabled',
  'eventsExpiration',
  'eventsListeners',
  'enabledEventTypes',
  'adminEventsEnabled',
  'adminEventsDetailsEnabled',
]

const eventsConfigShape: Shape<Record<string, unknown>> = shape('RealmEventsConfigRepresentation', {
  boolean: 'eventsEnabled adminEventsEnabled adminEventsDetailsEnabled',
  long: 'eventsExpiration',
  strings: 'eventsListeners enabledEventTypes',
})
