import { CloakwrightError } from '../errors.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { Decision, Policy } from './types.ts'

const allowed: Decision = { allowed: true }

/** Allows every verified token. */
export function user(): Policy {
  return { description: 'a verified user', evaluate: () => allowed }
}

/** Allows tokens with **every one** of the realm roles (`realm_access.roles`), compared letter by letter. */
export function role(...roles: readonly [string, ...string[]]): Policy {
  return hasAll('realm role', roles, (token) => token.realmRoles)
}

/** Allows tokens with **every one** of the client's roles (`resource_access.{client}.roles`). */
export function clientRole(client: string, ...roles: readonly [string, ...string[]]): Policy {
  return hasAll(`role of client ${client}`, roles, (token) => token.clientRoles(client))
}

/** Allows tokens with **every one** of the scopes (`scope`); `read` is not in `readall`. */
export function scope(...scopes: readonly [string, ...string[]]): Policy {
  return hasAll('scope', scopes, (token) => token.scopes, 'CW_SCOPE_INSUFFICIENT')
}

function hasAll(
  kind: string,
  needed: readonly string[],
  given: (token: AccessToken) => readonly string[],
  code: 'CW_FORBIDDEN' | 'CW_SCOPE_INSUFFICIENT' = 'CW_FORBIDDEN',
): Policy {
  // Fails closed: a list that a caller computed may be empty, and `undefined` may have slipped in.
  const valid = needed.length > 0 && needed.every((name) => typeof name === 'string' && name !== '')
  if (!valid)
    throw new CloakwrightError('CW_CONFIG_INVALID', `policy: a ${kind} is empty or no string`, {
      hint: 'Name at least one.',
    })
  return {
    description: `${kind} ${needed.join(' and ')}`,
    evaluate(token) {
      const held = given(token)
      const missing = needed.filter((name) => !held.includes(name))
      if (missing.length === 0) return allowed
      const reason = `missing ${kind}: ${missing.join(', ')}`
      return code === 'CW_FORBIDDEN'
        ? { allowed: false, code, reason }
        : { allowed: false, code, reason, challenge: { scope: needed.join(' ') } }
    },
  }
}
