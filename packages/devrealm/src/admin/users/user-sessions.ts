import { seconds } from '../../context/index.ts'
import type { User } from '../../model/index.ts'
import { endSession, liveSessions } from '../../oidc/index.ts'
import { nothing } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { sessionOf } from '../representations/index.ts'
import { needs, ok, type Resource } from '../request/index.ts'

/** A user's sessions, and their logout. */
export function userSessionRoutes(one: Resource<Readonly<User>>): void {
  one.get('/sessions', needs.viewUsers, ({ context, realm, found }) => {
    const sessions = liveSessions(realm, realm.sessionsOfUser.all(found.id), seconds(context))
    return ok(sessions.map((session) => sessionOf(realm, session)))
  })
  one.get('/offline-sessions/:clientId', needs.viewUsers, ({ context, realm, found, params }) => {
    const id = params['clientId'] ?? ''
    if (realm.clients.get(id) === undefined) throw notFound('Client not found')
    const all = liveSessions(realm, realm.offlineSessionsOfUser.all(found.id), seconds(context), true)
    const sessions = all.filter((session) => Object.hasOwn(session.clients, id))
    return ok(sessions.map((session) => sessionOf(realm, session)))
  })
  one.post('/logout', needs.manageUsers, nothing, (call) => {
    const { context, realm, found } = call
    realm.users.put({ ...found, notBefore: seconds(context) })
    for (const session of realm.sessionsOfUser.all(found.id)) endSession(call, session.id)
    return undefined
  })
}
