import type { Group } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'

/**
 * Finds a group by its path, `/parent/child`, as Keycloak does where slashes in names are not escaped (its default): at each level the
 * shortest run of the path's parts that is a group's name, and never another one. The group `a/b` is found unless there is a group `a`.
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

/** One slash at each end is left out, and empty parts at the end are passed over. */
function partsOf(path: string): string[] {
  const inner = path.replace(/^\//, '').replace(/\/$/, '')
  const parts = inner.split('/')
  while (parts.length > 1 && parts.at(-1) === '') parts.pop()
  return parts
}
