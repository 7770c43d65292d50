import type { FastifyInstance } from 'fastify'
import type { RealmContext } from '../../context/realm-context.ts'
import { valuesIn } from '../../model/attribute-values.ts'
import type { Group } from '../../model/index.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import { type GroupBody, groupShape } from '../representations/fields.ts'
import { groupOf, userOf } from '../representations/representations.ts'
import { needs } from '../request/access.ts'
import { conflict, duplicate, notFound, refused, unforeseen } from '../request/errors.ts'
import { newId } from '../request/ids.ts'
import type { Query } from '../request/query.ts'
import { type Call, created, Family, none, nothing, ok } from '../request/router.ts'
import { groupHolder, mappingRoutes } from '../roles/role-mappings.ts'
import { byUsername } from '../users/user-search.ts'
import { groupByPath } from './group-paths.ts'

/** Groups, their members, and the groups that new users join. */
export function groupRoutes(app: FastifyInstance, context: RealmContext): void {
  const list = new Family(app, context, '/groups', none)
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
    // The body's name is asked for, and passed over.
    const { parentId: _left, ...group } = moved
    realm.groups.put(group)
    return undefined
  })
  const byPath = new Family(app, context, '/group-by-path/*', ({ realm, params }) => {
    const group = groupByPath(realm, params['*'] ?? '')
    if (group === undefined) throw notFound('Group path does not exist')
    return group
  })
  byPath.get('', needs.viewUsers, ({ realm, found }) => ok(groupOf(realm, found, { count: true })))

  singleGroupRoutes(new Family(app, context, '/groups/:groupId', findGroup))
  mappingRoutes(
    app,
    context,
    '/groups/:groupId/role-mappings',
    (call) => groupHolder(call.realm, findGroup(call)),
    { view: needs.viewUsers, manage: needs.manageUsers, guarded: true },
  )
  defaultGroupRoutes(app, context)
}

/** Adds a group, and below it those of the body's `subGroups` when `deep`. */
export function addGroup(
  realm: RealmStore,
  body: GroupBody,
  parentId: string | undefined,
  deep = false,
): Readonly<Group> {
  const id = newId(realm.groups, body.id)
  requireName(body)
  if (deep && realm.groupsIn.all(parentId ?? '').some(({ name }) => name === body.name)) throw duplicate()
  const group = realm.groups.put({
    id,
    name: body.name ?? '',
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(parentId === undefined ? {} : { parentId }),
    attributes: body.attributes ?? {},
    roles: deep ? rolesNamed(realm, body) : [],
  })
  if (deep) for (const child of body.subGroups ?? []) addGroup(realm, child, group.id, true)
  return group
}

function singleGroupRoutes(one: Family<Readonly<Group>>): void {
  one.get('', needs.viewUsers, ({ realm, found, access }) =>
    ok(groupOf(realm, found, { count: true, access })),
  )
  one.put('', needs.manageUsers, groupShape, ({ realm, found, body }) => {
    if (body.id !== undefined && body.id !== found.id) throw refused('Invalid group id')
    requireName(body)
    const siblings = realm.groupsIn.all(found.parentId ?? '')
    if (siblings.some((group) => group.name === body.name && group.id !== found.id))
      throw taken('Sibling', body)
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
    realm.deleteGroup(found.id)
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

function defaultGroupRoutes(app: FastifyInstance, context: RealmContext): void {
  const defaults = new Family(app, context, '/default-groups', none)
  defaults.get('', needs.viewRealm, ({ realm }) => {
    const groups = realm.info.defaultGroups.map((id) => realm.groups.get(id))
    return ok(groups.map((group) => group && groupOf(realm, group, { brief: true })))
  })
  const change = (call: Call, to: (ids: readonly string[], id: string) => string[]): undefined => {
    const id = call.params['groupId'] ?? ''
    if (call.realm.groups.get(id) === undefined) throw notFound('Group not found')
    call.realm.update({ ...call.realm.info, defaultGroups: to(call.realm.info.defaultGroups, id) })
    return undefined
  }
  defaults.put('/:groupId', needs.manageRealm, nothing, (call) =>
    change(call, (ids, id) => [...new Set([...ids, id])]),
  )
  defaults.delete('/:groupId', needs.manageRealm, nothing, (call) =>
    change(call, (ids, id) => ids.filter((each) => each !== id)),
  )
}

/** Names are unique among siblings. A group that is moved keeps its name; the body's shows in the refusal only. */
function requireFree(
  realm: RealmStore,
  body: GroupBody,
  parentId: string | undefined,
  moved?: Readonly<Group>,
): void {
  requireName(body)
  const name = moved?.name ?? body.name
  const siblings = realm.groupsIn.all(parentId ?? '')
  if (!siblings.some((group) => group.name === name && group.id !== moved?.id)) return
  throw taken(parentId === undefined ? 'Top level' : 'Sibling', body)
}

function requireName(body: GroupBody): void {
  if (body.name === undefined || body.name.trim() === '') throw refused('Group name is missing')
}

function taken(kind: string, body: GroupBody): Error {
  return conflict(`${kind} group named '${body.name}' already exists.`)
}

function rolesNamed(realm: RealmStore, body: GroupBody): string[] {
  const realmRoles = (body.realmRoles ?? []).map((name) => realm.role(name))
  const clientRoles = Object.entries(body.clientRoles ?? {}).flatMap(([clientId, names]) => {
    const client = realm.clientByName.get(clientId)
    return names.map((name) => (client === undefined ? undefined : realm.role(name, client.id)))
  })
  return [...realmRoles, ...clientRoles].filter((role) => role !== undefined).map((role) => role.id)
}

function groupFilter(query: Query): ((group: Readonly<Group>) => boolean) | undefined {
  const search = query.text('search')
  const attributes = query.attributes()
  if (search === undefined && attributes.length === 0) return undefined
  const exact = query.flag('exact') === true
  const wanted = search?.toLowerCase() ?? ''
  return (group) =>
    (exact ? group.name === search : group.name.toLowerCase().includes(wanted)) &&
    attributes.every(([name, value]) => valuesIn(group.attributes, name).includes(value))
}

/** The found groups inside those above them. */
function hierarchy(
  realm: RealmStore,
  found: readonly Readonly<Group>[],
  show: (group: Readonly<Group>, subGroups: Record<string, unknown>[]) => Record<string, unknown>,
): Record<string, unknown>[] {
  const wanted = new Set<string>()
  for (const group of found) for (const { id } of realm.groupLine(group)) wanted.add(id)
  const below = (parentId: string): Record<string, unknown>[] =>
    byName(realm.groupsIn.all(parentId))
      .filter((group) => wanted.has(group.id))
      .map((group) => show(group, below(group.id)))
  return below('')
}

function byName(groups: readonly Readonly<Group>[]): Readonly<Group>[] {
  return [...groups].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function findGroup({ realm, params }: Call): Readonly<Group> {
  const group = realm.groups.get(params['groupId'] ?? '')
  if (group === undefined) throw notFound('Could not find group by id')
  return group
}
