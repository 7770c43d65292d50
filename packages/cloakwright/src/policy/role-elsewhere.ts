import { shown, shownList } from '../shown.ts'
import type { AccessToken } from '../token/index.ts'

/**
 * Other places where the token has one of the roles, for the reason of a refusal: a realm role and a client role
 * are different roles, even if their names are equal. Empty if it has none of them.
 *
 * @param client The client whose roles are needed; `undefined` for realm roles.
 */
export function roleElsewhere(
  token: AccessToken,
  roles: readonly string[],
  client: string | undefined,
): string {
  const needed = client === undefined ? token.realmRoles : token.clientRoles(client)
  for (const role of roles) {
    if (needed.includes(role)) continue
    const clients = clientsOf(token).filter(
      (other) => other !== client && token.clientRoles(other).includes(role),
    )
    const places = [
      ...(client !== undefined && token.realmRoles.includes(role) ? ['of the realm'] : []),
      ...(clients.length > 0 ? [`of client ${shownList(clients, 'and')}`] : []),
    ]
    if (places.length > 0) return `; the token has ${shown(role)} as a role ${places.join(' and ')}`
  }
  return ''
}

function clientsOf({ claims }: AccessToken): readonly string[] {
  const access = claims['resource_access']
  return typeof access === 'object' && access !== null ? Object.keys(access) : []
}
