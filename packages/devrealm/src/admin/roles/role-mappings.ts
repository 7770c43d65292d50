import type { Client, Group, Role, User } from '../../model/index.ts'
import { expandRoles } from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { listOf } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { mappingsOf, type RoleBody, roleOf, roleShape } from '../representations/index.ts'
import { type AnyCall, needs as known, type Need, ok, type Resource } from '../request/index.ts'
import { mayMap, requireMappable } from './role-mapping-rules.ts'

/** An object with role mappings. */
export interface RoleHolder {
  readonly roles: readonly string[]
  /** Roles that come from groups. */
  readonly inherited: readonly string[]
  save(roles: string[]): void
}

export interface MappingNeeds {
  readonly view: Need
  readonly manage: Need
  /** Administration roles can be granted only by callers with at least these roles. */
  readonly guarded: boolean
}

const roles = listOf(roleShape)
const rolesOrNone = listOf(roleShape, true)

/** The same resource for `role-mappings` of users and groups and `scope-mappings` of clients and client scopes. */
export function mappingRoutes(holders: Resource<RoleHolder>, needs: MappingNeeds): void {
  holders.get('', needs.view, ({ realm, found }) => ok(mappingsOf(realm, found.roles)))

  const levels = [
    { path: '/realm', clientOf: () => undefined, seen: known.nothing },
    // A caller who can view the holder cannot see its client roles, but the available ones.
    { path: '/clients/:clientId', clientOf: findClient, seen: known.viewClients },
  ]
  for (const level of levels) {
    const mapped = holders.below(level.path, (call) => ({
      holder: call.found,
      client: level.clientOf(call),
    }))
    const view: Need = (access) => needs.view(access) && level.seen(access)
    mapped.get('', view, ({ realm, found: { holder, client } }) =>
      ok(rolesOf(realm, holder.roles, client).map((role) => roleOf(realm, role))),
    )
    mapped.get('/available', needs.view, (call) => {
      const { realm, found } = call
      const missing = realm.rolesOfClient
        .all(found.client?.id ?? '')
        .filter((role) => !found.holder.roles.includes(role.id))
        .filter((role) => !needs.guarded || mayMap(call, role))
      return ok(missing.map((role) => roleOf(realm, role)))
    })
    mapped.get('/composite', view, ({ realm, query, found: { holder, client } }) => {
      const ids = expandRoles(realm, [...holder.roles, ...holder.inherited])
      const brief = query.flag('briefRepresentation') ?? true
      return ok(rolesOf(realm, ids, client).map((role) => roleOf(realm, role, brief)))
    })
    mapped.post('', needs.manage, roles, (call) => {
      const { realm, found, body } = call
      const added = body.map((each) => namedRole(realm, each, found.client))
      if (needs.guarded) requireMappable(call, added)
      found.holder.save([...new Set([...found.holder.roles, ...added.map((role) => role.id)])])
      return undefined
    })
    mapped.delete('', needs.manage, rolesOrNone, (call) => {
      const { realm, found } = call
      const body = call.body as RoleBody[] | undefined
      const removed =
        body === undefined
          ? rolesOf(realm, found.holder.roles, found.client)
          : body.map((each) => namedRole(realm, each, found.client))
      if (needs.guarded) requireMappable(call, removed)
      const gone = new Set(removed.map((role) => role.id))
      found.holder.save(found.holder.roles.filter((id) => !gone.has(id)))
      return undefined
    })
  }
}

/** Role mappings of a user, including those of groups. */
export function userHolder(realm: RealmStore, user: Readonly<User>): RoleHolder {
  return {
    roles: user.roles,
    inherited: user.groups.flatMap((id) => inheritedRoles(realm, realm.groups.get(id))),
    save: (ids) => {
      realm.users.put({ ...user, roles: ids })
    },
  }
}

export function groupHolder(realm: RealmStore, group: Readonly<Group>): RoleHolder {
  return {
    roles: group.roles,
    inherited: inheritedRoles(realm, group),
    save: (ids) => {
      realm.groups.put({ ...group, roles: ids })
    },
  }
}

/** Keycloak requires id and name, and both must match. */
function namedRole(realm: RealmStore, body: RoleBody, client: Readonly<Client> | undefined): Readonly<Role> {
  const role = realm.role(body.name ?? '', client?.id)
  if (role === undefined || role.id !== body.id) throw notFound('Role not found')
  return role
}

function rolesOf(
  realm: RealmStore,
  ids: Iterable<string>,
  client: Readonly<Client> | undefined,
): Readonly<Role>[] {
  const found: Readonly<Role>[] = []
  for (const id of ids) {
    const role = realm.roles.get(id)
    if (role !== undefined && role.clientId === client?.id) found.push(role)
  }
  return found
}

function findClient({ realm, params }: AnyCall): Readonly<Client> {
  const client = realm.clients.get(params['clientId'] ?? '')
  if (client === undefined) throw notFound('Client not found')
  return client
}

/** Roles of a group and of the groups above it, which its members have too. */
function inheritedRoles(realm: RealmStore, group: Readonly<Group> | undefined): string[] {
  return realm.groupLine(group).flatMap(({ roles: own }) => own)
}
