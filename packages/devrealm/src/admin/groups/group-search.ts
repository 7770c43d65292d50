import { type Group, valuesIn } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import type { Query } from '../request/index.ts'
import { sortedBy } from '../sorted-by.ts'

/** What a query asks of groups, by name and attributes; undefined where it asks nothing. */
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

/** The found groups inside those above them. */
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

/** The order of every list of groups. */
export function byName(groups: readonly Readonly<Group>[]): Readonly<Group>[] {
  return sortedBy(groups, ({ name }) => name)
}
