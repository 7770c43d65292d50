import type { Role } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { badRequest, conflict, duplicate } from '../errors.ts'
import { newId } from '../ids.ts'
import type { RoleBody } from '../representations/index.ts'
import { roleIdsOf } from './role-names.ts'

/** Adds the role of a body, without its composites. An import keeps the id of the body. */
export function addRole(realm: RealmStore, body: RoleBody, clientId?: string, id?: string): Readonly<Role> {
  if (body.name === undefined) throw badRequest('role has no name')
  if (realm.role(body.name, clientId) !== undefined) {
    throw conflict(`Role with name ${body.name} already exists`)
  }
  return realm.roles.put({
    id: newId(realm.roles, id),
    name: body.name,
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(clientId === undefined ? {} : { clientId }),
    composites: [],
    attributes: body.attributes ?? {},
  })
}

/** Adds the composites in the body to a role. */
export function addNamedComposites(realm: RealmStore, role: Readonly<Role>, body: RoleBody): void {
  const ids = roleIdsOf(realm, body.composites?.realm, body.composites?.client)
  if (ids.length > 0) realm.roles.put({ ...role, composites: [...new Set([...role.composites, ...ids])] })
}

/** Replaces a role; its attributes stay if the body has none. */
export function updateRole(realm: RealmStore, role: Readonly<Role>, body: RoleBody): void {
  if (body.name === undefined) throw badRequest('role has no name')
  if (body.name !== role.name && realm.role(body.name, role.clientId) !== undefined) throw duplicate()
  const { description: _replaced, ...kept } = role
  realm.roles.put({
    ...kept,
    name: body.name,
    ...(body.description === undefined ? {} : { description: body.description }),
    attributes: body.attributes ?? role.attributes,
  })
}
