import { masterName } from '../../defaults/index.ts'
import type { Role } from '../../model/index.ts'
import { expandRoles } from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { forbidden } from '../errors.ts'
import { type AnyCall, managementClient } from '../request/index.ts'

/**
 * Administration roles that a caller may grant without having them: a role that changes objects also allows granting the view
 * of them.
 */
const implied: Record<string, string> = {
  'view-users': 'manage-users',
  'view-clients': 'manage-clients',
  'create-client': 'manage-clients',
  'view-realm': 'manage-realm',
  'view-events': 'manage-events',
  'view-authorization': 'manage-authorization',
  'view-identity-providers': 'manage-identity-providers',
  'view-organizations': 'manage-organizations',
}

/** Whether the caller may grant the role: administrators cannot grant more than they have. */
export function mayMap(call: AnyCall, role: Readonly<Role>): boolean {
  for (const id of expandRoles(call.realm, [role.id])) {
    const included = call.realm.roles.get(id)
    if (included !== undefined && isAdministration(call.realm, included) && !mayMapAlone(call, included)) {
      return false
    }
  }
  return true
}

/**
 * Rejects roles that the caller may not grant.
 *
 * @throws {AdminError} 403
 */
export function requireMappable(call: AnyCall, roles: readonly Readonly<Role>[]): void {
  if (!roles.every((role) => mayMap(call, role))) throw forbidden()
}

function mayMapAlone(call: AnyCall, role: Readonly<Role>): boolean {
  if (call.caller.realm === call.realm && call.access.holds(role)) return true
  const management = managementClient(call.realm, call.realm)
  if (role.clientId !== management?.id) return false
  // The role realm-admin equals its composites.
  if (role.name.startsWith('query-') || role.name === 'realm-admin') return true
  const sufficient = implied[role.name]
  return call.access.has(role.name) || (sufficient !== undefined && call.access.has(sufficient))
}

function isAdministration(realm: RealmStore, role: Readonly<Role>): boolean {
  if (realm.info.realm === masterName && role.clientId === undefined) {
    return role.name === 'admin' || role.name === 'create-realm'
  }
  const client = role.clientId === undefined ? undefined : realm.clients.get(role.clientId)
  return client?.attributes['realm_client'] === 'true' && client.clientId !== 'broker'
}
