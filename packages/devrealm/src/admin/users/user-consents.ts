import { seconds } from '../../context/index.ts'
import type { User } from '../../model/index.ts'
import { endClientSession, leaveSession, liveSessions, removeConsent } from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { nothing } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { type Call, needs, ok, type Resource } from '../request/index.ts'

/** What a user granted to clients, and the clients with offline access. */
export function userConsentRoutes(one: Resource<Readonly<User>>): void {
  one.get('/consents', needs.viewUsers, (call) => ok(consentsOf(call)))
  one.delete('/consents/:clientId', needs.manageUsers, nothing, (call) => {
    const { realm, found, params } = call
    const client = realm.clientByName.get(params['clientId'] ?? '')
    if (client === undefined) throw notFound('Client not found')
    const offline = offlineSessionsOf(call).filter(({ clients }) => Object.hasOwn(clients, client.id))
    const hadConsent = removeConsent(realm, found, client.id)
    if (!hadConsent && offline.length === 0) throw notFound('Consent nor offline token not found')
    if (hadConsent) {
      for (const session of realm.sessionsOfUser.all(found.id)) endClientSession(call, session.id, client.id)
    }
    for (const session of offline) leaveSession(realm, session.id, client.id, true)
    return undefined
  })
}

function offlineSessionsOf({ context, realm, found }: Call<Readonly<User>>) {
  return liveSessions(realm, realm.offlineSessionsOfUser.all(found.id), seconds(context), true)
}

/** UserConsentRepresentations: with the consents first, then clients with offline access only. */
function consentsOf(call: Call<Readonly<User>>): Record<string, unknown>[] {
  const { realm, found } = call
  const offline = new Set(offlineSessionsOf(call).flatMap(({ clients }) => Object.keys(clients)))
  const consents = found.consents ?? {}
  return [...new Set([...Object.keys(consents), ...offline])].flatMap((id) => {
    const client = realm.clients.get(id)
    if (client === undefined) return []
    const consent = consents[id]
    return [
      {
        ...(consent && { lastUpdatedDate: consent.lastUpdatedDate }),
        clientId: client.clientId,
        ...(consent && { createdDate: consent.createdDate }),
        grantedClientScopes: (consent?.granted ?? []).flatMap((granted) => nameOf(realm, granted)),
        additionalGrants: offline.has(id) ? [{ client: id, key: 'Offline Token' }] : [],
      },
    ]
  })
}

function nameOf(realm: RealmStore, granted: string): string[] {
  const name = realm.clientScopes.get(granted)?.name ?? realm.clients.get(granted)?.clientId
  return name === undefined ? [] : [name]
}
