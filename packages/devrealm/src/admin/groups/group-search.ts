import { type Group, valuesIn } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import type { Query } from '../request/index.ts'
import { sortedBy } from '../sorted-by.ts'

/** The filter of a query for groups, by name and attributes; undefined without one. */
export function groupFilter(query: Query): ((group: Readonly<Group>) => boolean) | undefined {
  const search = query.text('search')
  const attributes = query.attributes()
  if (search === undefined && attributes.length === 0) return undefined
  const exact = query.flag('exact') === true
  const wanted = search?.toLowerCase() ?? ''
  return (group) =>
    (exact ? group.name === search : group.name.toLowerCase().includes(wanted)) &&
    attributes.every(([name, value]) => valuesIn(group.attributes, name).includes(value))
}

/** The found groups within their parents. */
export function hierarchy(
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

/** The sort order of all lists of groups. */
export function byName(groups: readonly Readonly<Group>[]): Readonly<Group>[] {
  return sortedBy(groups, ({ name }) => name)
}
