import { CloakwrightError } from 'cloakwright'
import type { Admin } from '../../client/index.ts'

/**
 * Checks that the credentials may do what an import does, by requests that change nothing: an empty partial import, and a
 * user without a name, which Keycloak refuses once it has looked at the rights. Roles of clients are read only where rows
 * name them: that needs `view-clients`, see {@link requireViewClients}.
 *
 * @throws {CW_ADMIN_FORBIDDEN} naming all roles that are missing
 */
export async function requireImportRights(admin: Admin): Promise<void> {
  const { client, realm } = admin
  const [mayImport, mayCreate] = await Promise.all([
    isAllowed(() => client.realms.partialImport({ realm, rep: { ifResourceExists: 'SKIP', users: [] } })),
    isAllowed(() => client.users.create({ realm })),
  ])
  const missing = [...(mayImport ? [] : ['manage-realm']), ...(mayCreate ? [] : ['manage-users'])]
  if (missing.length > 0) throw missingRoles(admin, missing)
}

/**
 * Reads a client or a client scope; who may not is told the role.
 *
 * @throws {CW_ADMIN_FORBIDDEN}
 */
export async function requireViewClients<T>(admin: Admin, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw isForbidden(error) ? missingRoles(admin, ['view-clients']) : error
  }
}

async function isAllowed(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request()
    return true
  } catch (error) {
    if (isForbidden(error)) return false
    // A realm that does not exist is reported by whoever reads it.
    const answered = ['CW_ADMIN_REFUSED', 'CW_ADMIN_NOT_FOUND']
    if (error instanceof CloakwrightError && answered.includes(error.code)) return true
    throw error
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof CloakwrightError && error.code === 'CW_ADMIN_FORBIDDEN'
}

function missingRoles({ realm, server }: Admin, roles: readonly string[]): CloakwrightError {
  const names = roles.join(' and ')
  return new CloakwrightError(
    'CW_ADMIN_FORBIDDEN',
    `The account has no permission to import these users into the realm ${realm} at ${server}: it lacks ${names} of realm-management`,
    {
      hint: `Give the administrator or service account ${names} of the client realm-management. For an administrator of the realm master, the client is ${realm}-realm. An import needs manage-realm and manage-users, and view-clients where rows name clients.`,
    },
  )
}
