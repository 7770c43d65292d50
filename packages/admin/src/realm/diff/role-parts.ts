import type { Admin, RoleMappingPayload } from '../../client/index.ts'
import { type FieldChange, given } from '../../fields/index.ts'
import type { RoleNames } from '../../lookup/index.ts'
import { roleFields } from '../../lookup/index.ts'
import { clientRoles, clientUuid, realmRoles } from './named.ts'
import type { Part } from './planned-change.ts'

/** How a user or a group is given roles. */
export interface RoleGiver {
  readonly realm: (admin: Admin, roles: RoleMappingPayload[]) => Promise<unknown>
  readonly client: (admin: Admin, clientUniqueId: string, roles: RoleMappingPayload[]) => Promise<unknown>
}

/** A part for the roles of the realm, and one for those of each client. `isNew`: for what is created, as lists. */
export function roleParts(
  realm: string,
  absent: RoleNames,
  isNew: boolean,
  give: RoleGiver,
): readonly Part[] {
  const ofRealm = absent.realm ?? []
  const changes = (
    names: RoleNames,
    path: readonly string[],
    after: readonly string[],
  ): readonly FieldChange[] =>
    isNew ? [{ path: ['roles', ...path], before: undefined, after }] : given(roleFields('roles', names))
  const parts: Part[] = Object.entries(absent.client ?? {}).map(([clientId, names]) => ({
    changes: changes({ client: { [clientId]: names } }, ['client', clientId], names),
    run: async (admin) =>
      await give.client(
        admin,
        await clientUuid(admin, realm, clientId),
        await clientRoles(admin, realm, clientId, names),
      ),
  }))
  if (ofRealm.length === 0) return parts
  const run = async (admin: Admin) => await give.realm(admin, await realmRoles(admin, realm, ofRealm))
  return [{ changes: changes({ realm: ofRealm }, ['realm'], ofRealm), run }, ...parts]
}
