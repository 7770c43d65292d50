import type { Group } from '../model.ts'
import type { RealmStore } from '../store/realm-store.ts'

/** Finds a group by its path, `/parent/child`; a name may itself hold slashes. */
export function groupByPath(realm: RealmStore, path: string): Readonly<Group> | undefined {
  const steps = path.replace(/^\//, '').replace(/\/$/, '').split('/')
  return below(realm, undefined, steps)
}

function below(
  realm: RealmStore,
  parent: Readonly<Group> | undefined,
  steps: readonly string[],
): Readonly<Group> | undefined {
  if (steps.length === 0) return parent
  const groups = realm.groupsIn.all(parent?.id ?? '')
  for (let taken = 1; taken <= steps.length; taken += 1) {
    const name = steps.slice(0, taken).join('/')
    const group = groups.find((each) => each.name === name)
    const found = group === undefined ? undefined : below(realm, group, steps.slice(taken))
    if (found !== undefined) return found
  }
  return undefined
}
