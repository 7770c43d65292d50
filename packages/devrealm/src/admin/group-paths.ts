import type { Group } from '../model.ts'
import type { RealmStore } from '../store/realm-store.ts'

/** Finds a group by its path, `/parent/child`; a name may itself hold slashes. */
export function groupByPath(realm: RealmStore, path: string): Readonly<Group> | undefined {
  return below(realm, undefined, path.replace(/^\//, '').replace(/\/$/, ''))
}

/** The group at the rest of the path; of names that begin it the shorter comes first. */
function below(
  realm: RealmStore,
  parent: Readonly<Group> | undefined,
  rest: string,
): Readonly<Group> | undefined {
  const groups = realm.groupsIn.all(parent?.id ?? '').toSorted((a, b) => a.name.length - b.name.length)
  for (const group of groups) {
    if (group.name === rest) return group
    if (!rest.startsWith(`${group.name}/`)) continue
    const found = below(realm, group, rest.slice(group.name.length + 1))
    if (found !== undefined) return found
  }
  return undefined
}
