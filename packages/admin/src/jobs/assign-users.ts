import { createHash } from 'node:crypto'
import type { Admin } from '../client/index.ts'
import { groupSteps, roleSteps } from '../edit/index.ts'
import { jobOptions, requireKnown } from '../fields/index.ts'
import type { ImportedUser, UserFile } from '../files/index.ts'
import {
  type KnownRole,
  knownGroups,
  knownRoles,
  type RoleNames,
  requireRoleNames,
  rolesInstead,
  roleTitle,
} from '../lookup/index.ts'
import { type ChangeOptions, type ChangeReport, changeUsers, type UserTask } from './change-users.ts'
import { type RealmFacts, roleNames, texts } from './realm-facts.ts'
import { isForeignDefaultRole, unknownName } from './row-names.ts'

/** Options of {@link bulkAssign}. */
export interface AssignOptions extends ChangeOptions {
  /** Roles that each user of the file gets. */
  readonly roles?: RoleNames
  /** Paths of groups that each user of the file joins. */
  readonly groups?: readonly string[]
}

/**
 * Adds roles and groups to the users of a file; existing ones stay. `roles` and `groups` apply to all users. Without both,
 * each row has its own in the columns `realmRoles`, `clientRoles` and `groups`. A row with an unknown user, role or group
 * goes to the file of rejected rows; the other rows continue. Rows name users as for {@link bulkDisable}.
 *
 * The same call with the same journal resumes a run that stopped. {@link undoJob} removes what the job added, not what
 * users had before.
 *
 * Needs the roles `manage-users`, `view-realm` and `view-clients` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when a role or group for all users does not exist; nothing is changed
 * @throws {CW_JOURNAL_LOCKED} when another process is using the journal; the message names its host and pid
 * @throws {CW_JOURNAL_MISMATCH} when the journal is that of another file, realm, server or job
 * @throws {CW_FILE_EXISTS} when the file of rejected rows already exists
 * @throws {CW_ADMIN_UNAVAILABLE} when Keycloak is not ready for minutes; the same call resumes
 * @example
 * ```ts
 * import type { Admin } from '@cloakwright/admin'
 * import { openUserFile } from '@cloakwright/admin/files'
 * import { bulkAssign } from '@cloakwright/admin/jobs'
 *
 * export async function welcome(admin: Admin): Promise<void> {
 *   const file = await openUserFile('joiners.csv')
 *   const job = { journal: 'joiners.journal', rejected: 'joiners.rejected.ndjson' }
 *   await bulkAssign(admin, file, { ...job, roles: { realm: ['reader'] }, groups: ['/staff'] })
 * }
 * ```
 */
export async function bulkAssign(
  admin: Admin,
  file: UserFile,
  options: AssignOptions,
): Promise<ChangeReport> {
  requireKnown('bulkAssign', options, { ...jobOptions, roles: true, groups: true }, rolesInstead)
  requireRoleNames(options.roles)
  return await changeUsers(admin, 'assign', file, options, async (facts): Promise<UserTask> => {
    const wantedBy = await wantedByRow(admin, facts, file, options)
    return {
      job: jobName(options),
      async check({ user }) {
        const wanted = await wantedBy(user)
        return typeof wanted === 'string' ? wanted : undefined
      },
      async plan({ user }, { id = '', username: name = '' }) {
        const wanted = await wantedBy(user)
        if (typeof wanted === 'string') return []
        const subject = { kind: 'user', id, name } as const
        return [
          ...(await roleSteps(admin, subject, wanted.roles, true)),
          ...(await groupSteps(admin, subject, wanted.groups, true)),
        ]
      },
    }
  })
}

interface Wanted {
  readonly roles: readonly KnownRole[]
  readonly groups: readonly { readonly id: string; readonly path: string }[]
}

/** What a row's user should have, or what is wrong with the row. */
async function wantedByRow(
  admin: Admin,
  facts: RealmFacts,
  file: UserFile,
  { roles, groups }: AssignOptions,
): Promise<(user: ImportedUser) => Promise<Wanted | string>> {
  if (roles === undefined && groups === undefined) return (user) => ownWanted(facts, file, user)
  const [allRoles, allGroups] = await Promise.all([knownRoles(admin, roles), knownGroups(admin, groups)])
  const wanted = { roles: allRoles, groups: allGroups }
  return async () => wanted
}

async function ownWanted(facts: RealmFacts, file: UserFile, user: ImportedUser): Promise<Wanted | string> {
  const { realm = [], client = {} } = roleNames(user)
  const roles: KnownRole[] = []
  const groups: { id: string; path: string }[] = []
  for (const given of realm) {
    const own = await facts.role(given)
    const name =
      own === undefined && isForeignDefaultRole(given, file) ? (facts.defaults.role ?? given) : given
    const role = own ?? (await facts.role(name))
    if (role === undefined) return unknownName.realmRole(given)
    roles.push({ id: role.id, name, title: name, clientUuid: undefined })
  }
  for (const [clientId, names] of Object.entries(client)) {
    const clientUuid = await facts.clientUuid(clientId)
    if (clientUuid === undefined) return unknownName.client(clientId)
    for (const name of names) {
      const role = await facts.role(name, clientId)
      if (role === undefined) return unknownName.clientRole(clientId, name)
      const title = roleTitle({ name, client: clientId })
      roles.push({ id: role.id, name, client: clientId, title, clientUuid })
    }
  }
  for (const path of texts(user.groups)) {
    const group = await facts.group(path)
    if (typeof group === 'string') return group
    groups.push({ id: group.id, path: group.path })
  }
  return { roles, groups }
}

/** Other roles or groups are another job. */
function jobName({ roles, groups }: AssignOptions): string {
  if (roles === undefined && groups === undefined) return 'assign'
  const what = JSON.stringify([roles?.realm ?? [], Object.entries(roles?.client ?? {}), groups ?? []])
  return `assign ${createHash('sha256').update(what).digest('hex').slice(0, 16)}`
}
