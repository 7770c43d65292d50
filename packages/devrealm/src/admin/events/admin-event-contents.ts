import type { Client, Group, Role, User } from '../../model/index.ts'
import { groupOf, roleOf } from '../representations/index.ts'
import type { AnyCall } from '../request/index.ts'
import type { RoleHolder } from '../roles/index.ts'
import { plainGroup, roleList } from './admin-event-bodies.ts'
import { type Body, type Tell, within } from './admin-event-rule.ts'

/** The roles of a mapping: those of the body, or all that were mapped. */
export const mapped: Tell = (call) => {
  if (call.body !== undefined) return { representation: roleList(call) }
  const { holder, client } = call.found as { holder: RoleHolder; client?: Readonly<Client> }
  const roles = holder.roles.map((id) => call.realm.roles.get(id))
  const taken = roles.filter((role) => role !== undefined && role.clientId === client?.id) as Role[]
  return { representation: taken.map((role) => roleOf(call.realm, role)) }
}

export const membership: Tell = ({ realm, found, params }) => {
  const { username, email } = found as User
  const group = realm.groups.get(params['groupId'] ?? '') as Group
  return {
    representation: groupOf(realm, group, {}),
    details: { ...(email === undefined ? {} : { email }), username },
  }
}
export const isMember = ({ found, params }: AnyCall): boolean =>
  (found as User).groups.includes(params['groupId'] ?? '')

/** A group with an id is moved, not created. */
export const isMove = (body: unknown): boolean => (body as Body)['id'] !== undefined
export const moved: Tell = ({ body }) => ({ operation: 'UPDATE', representation: plainGroup(body as Body) })
export const child: Tell = (call, answer, before) =>
  isMove(call.body)
    ? moved(call, answer, before)
    : within((body, id) => plainGroup({ id, ...body }))(call, answer, before)

export const namedRole = ({ realm, params, found }: AnyCall): unknown => {
  const role = realm.role(params['roleName'] ?? '', (found as Client | undefined)?.id)
  return role && { id: role.id, name: role.name, composite: false }
}
export const roleType = ({ found }: AnyCall): string =>
  (found as Role).clientId === undefined ? 'REALM_ROLE' : 'CLIENT_ROLE'
