import { CloakwrightError } from 'cloakwright'
import type { Change } from '../changes/index.ts'
import type { Admin, RequiredActionRepresentation } from '../client/index.ts'
import { runSteps, updateUser } from '../edit/index.ts'
import { requireKnown } from '../fields/index.ts'
import { type UserRef, userOf } from '../lookup/index.ts'

/** Options of {@link sendActions}. */
export interface SendActionsOptions {
  /** The client that the user comes from and goes back to, by its client id. */
  readonly clientId?: string
  /** Where the user goes afterwards: one of that client's redirect URIs. */
  readonly redirectUri?: string
  /** Seconds for which the link can be used. Default: the realm's, usually 12 hours. */
  readonly lifespan?: number
}

/**
 * Sends a user an e-mail with a link to required actions: `UPDATE_PASSWORD`, `VERIFY_EMAIL`, `CONFIGURE_TOTP`.
 *
 * Each call sends one: after a failure that leaves open whether it was sent, it is not sent again by itself.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user does not exist
 * @throws {CW_ADMIN_REFUSED} when the user has no address or is disabled, or an action or the client is not known
 * @throws {CW_ADMIN_FAILED} when Keycloak cannot send: the realm has no mail server, or it cannot be reached
 * @example
 * ```ts
 * import { type Admin, sendActions } from '@cloakwright/admin'
 *
 * export const invite = (admin: Admin) =>
 *   sendActions(admin, 'alice', ['VERIFY_EMAIL', 'UPDATE_PASSWORD'], { lifespan: 86_400 })
 * ```
 */
export async function sendActions(
  admin: Admin,
  user: UserRef,
  actions: readonly string[],
  options: SendActionsOptions = {},
): Promise<readonly Change[]> {
  requireKnown('sendActions', options, { clientId: true, redirectUri: true, lifespan: true })
  const { client, realm } = admin
  // Keycloak would send an e-mail that asks for nothing.
  if (actions.length === 0)
    throw new CloakwrightError('CW_ADMIN_REFUSED', 'The list of required actions for the e-mail is empty', {
      hint: 'Name at least one required action, for example UPDATE_PASSWORD, VERIFY_EMAIL or CONFIGURE_TOTP.',
    })
  const { id = '', username = id } = await userOf(admin, user)
  const change = { action: 'update', kind: 'user', id, name: username, fields: ['actionsEmail'] } as const
  const changes = [{ ...change, after: { actionsEmail: [...actions] } }]
  const run = () => client.users.executeActionsEmail({ ...options, realm, id, actions: [...actions] })
  return await runSteps(admin, [{ changes, run }])
}

const secondFactors: ReadonlySet<string | undefined> = new Set(['otp', 'webauthn', 'webauthn-passwordless'])
const configure = 'CONFIGURE_TOTP'

/**
 * Asks a user at the next login to set up a one-time password, unless it has a second factor or a passkey.
 *
 * Needs the roles `manage-users` and `view-realm` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user does not exist
 * @throws {CW_ADMIN_REFUSED} when the required action is disabled in the realm, so that users would not be asked
 * @example
 * ```ts
 * import { type Admin, requireMfa } from '@cloakwright/admin'
 *
 * export const secure = (admin: Admin) => requireMfa(admin, 'alice')
 * ```
 */
export async function requireMfa(admin: Admin, user: UserRef): Promise<readonly Change[]> {
  const { client, realm } = admin
  const { id = '' } = await userOf(admin, user)
  const credentials = await client.users.getCredentials({ realm, id })
  if (credentials.some(({ type }) => secondFactors.has(type))) return []
  const { authenticationManagement } = client
  const action = (await authenticationManagement.getRequiredActionForAlias({
    realm,
    alias: configure,
  })) as RequiredActionRepresentation
  if (action.enabled !== true)
    throw new CloakwrightError(
      'CW_ADMIN_REFUSED',
      `The required action ${configure} is disabled in the realm ${realm}`,
      {
        hint: 'Enable it (Authentication, Required actions). Until then Keycloak does not ask users for a second factor.',
      },
    )
  return await updateUser(admin, { id }, ({ requiredActions = [] }) => ({
    requiredActions: [...new Set([...requiredActions, configure])],
  }))
}
