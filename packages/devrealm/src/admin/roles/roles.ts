import type { Client, Role } from '../../model/index.ts'
import { deleteRole, type RealmStore } from '../../store/index.ts'
import { listOf, nothing } from '../body/index.ts'
import { forbidden, notFound, refused } from '../errors.ts'
import {
  accessOfUser,
  byUsername,
  groupOf,
  type RoleBody,
  roleOf,
  roleShape,
  userOf,
} from '../representations/index.ts'
import {
  type AdminApi,
  type AnyCall,
  type Call,
  created,
  type Need,
  needs,
  ok,
  type Resource,
} from '../request/index.ts'
import { sortedBy } from '../sorted-by.ts'
import { addNamedComposites, addRole, updateRole } from './role-changes.ts'
import { requireMappable } from './role-mapping-rules.ts'

/** Roles of a realm by name, and all roles by id. */
export function roleRoutes(api: AdminApi): void {
  namedRoleRoutes(api.resource('/roles'), { view: needs.viewRealm, manage: needs.manageRealm })
  const byId = api.resource('/roles-by-id/:roleId', (call) => {
    const role = call.realm.roles.get(call.params['roleId'] ?? '')
    if (role === undefined) throw notFound('Could not find role with id')
    return role
  })
  const needOf = (role: Readonly<Role>, kind: 'view' | 'manage'): Need => {
    if (role.clientId !== undefined) return kind === 'view' ? needs.viewClients : needs.manageClients
    return kind === 'view' ? needs.viewRealm : needs.manageRealm
  }
  singleRoleRoutes(byId, needs.nothing, needs.nothing, (call, kind) => {
    if (!needOf(call.found, kind)(call.access)) throw forbidden()
    return call.found
  })
}

/** Roles by name, of the client or, without one, of the realm. */
export function namedRoleRoutes(
  list: Resource<Readonly<Client> | undefined>,
  need: { view: Need; manage: Need },
): void {
  list.get('', need.view, ({ realm, query, found: client }) => {
    const search = query.text('search')?.trim().toLowerCase() ?? ''
    const brief = query.flag('briefRepresentation') ?? true
    const roles = realm.rolesOfClient.all(client?.id ?? '').filter(({ name, description }) => {
      return name.toLowerCase().includes(search) || (description?.toLowerCase().includes(search) ?? false)
    })
    const sorted = sortedBy(roles, ({ name }) => name)
    return ok(query.page(sorted).map((role) => roleOf(realm, role, brief)))
  })
  list.post('', need.manage, roleShape, ({ realm, found: client, body, url }) => {
    const role = addRole(realm, body, client?.id)
    addNamedComposites(realm, role, body)
    return created(`${url}/${pathSegment(role.name)}`.replace(/\/$/, ''))
  })

  const one = list.below('/:roleName')
  singleRoleRoutes(one, need.view, need.manage, ({ realm, params, found: client }) => {
    const role = realm.role(params['roleName'] ?? '', client?.id)
    if (role === undefined) throw notFound('Could not find role')
    return role
  })
  one.get('/users', need.view, ({ realm, query, params, access, found: client }) => {
    if (!needs.viewUsers(access)) throw forbidden()
    const role = realm.role(params['roleName'] ?? '', client?.id)
    if (role === undefined) throw notFound('Could not find role')
    const users = query.page(byUsername(realm.usersWithRole.all(role.id)), 100)
    const { manage } = accessOfUser(access)
    const brief = query.flag('briefRepresentation') ?? false
    return ok(users.map((user) => ({ ...userOf(realm, user, brief), access: { manage } })))
  })
  one.get('/groups', need.view, ({ realm, query, params, access, found: client }) => {
    if (!needs.viewUsers(access)) throw forbidden()
    const role = realm.role(params['roleName'] ?? '', client?.id)
    if (role === undefined) throw notFound('Could not find role')
    const groups = realm.groups.values().filter((group) => group.roles.includes(role.id))
    const brief = query.flag('briefRepresentation') ?? true
    return ok(query.page(groups).map((group) => groupOf(realm, group, { brief })))
  })
}

/** The routes shared by roles found by name and by id. */
function singleRoleRoutes<Found>(
  one: Resource<Found>,
  view: Need,
  manage: Need,
  roleIn: (call: Call<Found, unknown>, kind: 'view' | 'manage') => Readonly<Role>,
): void {
  const composites = listOf(roleShape)
  one.get('', view, (call) => ok(roleOf(call.realm, roleIn(call, 'view'), false)))
  one.put('', manage, roleShape, (call) => {
    updateRole(call.realm, roleIn(call, 'manage'), call.body)
    return undefined
  })
  one.delete('', manage, nothing, (call) => {
    const role = roleIn(call, 'manage')
    if (role.id === call.realm.info.defaultRoleId) {
      throw refused(`${role.name} is default role of the realm and cannot be removed.`)
    }
    deleteRole(call.realm, role.id)
    return undefined
  })
  const part = (path: string, isPart: (role: Readonly<Role>, call: Call<Found>) => boolean): void => {
    one.get(path, view, (call) => {
      const { realm } = call
      const roles = roleIn(call, 'view').composites.map((id) => realm.roles.get(id) as Readonly<Role>)
      return ok(roles.filter((role) => isPart(role, call)).map((role) => roleOf(realm, role)))
    })
  }
  part('/composites', () => true)
  part('/composites/realm', (role) => role.clientId === undefined)
  part(
    '/composites/clients/:compositeClient',
    (role, { params }) => role.clientId === params['compositeClient'],
  )
  one.post('/composites', manage, composites, (call) => {
    const role = roleIn(call, 'manage')
    const added = rolesById(call.realm, call.body)
    requireComposable(call, added)
    requireMappable(call, added)
    const ids = [...role.composites, ...added.map((each) => each.id)]
    call.realm.roles.put({ ...role, composites: [...new Set(ids)] })
    return undefined
  })
  one.delete('/composites', manage, composites, (call) => {
    const role = roleIn(call, 'manage')
    const removed = rolesById(call.realm, call.body)
    requireComposable(call, removed)
    const gone = removed.map((each) => each.id)
    call.realm.roles.put({ ...role, composites: role.composites.filter((id) => !gone.includes(id)) })
    return undefined
  })
}

/**
 * A caller may add a role to a composite if they may change the roles of its realm or client.
 *
 * @throws {AdminError} 403
 */
function requireComposable({ access }: AnyCall, parts: readonly Readonly<Role>[]): void {
  const isAllowed = parts.every(({ clientId }) =>
    clientId === undefined ? needs.manageRealm(access) : needs.manageClients(access),
  )
  if (!isAllowed) throw forbidden()
}

function rolesById(realm: RealmStore, bodies: readonly RoleBody[]): Readonly<Role>[] {
  return bodies.map((body) => {
    const role = realm.roles.get(body.id ?? '')
    if (role === undefined) throw notFound('Could not find composite role')
    return role
  })
}

/** Encodes a path segment like Java: characters that RFC 3986 allows stay. */
function pathSegment(name: string): string {
  return encodeURIComponent(name).replace(/%(?:3A|40|24|26|2B|2C|3B|3D)/g, decodeURIComponent)
}
