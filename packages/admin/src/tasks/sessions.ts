import { CloakwrightError } from 'cloakwright'
import type { Change } from '../changes/index.ts'
import type { Admin, UserSessionRepresentation } from '../client/index.ts'
import { runSteps, type StepChange } from '../edit/index.ts'
import { type UserRef, userId, userOf } from '../lookup/index.ts'

/**
 * A user's sessions: logins in a browser or by a client, not those of offline tokens.
 *
 * Needs the role `view-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user does not exist
 * @example
 * ```ts
 * import { type Admin, sessionsOf } from '@cloakwright/admin'
 *
 * export const addresses = async (admin: Admin) =>
 *   (await sessionsOf(admin, 'alice')).map(({ ipAddress }) => ipAddress)
 * ```
 */
export async function sessionsOf(admin: Admin, user: UserRef): Promise<readonly UserSessionRepresentation[]> {
  const id = await userId(admin, user)
  return await admin.client.users.listSessions({ realm: admin.realm, id })
}

/**
 * Logs a user out everywhere: all sessions end, and no refresh or offline token that was made before is taken any more.
 * Gives the sessions that were ended.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user does not exist
 * @example
 * ```ts
 * import { type Admin, endSessions } from '@cloakwright/admin'
 *
 * export const logOut = (admin: Admin) => endSessions(admin, 'alice')
 * ```
 */
export async function endSessions(admin: Admin, user: UserRef): Promise<readonly Change[]> {
  const { realm } = admin
  const { id = '', username = id } = await userOf(admin, user)
  const sessions = await sessionsOf(admin, { id })
  const changes = sessions.map(
    ({ id: session = '', start, clients = {} }): StepChange => ({
      action: 'delete',
      kind: 'session',
      id: session,
      name: username,
      fields: [],
      before: { start, clients: Object.values(clients) },
    }),
  )
  // Also where there is none: offline tokens, which are no part of that list, end by it.
  return await runSteps(admin, [{ changes, run: ({ client }) => client.users.logout({ realm, id }) }])
}

/**
 * Ends one session, by the id that {@link sessionsOf} gives, if it is there.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @example
 * ```ts
 * import { type Admin, endSession, sessionsOf } from '@cloakwright/admin'
 *
 * export async function endOldest(admin: Admin): Promise<void> {
 *   const [oldest] = (await sessionsOf(admin, 'alice')).toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0))
 *   if (oldest?.id !== undefined) await endSession(admin, oldest.id)
 * }
 * ```
 */
export async function endSession(admin: Admin, sessionId: string): Promise<readonly Change[]> {
  const { client, realm } = admin
  const change = { action: 'delete', kind: 'session', id: sessionId, name: sessionId, fields: [] } as const
  let isEnded = true
  const run = async () => {
    try {
      await client.realms.deleteSession({ realm, session: sessionId, isOffline: false })
    } catch (error) {
      if (!(error instanceof CloakwrightError) || error.code !== 'CW_ADMIN_NOT_FOUND') throw error
      isEnded = false
    }
  }
  return await runSteps(admin, [{ changes: [change], run, made: () => (isEnded ? [change] : []) }])
}
