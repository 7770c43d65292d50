import type { Group } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { type Kind, type Shape, shape } from '../body/index.ts'
import type { Access } from '../request/index.ts'
import { given } from './given.ts'
import { byClient } from './role.ts'

export interface GroupBody extends Partial<Omit<Group, 'roles'>> {
  path?: string
  subGroups?: GroupBody[]
  realmRoles?: string[]
  clientRoles?: Record<string, string[]>
}

const groupMembers: Record<string, Kind> = {}
/** The type is recursive: its members are set after its declaration. */
export const groupShape: Shape<GroupBody> = { name: 'GroupRepresentation', members: groupMembers }

Object.assign(
  groupMembers,
  shape('', {
    string: 'id name description path parentId',
    long: 'subGroupCount',
    attributes: 'attributes',
    strings: 'realmRoles',
    lists: 'clientRoles',
  }).members,
  { subGroups: [groupShape], access: { values: 'boolean' } },
)

/** GroupRepresentation. `access` is included wherever the caller administers groups, but not in a user's groups. */
export function groupOf(
  realm: RealmStore,
  group: Readonly<Group>,
  shown: {
    brief?: boolean
    count?: boolean
    access?: Access
    subGroups?: Record<string, unknown>[]
  },
): Record<string, unknown> {
  const roles = group.roles.map((id) => realm.roles.get(id)).filter((role) => role !== undefined)
  const manage = shown.access?.has('manage-users') ?? false
  return {
    id: group.id,
    name: group.name,
    ...given('description', group.description),
    path: realm.groupPath(group),
    ...given('parentId', group.parentId),
    ...(shown.count === true ? { subGroupCount: realm.groupsIn.all(group.id).length } : {}),
    subGroups: shown.subGroups ?? [],
    ...(shown.brief === true
      ? {}
      : {
          attributes: group.attributes,
          realmRoles: roles.filter((role) => role.clientId === undefined).map((role) => role.name),
          clientRoles: byClient(realm, roles, (role) => role.name),
        }),
    ...(shown.access === undefined
      ? {}
      : {
          access: {
            view: shown.access.has('view-users', 'manage-users'),
            viewMembers: shown.access.has('view-users', 'manage-users'),
            manageMembers: manage,
            manage,
            manageMembership: manage,
          },
        }),
  }
}
