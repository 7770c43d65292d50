import type { Group } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { conflict, duplicate, refused } from '../errors.ts'
import { newId } from '../ids.ts'
import type { GroupBody } from '../representations/index.ts'
import { roleIdsOf } from '../roles/index.ts'

/** Adds a group and, with `deep`, the `subGroups` of the body. */
export function addGroup(
  realm: RealmStore,
  body: GroupBody,
  parentId: string | undefined,
  deep = false,
): Readonly<Group> {
  const id = newId(realm.groups, body.id)
  requireGroupName(body)
  if (deep && realm.groupsIn.all(parentId ?? '').some(({ name }) => name === body.name)) throw duplicate()
  const group = realm.groups.put({
    id,
    name: body.name ?? '',
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(parentId === undefined ? {} : { parentId }),
    attributes: body.attributes ?? {},
    roles: deep ? roleIdsOf(realm, body.realmRoles, body.clientRoles) : [],
  })
  if (deep) for (const child of body.subGroups ?? []) addGroup(realm, child, group.id, true)
  return group
}

/** Names are unique among siblings. A moved group keeps its name; the name in the body appears only in the error. */
export function requireFree(
  realm: RealmStore,
  body: GroupBody,
  parentId: string | undefined,
  moved?: Readonly<Group>,
): void {
  requireGroupName(body)
  const name = moved?.name ?? body.name
  const siblings = realm.groupsIn.all(parentId ?? '')
  if (!siblings.some((group) => group.name === name && group.id !== moved?.id)) return
  throw nameTaken(parentId === undefined ? 'Top level' : 'Sibling', body)
}

export function requireGroupName(body: GroupBody): void {
  if (body.name === undefined || body.name.trim() === '') throw refused('Group name is missing')
}

export function nameTaken(kind: string, body: GroupBody): Error {
  return conflict(`${kind} group named '${body.name}' already exists.`)
}
