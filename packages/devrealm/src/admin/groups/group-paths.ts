import type { Group } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'

/**
 * Finds a group by its path, `/parent/child`, like Keycloak when slashes in names are not escaped (its default). At each level
 * the shortest run of path parts that is a group name wins, without backtracking: the group `a/b` is found unless there is a
 * group `a`.
 */
export function groupByPath(realm: RealmStore, path: string): Readonly<Group> | undefined {
  let parent: Readonly<Group> | undefined
  let name = ''
  let isFound = false
  for (const [index, part] of partsOf(path).entries()) {
    name = index === 0 || isFound ? part : `${name}/${part}`
    const group = realm.groupsIn.all(parent?.id ?? '').find((each) => each.name === name)
    isFound = group !== undefined
    parent = group ?? parent
  }
  return isFound ? parent : undefined
}

/** Ignores one slash at each end, and empty parts at the end. */
function partsOf(path: string): string[] {
  const inner = path.replace(/^\//, '').replace(/\/$/, '')
  const parts = inner.split('/')
  while (parts.length > 1 && parts.at(-1) === '') parts.pop()
  return parts
}
