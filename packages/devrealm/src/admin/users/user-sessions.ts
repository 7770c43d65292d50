import { seconds } from '../../context/index.ts'
import type { User } from '../../model/index.ts'
import { nothing } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { sessionOf } from '../representations/index.ts'
import { needs, ok, type Resource } from '../request/index.ts'

/** A user's sessions, and their logout. */
export function userSessionRoutes(one: Resource<Readonly<User>>): void {
  one.get('/sessions', needs.viewUsers, ({ realm, found }) =>
    ok(realm.sessionsOfUser.all(found.id).map((session) => sessionOf(realm, session))),
  )
  one.get('/offline-sessions/:clientId', needs.viewUsers, ({ realm, found, params }) => {
    const id = params['clientId'] ?? ''
    if (realm.clients.get(id) === undefined) throw notFound('Client not found')
    const sessions = realm.offlineSessionsOfUser
      .all(found.id)
      .filter((session) => Object.hasOwn(session.clients, id))
    return ok(sessions.map((session) => sessionOf(realm, session)))
  })
  one.post('/logout', needs.manageUsers, nothing, ({ context, realm, found }) => {
    realm.users.put({ ...found, notBefore: seconds(context) })
    for (const session of realm.sessionsOfUser.all(found.id)) realm.sessions.delete(session.id)
    return undefined
  })
}
