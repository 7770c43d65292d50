import type { RealmContents } from '../representations/index.ts'
import type { Answer, AnyCall } from '../request/index.ts'
import { maskedClient, plainGroup, plainRole, withoutCredentials } from './admin-event-bodies.ts'
import type { Body, Told } from './admin-event-rule.ts'

/** What a partial import added. Keycloak records it as changes of the realm, with the role's client or the realm as the path. */
export function imported({ realm, body }: AnyCall, answer: Answer): Told[] {
  const { clients, roles, groups, users } = body as RealmContents
  const bodies: object[] = [
    ...(clients ?? []).map((client) => maskedClient(client as Body)),
    ...(roles?.realm ?? []).map((role) => plainRole(role as Body)),
    ...Object.values(roles?.client ?? {}).flatMap((list) => list.map((role) => plainRole(role as Body))),
    ...(groups ?? []).map((group) => plainGroup(group as Body)),
    ...(users ?? []).map((user) => withoutCredentials(user as Body)),
  ]
  const { results } = (answer?.body ?? { results: [] }) as {
    results: { action: string; resourceType: string; resourceName: string; id: string }[]
  }
  return results
    .flatMap(({ action: made, resourceType, resourceName, id }, index): Told[] => {
      if (made !== 'ADDED') return []
      const content = bodies[index] as Body
      const clientRole = (): string | undefined => {
        const [clientId = '', name = ''] = resourceName.split('-->')
        return realm.role(name, realm.clientByName.get(clientId)?.id)?.id
      }
      switch (resourceType) {
        case 'CLIENT':
          return [{ path: `clients/${id}`, representation: { id, ...content } }]
        case 'REALM_ROLE':
          return [{ path: `realms/${id}`, representation: { id, ...content } }]
        case 'CLIENT_ROLE':
          return [{ path: `clients/${id}`, representation: { id: clientRole(), ...content } }]
        case 'GROUP':
          return [{ path: `groups/${id}`, representation: content }]
        default:
          return [{ path: `users/${id}`, representation: { id, ...content } }]
      }
    })
    .map((told) => ({ operation: 'CREATE', ...told }))
}
