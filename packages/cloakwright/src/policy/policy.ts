import { allowed, holdsAll } from './decision.ts'
import type { ClientRole, RealmRole, RoleClient } from './roles.ts'
import type { Policy } from './types.ts'

/** Allows every verified token. */
export function user(): Policy {
  return { description: 'a verified user', evaluate: () => allowed }
}

/**
 * Allows tokens with **every one** of the realm roles (`realm_access.roles`), compared letter by letter.
 *
 * @throws {CW_CONFIG_INVALID} No role, or an empty one.
 */
export function role(...roles: readonly [RealmRole, ...RealmRole[]]): Policy {
  return holdsAll('realm role', roles, (token) => token.realmRoles)
}

/**
 * Allows tokens with **every one** of the client's roles (`resource_access.{client}.roles`).
 *
 * @throws {CW_CONFIG_INVALID} No role, or an empty one.
 */
export function clientRole<Client extends RoleClient>(
  client: Client,
  ...roles: readonly [ClientRole<Client>, ...ClientRole<Client>[]]
): Policy {
  return holdsAll(`role of client ${client}`, roles, (token) => token.clientRoles(client))
}

/**
 * Allows tokens with **every one** of the scopes (`scope`); `read` is not in `readall`.
 *
 * @throws {CW_CONFIG_INVALID} No scope, or an empty one.
 */
export function scope(...scopes: readonly [string, ...string[]]): Policy {
  const challenge = { scope: scopes.join(' ') }
  return holdsAll(
    'scope',
    scopes,
    (token) => token.scopes,
    (reason) => ({ allowed: false, code: 'CW_SCOPE_INSUFFICIENT', reason, challenge }),
  )
}
