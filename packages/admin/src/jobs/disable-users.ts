import type { Admin } from '../client/index.ts'
import { giving, type Step } from '../edit/index.ts'
import { jobOptions, requireKnown } from '../fields/index.ts'
import type { UserFile } from '../files/index.ts'
import { type ChangeOptions, type ChangeReport, changeUsers } from './change-users.ts'

/** Options of {@link bulkDisable}. */
export interface DisableOptions extends ChangeOptions {
  /** Whether the users' sessions end at once. Default: true. */
  readonly endSessions?: boolean
}

/**
 * Disables the users that a file names, and ends their sessions. A row names its user by `username`, or in a file without
 * user names by `email` (opened with `byEmail`); other columns are ignored. A row with an unknown user, or with an e-mail
 * address of several users, goes to the file of rejected rows; the other rows continue. Only this job accepts that file
 * after its rows are fixed.
 *
 * The same call with the same journal resumes a run that stopped. {@link undoJob} enables the users again that were enabled
 * before; their sessions stay ended.
 *
 * Needs the roles `manage-users` and `view-realm` of `realm-management`.
 *
 * @throws {CW_JOURNAL_LOCKED} when another process is using the journal; the message names its host and pid
 * @throws {CW_JOURNAL_MISMATCH} when the journal is that of another file, realm, server or job
 * @throws {CW_FILE_EXISTS} when the file of rejected rows already exists
 * @throws {CW_ADMIN_UNAVAILABLE} when Keycloak is not ready for minutes; the same call resumes
 * @example
 * ```ts
 * import type { Admin } from '@cloakwright/admin'
 * import { openUserFile } from '@cloakwright/admin/files'
 * import { bulkDisable } from '@cloakwright/admin/jobs'
 *
 * export async function lockOut(admin: Admin): Promise<void> {
 *   const file = await openUserFile('leavers.csv')
 *   await bulkDisable(admin, file, { journal: 'leavers.journal', rejected: 'leavers.rejected.ndjson' })
 * }
 * ```
 */
export async function bulkDisable(
  admin: Admin,
  file: UserFile,
  options: DisableOptions,
): Promise<ChangeReport> {
  requireKnown('bulkDisable', options, { ...jobOptions, endSessions: true })
  const { client, realm } = admin
  return await changeUsers(admin, 'disable', file, options, async () => ({
    job: 'disable',
    check: async () => undefined,
    async plan(_row, { id = '', username: name = '', enabled }, begun) {
      // One that a killed run disabled has perhaps still its sessions.
      if (enabled === false && !begun) return []
      const disable: Step = {
        changes: [giving({ kind: 'user', id, name }, ['enabled'], false)],
        // Alone: with it neither attributes nor names are touched.
        run: () => client.users.update({ realm, id }, { enabled: false }),
        inverse: { enabled: true },
      }
      const end: Step = { changes: [], run: () => client.users.logout({ realm, id }) }
      return options.endSessions === false ? [disable] : [disable, end]
    },
  }))
}
