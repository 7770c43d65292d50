import { seconds } from '../../context/index.ts'
import type { Client } from '../../model/index.ts'
import { liveSessions } from '../../oidc/index.ts'
import { sessionOf } from '../representations/index.ts'
import { type Call, needs, ok, type Resource } from '../request/index.ts'

/** A client's sessions, and their number. */
export function clientSessionRoutes(one: Resource<Readonly<Client>>): void {
  for (const kind of ['sessions', 'offlineSessions'] as const) {
    const list = kind === 'sessions' ? '/user-sessions' : '/offline-sessions'
    const count = kind === 'sessions' ? '/session-count' : '/offline-session-count'
    const of = ({ context, realm, found }: Call<Readonly<Client>>) => {
      const all = realm[kind].values().filter((session) => Object.hasOwn(session.clients, found.id))
      return liveSessions(realm, all, seconds(context), kind === 'offlineSessions')
    }
    one.get(list, needs.viewClients, (call) =>
      ok(call.query.page(of(call), 100).map((session) => sessionOf(call.realm, session))),
    )
    one.get(count, needs.viewClients, (call) => ok({ count: of(call).length }))
  }
}
