import { type Admin, findRole, items } from '@cloakwright/admin'
import { CloakwrightError } from 'cloakwright'
import { findClientId } from './clients.ts'

/** The number of clients to search for a role of the same name, for a hint. */
const mostClients = 300

/**
 * Checks that the role of the client, or without a client the realm role, exists. A role of the same name elsewhere is
 * never used instead; the hint of the error names it.
 *
 * @throws {CW_ADMIN_NOT_FOUND}
 */
export async function requireRole(admin: Admin, name: string, client: string | undefined): Promise<void> {
  if (!(await isThere(admin, name, client))) throw await missingRole(admin, name, client)
}

/** The error for a role that does not exist. Its hint names roles of the same name elsewhere. */
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

/** Runs work on roles. If one is missing, the hint of the error names roles of the same name elsewhere. */
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
  // Its error for a missing client has a better hint.
  await findClientId(admin, client)
  return (await findRole(admin, { name, client })) !== undefined
}

async function elsewhere(admin: Admin, name: string, client: string | undefined): Promise<string> {
  const list = `List them: cloakwright roles list${client === undefined ? '' : ` --client ${client}`}`
  try {
    const homes = await clientsWithRole(admin, name)
    const inRealm = client !== undefined && (await isThere(admin, name, undefined))
    const found = [
      ...(inRealm ? ['Omit --client: the realm has a role of this name'] : []),
      ...homes.map((id) => `Pass --client ${id}: that client has a role of this name`),
    ]
    return found.length === 0 ? `Give the exact name. ${list}` : found.join('\n')
  } catch (error) {
    // Without rights to search, the hint is shorter.
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
