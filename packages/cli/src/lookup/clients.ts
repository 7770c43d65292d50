import { type Admin, findClient } from '@cloakwright/admin'
import { notFound } from './not-found.ts'
import { uuid } from './uuid.ts'

/** Keycloak's id of a client, by the name that it logs in with. @throws {CW_ADMIN_NOT_FOUND} */
export async function findClientId(admin: Admin, clientId: string): Promise<string> {
  const { clients } = admin.client
  const found = await findClient(admin, clientId)
  if (found?.id !== undefined) return found.id
  const message = `The realm ${admin.realm} has no client ${clientId}`
  if (uuid.test(clientId)) {
    const byId = await clients.findOne({ id: clientId })
    if (byId != null) throw notFound(message, `It is the id of the client ${byId.clientId}: give that name`)
  }
  const similar = await clients.find({ clientId, search: true, max: 5 })
  const names = similar.flatMap((each) => each.clientId ?? [])
  throw notFound(
    message,
    names.length > 0
      ? `Client ids are exact. Similar: ${names.join(', ')}`
      : "Give the client's id, as the console shows it",
  )
}
