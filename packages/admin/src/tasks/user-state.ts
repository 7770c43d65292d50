import type { Change } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'
import { runSteps, updateUser, visible } from '../edit/index.ts'
import { requireKnown, without } from '../fields/index.ts'
import { findUser, type UserRef, userOf } from '../lookup/index.ts'
import { endSessions } from './sessions.ts'

/**
 * Locks a user out: no login any more, and unless `endSessions` is false, all sessions and offline tokens end.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user does not exist
 * @example
 * ```ts
 * import { type Admin, disableUser } from '@cloakwright/admin'
 *
 * export const lockOut = (admin: Admin) => disableUser(admin, 'mallory')
 * ```
 */
export async function disableUser(
  admin: Admin,
  user: UserRef,
  options: { readonly endSessions?: boolean } = {},
): Promise<readonly Change[]> {
  requireKnown('disableUser', options, { endSessions: true })
  const { id = '' } = await userOf(admin, user)
  const disabled = await updateUser(admin, { id }, { enabled: false })
  const ended = options.endSessions === false ? [] : await endSessions(admin, { id })
  return [...disabled, ...ended]
}

/**
 * Lets a user log in again.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user does not exist
 * @example
 * ```ts
 * import { type Admin, enableUser } from '@cloakwright/admin'
 *
 * export const letIn = (admin: Admin) => enableUser(admin, 'alice')
 * ```
 */
export async function enableUser(admin: Admin, user: UserRef): Promise<readonly Change[]> {
  return await updateUser(admin, user, { enabled: true })
}

/**
 * Deletes a user, if it is there.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @example
 * ```ts
 * import { type Admin, deleteUser } from '@cloakwright/admin'
 *
 * export const forget = (admin: Admin) => deleteUser(admin, 'alice')
 * ```
 */
export async function deleteUser(admin: Admin, user: UserRef): Promise<readonly Change[]> {
  const before = await findUser(admin, user)
  if (before === undefined) return []
  const { realm } = admin
  const { id = '', username = id } = before
  const change = { action: 'delete', kind: 'user', id, name: username, fields: [] } as const
  const changes = [{ ...change, before: visible(without(before, 'access')) }]
  return await runSteps(admin, [{ changes, run: ({ client }) => client.users.del({ realm, id }) }])
}
