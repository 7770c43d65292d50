import { type Admin, findClient } from '@cloakwright/admin'
import { notFound } from './not-found.ts'
import { uuid } from './uuid.ts'

/** Finds the internal id of a client by its client id. @throws {CW_ADMIN_NOT_FOUND} */
export async function findClientId(admin: Admin, clientId: string): Promise<string> {
  const { clients } = admin.client
  const found = await findClient(admin, clientId)
  if (found?.id !== undefined) return found.id
  const message = `The realm ${admin.realm} has no client ${clientId}`
  if (uuid.test(clientId)) {
    const byId = await clients.findOne({ id: clientId })
    if (byId != null)
      throw notFound(message, `Give the client id ${byId.clientId}: this is the internal id of that client`)
  }
  const similar = await clients.find({ clientId, search: true, max: 5 })
  const names = similar.flatMap((each) => each.clientId ?? [])
  throw notFound(
    message,
    names.length > 0
      ? `Give the exact client id. Similar: ${names.join(', ')}`
      : 'Give the client id that the console shows',
  )
}
