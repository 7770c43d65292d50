import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { RealmContext } from '../../context/index.ts'
import type { AdminEvent, RealmStore } from '../../store/index.ts'
import type { Answer, AnyCall, Caller } from '../request/index.ts'
import type { Told } from './admin-event-rule.ts'
import { eventRules } from './admin-event-rules.ts'

const operations = { POST: 'CREATE', PUT: 'UPDATE', DELETE: 'DELETE' } as const

/**
 * Builds the admin events of a request if Keycloak has some for its route. It starts before the request runs, because an event
 * may need the earlier state. Called with the response, it returns a function that records the events once the change is
 * stored.
 */
export function eventsOf(
  method: string,
  route: string,
  call: AnyCall,
): ((answer: Answer) => () => void) | undefined {
  const rule = eventRules[`${method} ${route}`]
  if (rule === undefined || rule.isNothing?.(call) === true) return undefined
  const { context, realm, caller, request } = call
  const wasEnabled = recordsAdminEvents(realm)
  const before = rule.before?.(call)
  const owner = rule.ofCaller === true ? caller.realm : realm
  const path = decodeURIComponent((call.request.url.split('?')[0] ?? '').replace(/\/+$/, '')).replace(
    /^\/admin\/realms\/[^/]+\/?/,
    '',
  )
  return (answer) => {
    // Enabling events is an event only through their own endpoint.
    const isOn = wasEnabled || (route === '/events/config' && recordsAdminEvents(realm))
    if (rule.ofCaller === true ? !recordsAdminEvents(owner) : !isOn) return () => undefined
    const operation = operations[method as keyof typeof operations]
    const type = rule.type(call)
    const events = rule.tell(call, answer, before).map((told) => ({ operation, type, path, ...told }))
    return () => {
      for (const event of events) recordEvent({ context, realm: owner, caller, request }, event)
    }
  }
}

interface Recorded extends Told {
  readonly operation: AdminEvent['operationType']
  readonly type: string
}

/** Records an event in a realm, as detailed as its settings allow. */
export function recordEvent(
  from: { context: RealmContext; realm: RealmStore; caller: Caller; request: FastifyRequest },
  { operation, type, path, representation, details }: Recorded,
): void {
  const { context, realm, caller, request } = from
  const isDetailed = realm.info['adminEventsDetailsEnabled'] === true
  realm.adminEvents.add({
    id: randomUUID(),
    time: context.now(),
    realmId: realm.info.id,
    authDetails: {
      realmId: caller.realm.info.id,
      clientId: caller.client.id,
      userId: caller.user.id,
      ipAddress: request.ip,
    },
    operationType: operation,
    resourceType: type,
    ...(path === undefined || path === '' ? {} : { resourcePath: path }),
    ...(isDetailed && representation !== undefined ? { representation: JSON.stringify(representation) } : {}),
    ...(details === undefined ? {} : { details }),
  })
}

/** Whether the realm records admin events. */
export function recordsAdminEvents(realm: RealmStore): boolean {
  return realm.info['adminEventsEnabled'] === true
}
