import type { Client, ProtocolMapper } from '../../model/index.ts'
import { javaOrder } from '../../text/index.ts'
import type { ClaimSet } from './claim-set.ts'

/** Names of the roles of a token; client roles by the client's `clientId`. */
export interface RoleClaims {
  readonly realmRoles: ReadonlySet<string>
  readonly clientRoles: ReadonlyMap<string, ReadonlySet<string>>
}

/** The mappers that write roles, and the one that derives the audience from roles. */
export function addRoleClaims(
  { protocolMapper, config }: ProtocolMapper,
  client: Readonly<Client>,
  roles: RoleClaims,
  claims: ClaimSet,
): void {
  if (protocolMapper === 'oidc-audience-resolve-mapper') {
    for (const [name, names] of roles.clientRoles)
      if (names.size > 0 && name !== client.clientId) claims.addAudience(name)
    return
  }
  const claim = config['claim.name']
  if (claim === undefined) return
  if (protocolMapper === 'oidc-usermodel-realm-role-mapper') {
    put(claims, claim, roles.realmRoles, config['usermodel.realmRoleMapping.rolePrefix'])
    return
  }
  const only = config['usermodel.clientRoleMapping.clientId']
  const prefix = config['usermodel.clientRoleMapping.rolePrefix']
  for (const name of javaOrder([...roles.clientRoles.keys()])) {
    if (only !== undefined && only !== '' && only !== name) continue
    const path = claim.replaceAll('${client_id}', name.replaceAll('.', '\\.'))
    put(claims, path, roles.clientRoles.get(name) ?? new Set(), prefix)
  }
}

function put(claims: ClaimSet, claim: string, names: ReadonlySet<string>, prefix = ''): void {
  if (names.size > 0) claims.set(claim, javaOrder([...names].map((name) => prefix + name)))
}
