import type { Group } from '../../model/index.ts'
import { deleteGroup } from '../../store/index.ts'
import { nothing } from '../body/index.ts'
import { notFound, refused, unforeseen } from '../errors.ts'
import { byUsername, groupOf, groupShape, userOf } from '../representations/index.ts'
import { type AdminApi, type Call, created, needs, ok, type Resource } from '../request/index.ts'
import { groupHolder, mappingRoutes } from '../roles/index.ts'
import { defaultGroupRoutes } from './default-groups.ts'
import { addGroup, nameTaken, requireFree, requireGroupName } from './group-changes.ts'
import { groupByPath } from './group-paths.ts'
import { byName, groupFilter, hierarchy } from './group-search.ts'

/** Groups, their members and the default groups. */
export function groupRoutes(api: AdminApi): void {
  const list = api.resource('/groups')
  list.get('', needs.queryGroups, ({ realm, query, access }) => {
    const brief = query.flag('briefRepresentation') ?? true
    const count = query.flag('subGroupsCount') ?? true
    const show = (
      group: Readonly<Group>,
      subGroups: Record<string, unknown>[] = [],
    ): Record<string, unknown> => groupOf(realm, group, { brief, count, access, subGroups })
    const isWanted = groupFilter(query)
    if (isWanted === undefined) return ok(query.page(byName(realm.topGroups())).map((group) => show(group)))
    const found = query.page(byName(realm.groups.values().filter(isWanted)))
    if (query.flag('populateHierarchy') === false) return ok(found.map((group) => show(group)))
    return ok(hierarchy(realm, found, show))
  })
  list.get('/count', needs.queryGroups, ({ realm, query }) => {
    const isWanted = groupFilter(query)
    if (isWanted !== undefined) return ok({ count: realm.groups.values().filter(isWanted).length })
    return ok({ count: query.flag('top') === true ? realm.topGroups().length : realm.groups.size })
  })
  list.post('', needs.manageUsers, groupShape, ({ realm, body, url }) => {
    const moved = body.id === undefined ? undefined : realm.groups.get(body.id)
    if (body.id !== undefined && moved === undefined) throw notFound('Could not find child by id')
    requireFree(realm, body, undefined, moved)
    if (moved === undefined) return created(`${url}/${addGroup(realm, body, undefined).id}`)
    // The name is required and ignored.
    const { parentId: _left, ...group } = moved
    realm.groups.put(group)
    return undefined
  })
  const byPath = api.resource('/group-by-path/*', ({ realm, params }) => {
    const group = groupByPath(realm, params['*'] ?? '')
    if (group === undefined) throw notFound('Group path does not exist')
    return group
  })
  byPath.get('', needs.viewUsers, ({ realm, found }) => ok(groupOf(realm, found, { count: true })))

  const one = api.resource('/groups/:groupId', findGroup)
  singleGroupRoutes(one)
  mappingRoutes(
    one.below('/role-mappings', ({ realm, found }) => groupHolder(realm, found)),
    { view: needs.viewUsers, manage: needs.manageUsers, guarded: true },
  )
  defaultGroupRoutes(api)
}

function singleGroupRoutes(one: Resource<Readonly<Group>>): void {
  one.get('', needs.viewUsers, ({ realm, found, access }) =>
    ok(groupOf(realm, found, { count: true, access })),
  )
  one.put('', needs.manageUsers, groupShape, ({ realm, found, body }) => {
    if (body.id !== undefined && body.id !== found.id) throw refused('Invalid group id')
    requireGroupName(body)
    const siblings = realm.groupsIn.all(found.parentId ?? '')
    if (siblings.some((group) => group.name === body.name && group.id !== found.id))
      throw nameTaken('Sibling', body)
    const { description: _replaced, ...group } = found
    realm.groups.put({
      ...group,
      name: body.name ?? found.name,
      ...(body.description === undefined ? {} : { description: body.description }),
      attributes: body.attributes ?? found.attributes,
    })
    return undefined
  })
  one.delete('', needs.manageUsers, nothing, ({ realm, found }) => {
    deleteGroup(realm, found.id)
    return undefined
  })
  one.get('/children', needs.viewUsers, ({ realm, found, query, access }) => {
    const search = query.text('search')?.toLowerCase() ?? ''
    const children = realm.groupsIn.all(found.id).filter((group) => group.name.toLowerCase().includes(search))
    const brief = query.flag('briefRepresentation') ?? false
    const count = query.flag('subGroupsCount') ?? true
    const page = query.page(byName(children), 10)
    return ok(page.map((group) => groupOf(realm, group, { brief, count, access })))
  })
  one.post('/children', needs.manageUsers, groupShape, ({ realm, found, body, access, url }) => {
    const moved = body.id === undefined ? undefined : realm.groups.get(body.id)
    if (body.id !== undefined && moved === undefined) throw notFound('Could not find child by id')
    requireFree(realm, body, found.id, moved)
    if (moved !== undefined) {
      const isItself = moved.id === found.id
      if (!isItself && realm.groupLine(found).some(({ id }) => id === moved.id)) throw unforeseen()
      if (!isItself) realm.groups.put({ ...moved, parentId: found.id })
      return { status: 204, type: 'application/json' }
    }
    const child = addGroup(realm, body, found.id)
    return {
      status: 201,
      location: url.replace(/[^/]+\/children$/, child.id),
      body: groupOf(realm, child, { access }),
      type: 'application/json',
    }
  })
  one.get('/members', needs.viewUsers, ({ realm, found, query }) => {
    const members = byUsername(realm.usersInGroup.all(found.id))
    const brief = query.flag('briefRepresentation') ?? false
    return ok(query.page(members, 100).map((user) => userOf(realm, user, brief)))
  })
}

function findGroup({ realm, params }: Call): Readonly<Group> {
  const group = realm.groups.get(params['groupId'] ?? '')
  if (group === undefined) throw notFound('Could not find group by id')
  return group
}
