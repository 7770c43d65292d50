import type { FastifyRequest } from 'fastify'
import { baseUrl, issuerOf, type RealmContext, seconds } from '../../context/index.ts'
import type { UserSession } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { backChannelLogoutUrlOf } from '../clients/index.ts'
import { leaveSession, liveSession } from '../sessions.ts'
import { addNotice } from './logout-notices.ts'

/** A request that ends sessions. */
export interface EndingRequest {
  readonly context: RealmContext
  readonly request: FastifyRequest
  readonly realm: RealmStore
}

/** Ends a user session and notifies its clients. False if it is not active. */
export function endSession(ending: EndingRequest, id: string): boolean {
  const session = liveSession(ending.realm, id, seconds(ending.context))
  if (session === undefined) return false
  ending.realm.sessions.delete(id)
  notifyClients(ending, session)
  return true
}

/**
 * Ends an offline session and the user session with the same id. As in Keycloak, this notifies only clients with offline access.
 * False if it is not active.
 */
export function endOfflineSession(ending: EndingRequest, id: string): boolean {
  const session = liveSession(ending.realm, id, seconds(ending.context), true)
  if (session === undefined) return false
  ending.realm.offlineSessions.delete(id)
  ending.realm.sessions.delete(id)
  notifyClients(ending, session)
  return true
}

/** Ends a client session of an active user session, which continues, and notifies the client. */
export function endClientSession(ending: EndingRequest, id: string, clientId: string): void {
  const session = liveSession(ending.realm, id, seconds(ending.context))
  const own = session?.clients[clientId]
  if (session === undefined || own === undefined) return
  leaveSession(ending.realm, id, clientId)
  notifyClients(ending, { ...session, clients: { [clientId]: own } })
}

/** Clients that are disabled, or set to front-channel logout, get no logout token. */
function notifyClients({ context, request, realm }: EndingRequest, session: Readonly<UserSession>): void {
  const base = baseUrl(context, request)
  for (const { clientId, issuer } of Object.values(session.clients)) {
    const client = realm.clients.get(clientId)
    if (client === undefined || !client.enabled || client.frontchannelLogout) continue
    const url = backChannelLogoutUrlOf(client, base)
    if (url === undefined) continue
    addNotice(request, {
      realm,
      client,
      url,
      issuer: issuer ?? issuerOf(context, request, realm),
      userId: session.userId,
      sessionId: session.id,
    })
  }
}
