import { CloakwrightError } from 'cloakwright'
import type { Change } from '../changes/index.ts'
import { type Admin, hasMessageKey, refusalReason } from '../client/index.ts'
import { runSteps, type StepChange } from '../edit/index.ts'
import { requireKnown } from '../fields/index.ts'
import { type UserRef, userOf } from '../lookup/index.ts'
import { endSessions } from './sessions.ts'

/** Options of {@link resetPassword}. */
export interface ResetPasswordOptions {
  /** Whether the user must choose another password at the next login. Default: false. */
  readonly temporary?: boolean
  /** Whether all sessions and offline tokens end: Keycloak itself leaves them open. Default: false. */
  readonly endSessions?: boolean
}

/**
 * Sets a user's password, whatever it was before; {@link ensureUser} leaves one that exists alone. The change that is
 * recorded has the field's name, never the password.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user does not exist
 * @throws {CW_ADMIN_REFUSED} when the password policy refuses the password, the user's directory is read-only, or the user
 * is a service account; the message says which
 * @example
 * ```ts
 * import { type Admin, resetPassword } from '@cloakwright/admin'
 *
 * export const helpOut = (admin: Admin, password: string) =>
 *   resetPassword(admin, 'alice', password, { temporary: true, endSessions: true })
 * ```
 */
export async function resetPassword(
  admin: Admin,
  user: UserRef,
  password: string,
  options: ResetPasswordOptions = {},
): Promise<readonly Change[]> {
  requireKnown('resetPassword', options, { temporary: true, endSessions: true })
  const { client, realm } = admin
  const { temporary = false } = options
  const { id = '', username = id, requiredActions = [] } = await userOf(admin, user)
  const before = await passwordMadeAt(admin, id)
  const credential = { type: 'password', value: password, temporary }
  const run = async () => {
    try {
      await client.users.resetPassword({ realm, id, credential })
    } catch (error) {
      // A request that was repeated may have set it the first time: the history then refuses what is the password by now.
      const isSet = isPasswordOfHistory(error) && (await passwordMadeAt(admin, id)) !== before
      if (!isSet) throw explained(error, realm, username)
    }
  }
  const changes = await runSteps(admin, [
    { changes: [toChange(id, username, requiredActions, temporary)], run },
  ])
  const ended = options.endSessions === true ? await endSessions(admin, { id }) : []
  return [...changes, ...ended]
}

const choose = 'UPDATE_PASSWORD'

function toChange(id: string, name: string, before: readonly string[], temporary: boolean): StepChange {
  const change = { action: 'update', kind: 'user', id, name } as const
  if (before.includes(choose) === temporary) return { ...change, fields: ['password'] }
  const after = temporary ? [...before, choose] : before.filter((action) => action !== choose)
  return {
    ...change,
    fields: ['password', 'requiredActions'],
    before: { requiredActions: before },
    after: { requiredActions: after },
  }
}

async function passwordMadeAt({ client, realm }: Admin, id: string): Promise<number | undefined> {
  const credentials = await client.users.getCredentials({ realm, id })
  return credentials.find(({ type }) => type === 'password')?.createdDate
}

function isPasswordOfHistory(error: unknown): boolean {
  return isRefused(error) && hasMessageKey(error, 'invalidPasswordHistoryMessage')
}

/** A refusal by Keycloak with its reason and a next step. Texts of Keycloak are in the language of the administrator, message keys are not. */
function explained(error: unknown, realm: string, username: string): unknown {
  if (!isRefused(error)) return error
  const refused = (message: string, hint: string): CloakwrightError =>
    new CloakwrightError('CW_ADMIN_REFUSED', message, { hint, cause: error })
  const known = refusalReason(error)
  const rule = known.startsWith('the password ')
    ? known
    : /: invalidPassword\w*, (?:[^:]*: )?(.+?)\.?$/s.exec(error.message)?.[1]
  if (rule !== undefined) {
    return refused(
      `The password policy of the realm ${realm} refuses this password of ${username}: ${rule}`,
      'Choose a password that meets the policy (Authentication, Policies). The old password is unchanged.',
    )
  }
  if (error.message.includes('account is read only')) {
    return refused(
      `The password of ${username} cannot be changed in Keycloak: it is stored in a read-only directory`,
      'Reset it in the directory (LDAP, Active Directory, Kerberos), or change the edit mode of the provider (User federation).',
    )
  }
  if (error.message.includes('can not manage credentials')) {
    return refused(
      `${username} is the service account of a client and has no password`,
      "Rotate the client's secret instead.",
    )
  }
  return error
}

function isRefused(error: unknown): error is CloakwrightError {
  return error instanceof CloakwrightError && error.code === 'CW_ADMIN_REFUSED'
}
