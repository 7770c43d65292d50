import type { Client } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { sessionOf } from '../representations/index.ts'
import { needs, ok, type Resource } from '../request/index.ts'

/** A client's sessions, and their number. */
export function clientSessionRoutes(one: Resource<Readonly<Client>>): void {
  for (const kind of ['sessions', 'offlineSessions'] as const) {
    const list = kind === 'sessions' ? '/user-sessions' : '/offline-sessions'
    const count = kind === 'sessions' ? '/session-count' : '/offline-session-count'
    const of = (realm: RealmStore, client: Readonly<Client>) =>
      realm[kind].values().filter((session) => Object.hasOwn(session.clients, client.id))
    one.get(list, needs.viewClients, ({ realm, found, query }) =>
      ok(query.page(of(realm, found), 100).map((session) => sessionOf(realm, session))),
    )
    one.get(count, needs.viewClients, ({ realm, found }) => ok({ count: of(realm, found).length }))
  }
}
