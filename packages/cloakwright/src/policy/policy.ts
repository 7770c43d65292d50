import type { AccessToken } from '../token/index.ts'
import { allowed, forbidden, holdsAll, undetermined } from './decision.ts'
import { roleElsewhere } from './role-elsewhere.ts'
import type { ClientRole, RealmRole, RoleClient } from './roles.ts'
import type { Policy, Refused } from './types.ts'

/** Allows every verified token. */
export function user(): Policy {
  return { description: 'a verified user', evaluate: () => allowed }
}

/**
 * Allows tokens with **every one** of the realm roles (`realm_access.roles`), compared exactly.
 *
 * @throws {CW_CONFIG_INVALID} No role, or an empty one.
 */
export function role(...roles: readonly [RealmRole, ...RealmRole[]]): Policy {
  return holdsAll(
    'realm role',
    roles,
    (token) => token.realmRoles,
    unlessSilent(roles, undefined, ({ realmRoles }) => realmRoles.length === 0),
  )
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
  return holdsAll(
    `role of client ${client}`,
    roles,
    (token) => token.clientRoles(client),
    unlessSilent(roles, client, ({ claims }) => claims['resource_access'] === undefined),
  )
}

/**
 * Allows tokens with **every one** of the scopes (`scope`); `readall` does not include `read`.
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

/**
 * Whoever requests a token chooses the client. A client without the scope `roles`, or without “Full scope allowed”, gets
 * none of the user's roles in the token: a missing role then does not prove that the user lacks it.
 */
function unlessSilent(
  roles: readonly string[],
  client: string | undefined,
  isSilent: (token: AccessToken) => boolean,
) {
  return (missing: string, token: AccessToken): Refused => {
    const claim = client === undefined ? 'realm_access' : 'resource_access'
    const without = token.claims[claim] === undefined ? `; the token has no ${claim}` : ''
    const reason = missing + (roleElsewhere(token, roles, client) || without)
    return isSilent(token) ? undetermined(reason) : forbidden(reason)
  }
}
