import type { ClientRepresentation } from '../client/index.ts'
import { absent, type InRealm } from './in-realm.ts'

/**
 * The client with this client id, or `undefined` where there is none.
 *
 * Needs the role `view-clients` of `realm-management`.
 *
 * @example
 * ```ts
 * import { type Admin, findClient } from '@cloakwright/admin'
 *
 * export const isPublic = async (admin: Admin) => (await findClient(admin, 'shop-api'))?.publicClient === true
 * ```
 */
export async function findClient(
  { client, realm }: InRealm,
  clientId: string,
): Promise<ClientRepresentation | undefined> {
  // Some databases take one letter for another.
  const found = await client.clients.find({ realm, clientId })
  return found.find((each) => each.clientId === clientId)
}

/** The id that Keycloak's paths want for a client. */
export async function findClientUuid(admin: InRealm, clientId: string): Promise<string | undefined> {
  return (await findClient(admin, clientId))?.id
}

/** @throws {CW_ADMIN_NOT_FOUND} */
export async function clientByName(admin: InRealm, clientId: string): Promise<ClientRepresentation> {
  return (await findClient(admin, clientId)) ?? absent(admin, `client ${clientId}`)
}
