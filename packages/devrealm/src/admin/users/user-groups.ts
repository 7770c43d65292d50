import type { User } from '../../model/index.ts'
import { nothing } from '../body/index.ts'
import { notFound } from '../errors.ts'
import { groupOf } from '../representations/index.ts'
import { type AnyCall, needs, ok, type Resource } from '../request/index.ts'

/** The groups of a user: `/users/{id}/groups`. */
export function userGroupRoutes(one: Resource<Readonly<User>>): void {
  one.get('/groups', needs.viewUsers, ({ realm, found, query }) => {
    const search = query.text('search')?.toLowerCase() ?? ''
    const groups = found.groups
      .map((id) => realm.groups.get(id))
      .filter((group) => group?.name.toLowerCase().includes(search))
    const brief = query.flag('briefRepresentation') ?? true
    return ok(query.page(groups).map((group) => group && groupOf(realm, group, { brief })))
  })
  one.get('/groups/count', needs.viewUsers, ({ found }) => ok({ count: found.groups.length }))
  one.put('/groups/:groupId', needs.manageUsers, nothing, (call) => {
    const { realm, found } = call
    const group = findGroup(call)
    realm.users.put({ ...found, groups: [...new Set([...found.groups, group])] })
    return undefined
  })
  one.delete('/groups/:groupId', needs.manageUsers, nothing, (call) => {
    const { realm, found } = call
    const group = findGroup(call)
    realm.users.put({ ...found, groups: found.groups.filter((id) => id !== group) })
    return undefined
  })
}

function findGroup({ realm, params }: AnyCall): string {
  const id = params['groupId'] ?? ''
  if (realm.groups.get(id) === undefined) throw notFound('Group not found')
  return id
}
