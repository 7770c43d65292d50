import type { Writable } from 'node:stream'
import type { Admin, UserRepresentation } from '../client/index.ts'
import { given, type UserFilter, usersWithMemberships } from '../listing/index.ts'
import { type ProgressListener, startPhase } from '../progress/index.ts'
import { writeCsv, writeNdjson } from './write-users.ts'

/** Options of {@link exportUsers}. */
export interface ExportOptions extends UserFilter {
  readonly format: 'csv' | 'ndjson'
  /** Where the text goes, in UTF-8. It is not ended: it belongs to its owner. */
  readonly to: Writable
  /** Ends the export; what was written stays. */
  readonly signal?: AbortSignal
  readonly onProgress?: ProgressListener
}

/** What {@link exportUsers} wrote. */
export interface ExportReport {
  readonly users: number
  readonly seconds: number
}

/**
 * Writes a realm's users with their attributes, roles and groups, as {@link openUserFile} reads them. An import into
 * another realm with the same roles and groups gives the same users. Left out are passwords, service accounts, ids and the
 * roles of the default role. Attributes are those that Keycloak shows to administrators: the user profile's, and
 * unmanaged ones if the realm allows them.
 *
 * In CSV a cell that a spreadsheet would run as a formula gets a `'` before it, which the import removes (OWASP,
 * "CSV Injection"). Each attribute of the user profile has a column; other attributes, and values that a cell can't hold, are JSON in
 * the column `attributes`.
 *
 * Needs the roles `view-users`, `view-realm` and `view-clients` of `realm-management`.
 *
 * @throws {CW_ADMIN_FORBIDDEN} when the account has no permission to view users, groups, roles or clients
 * @example
 * ```ts
 * import { createWriteStream } from 'node:fs'
 * import type { Admin } from '@cloakwright/admin'
 * import { exportUsers } from '@cloakwright/admin/files'
 *
 * export async function backUp(admin: Admin): Promise<void> {
 *   const to = createWriteStream('users.csv', { flags: 'wx', mode: 0o600 })
 *   await exportUsers(admin, { format: 'csv', to })
 *   to.end()
 * }
 * ```
 */
export async function exportUsers(admin: Admin, options: ExportOptions): Promise<ExportReport> {
  const { format, to, signal, onProgress, ...filter } = options
  const began = performance.now()
  const { client, realm } = admin
  const phase = startPhase('exporting', await client.users.count({ ...given(filter), realm }), onProgress)
  const isServiceAccount = serviceAccounts(admin)
  let users = 0

  async function* exported(): AsyncGenerator<UserRepresentation, void, undefined> {
    for await (const user of usersWithMemberships(admin, { ...filter, ...(signal && { signal }) })) {
      if (!(await isServiceAccount(user))) {
        users += 1
        yield user
      }
      phase.add(1)
    }
  }

  if (format === 'ndjson') await writeNdjson(exported(), to, signal)
  else await writeCsv(exported(), await attributeNames(admin), to, signal)
  phase.end()
  return { users, seconds: (performance.now() - began) / 1000 }
}

async function attributeNames({ client, realm }: Admin): Promise<string[]> {
  const { attributes = [] } = await client.users.getProfile({ realm })
  return attributes.flatMap(({ name }) => name ?? [])
}

/**
 * Tells service accounts from people whose names begin alike: Keycloak shows no difference in a list (26.7.4), so that its client
 * is asked. A list without conditions has no service accounts.
 */
function serviceAccounts({ client, realm }: Admin): (user: UserRepresentation) => Promise<boolean> {
  let clients: Promise<ReadonlyMap<string, string>> | undefined

  async function readClients(): Promise<ReadonlyMap<string, string>> {
    const all = await client.clients.find({ realm })
    return new Map(
      all
        .filter(({ serviceAccountsEnabled }) => serviceAccountsEnabled === true)
        .map(({ clientId = '', id = '' }) => [`${prefix}${clientId}`.toLowerCase(), id]),
    )
  }

  return async ({ id, username = '' }) => {
    if (!username.startsWith(prefix)) return false
    clients ??= readClients()
    const owner = (await clients).get(username)
    if (owner === undefined) return false
    return (await client.clients.getServiceAccountUser({ realm, id: owner })).id === id
  }
}

const prefix = 'service-account-'
