import { type Admin, findRole, items } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'
import { findClientId } from './clients.ts'

/** Clients in which a role of that name is looked for, for a hint. */
const mostClients = 300

/**
 * Makes sure that there is the role: of the client, or of the realm where no client is named. Another one of the same name
 * is never taken in its place; the error says where there is one.
 *
 * @throws {CW_ADMIN_NOT_FOUND}
 */
export async function requireRole(admin: Admin, name: string, client: string | undefined): Promise<void> {
  if (!(await isThere(admin, name, client))) throw await missingRole(admin, name, client)
}

/** The error for a role that is not there, with where else there is one of its name. */
export async function missingRole(
  admin: Admin,
  name: string,
  client: string | undefined,
): Promise<CloakwrightError> {
  const of = client === undefined ? `realm ${admin.realm}` : `client ${client}`
  return new CloakwrightError('CW_ADMIN_NOT_FOUND', `The ${of} has no role ${name}`, {
    hint: await elsewhere(admin, name, client),
  })
}

/** Does work that names roles; where one is missing, the error says where else there is one of that name. */
export async function namingRoles<T>(
  admin: Admin,
  names: readonly string[],
  client: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof CloakwrightError) || error.code !== 'CW_ADMIN_NOT_FOUND') throw error
    for (const name of names) await requireRole(admin, name, client)
    throw error
  }
}

async function isThere(admin: Admin, name: string, client: string | undefined): Promise<boolean> {
  if (client === undefined) return (await findRole(admin, { name })) !== undefined
  // Its error says more of a client that is not there.
  await findClientId(admin, client)
  return (await findRole(admin, { name, client })) !== undefined
}

async function elsewhere(admin: Admin, name: string, client: string | undefined): Promise<string> {
  const list = `List them: cloakwright roles list${client === undefined ? '' : ` --client ${client}`}`
  try {
    const homes = await clientsWithRole(admin, name)
    const inRealm = client !== undefined && (await isThere(admin, name, undefined))
    const found = [
      ...(inRealm ? ['The realm has a role of this name: leave --client out'] : []),
      ...homes.map((id) => `The client ${id} has a role of this name: --client ${id}`),
    ]
    return found.length === 0 ? `Names are exact. ${list}` : found.join('\n')
  } catch (error) {
    // Who may not look there gets the shorter hint.
    if (error instanceof CloakwrightError && error.code === 'CW_ADMIN_FORBIDDEN') return list
    throw error
  }
}

async function clientsWithRole(admin: Admin, roleName: string): Promise<string[]> {
  const { clients } = admin.client
  const found: string[] = []
  let asked = 0
  for await (const { id = '', clientId = '' } of items((page) => clients.find(page))) {
    if ((await clients.findRole({ id, roleName }))?.name === roleName) found.push(clientId)
    asked += 1
    if (asked === mostClients) break
  }
  return found
}
