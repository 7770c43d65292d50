import { seconds } from '../../context/index.ts'
import { endOfflineSession, endSession, liveSessions } from '../../oidc/index.ts'
import { nothing } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { type AdminApi, needs, ok } from '../request/index.ts'

/** The sessions of a realm: delete one, count all. */
export function realmSessionRoutes(api: AdminApi): void {
  const resource = api.resource('')
  resource.delete('/sessions/:sessionId', needs.manageUsers, nothing, (call) => {
    const id = call.params['sessionId'] ?? ''
    const end = call.query.flag('isOffline') === true ? endOfflineSession : endSession
    if (!end(call, id)) throw notFound('Sesssion not found')
    return undefined
  })
  resource.get('/client-session-stats', needs.viewRealm, ({ context, realm }) => {
    const stats = new Map<string, { active: number; offline: number }>()
    for (const kind of ['sessions', 'offlineSessions'] as const) {
      const isOffline = kind === 'offlineSessions'
      for (const session of liveSessions(realm, realm[kind].values(), seconds(context), isOffline)) {
        for (const id of Object.keys(session.clients)) {
          const counted = stats.get(id) ?? { active: 0, offline: 0 }
          counted[kind === 'sessions' ? 'active' : 'offline'] += 1
          stats.set(id, counted)
        }
      }
    }
    return ok(
      [...stats].map(([id, { active, offline }]) => ({
        offline: String(offline),
        clientId: realm.clients.get(id)?.clientId,
        active: String(active),
        id,
      })),
    )
  })
}
