import type { Admin, UserRepresentation } from '../client/index.ts'
import type { RoleName } from '../lookup/index.ts'
import { type ProgressListener, startPhase } from '../progress/index.ts'
import { inParallel } from './in-parallel.ts'
import { pagesByName } from './pages-by-name.ts'
import { type RoleList, type RoleWay, roleLists } from './role-ways.ts'

/** A user who has a role, and how. */
export interface EffectiveMember {
  /** In brief: without attributes and required actions. */
  readonly user: UserRepresentation
  /** All ways, what is mapped to the user first. */
  readonly ways: readonly RoleWay[]
}

/** Options of {@link effectiveMembers}. */
export interface EffectiveMembersOptions {
  /** Ends the reading. */
  readonly signal?: AbortSignal
  readonly onProgress?: ProgressListener
}

/**
 * Everyone who has a role in effect, each once, with every way in which they have it: mapped to the user, by a composite
 * role, by a group or a group above it, by the realm's default role. Disabled users and service accounts are among them.
 * A token shows a role only where its client's scope lets it.
 *
 * Keycloak has no such list: the composites are read (a request each), then the members of each role and group that counts,
 * 500 a request. Where more than one of them counts, they are read twice, so that only an id a user is kept in memory, not
 * the user. Who is changed meanwhile may be missing, or shown as before.
 *
 * Needs the roles `view-users`, `view-realm` and `view-clients` of `realm-management`: without one of them some of the ways
 * can't be seen, and it fails.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when there is no role with that name
 * @throws {CW_ADMIN_FORBIDDEN} when the account may not see all of them
 * @example
 * ```ts
 * import { type Admin, effectiveMembers } from '@cloakwright/admin'
 *
 * export async function printEditors(admin: Admin): Promise<void> {
 *   for await (const { user, ways } of effectiveMembers(admin, { name: 'editor', client: 'shop-api' }))
 *     console.log(user.username, ways.map(({ group, roles }) => group ?? roles[0]))
 * }
 * ```
 */
export async function* effectiveMembers(
  admin: Admin,
  role: RoleName,
  options: EffectiveMembersOptions = {},
): AsyncGenerator<EffectiveMember, void, undefined> {
  const { signal, onProgress } = options
  const lists = await roleLists(admin, role, signal)
  const seen = await readIds(lists, signal, onProgress)
  const phase = startPhase('listing', seen?.ids.size, onProgress)
  for (const [index, list] of lists.entries()) {
    if (seen?.isEmpty(index) === true) continue
    for await (const page of pagesByName(list.members)) {
      signal?.throwIfAborted()
      for (const user of page) {
        const inLists = seen?.ids.get(user.id ?? '') ?? [index]
        if (inLists === told) continue
        seen?.ids.set(user.id ?? '', told)
        phase.add(1)
        yield { user, ways: inLists.flatMap((each) => lists[each]?.ways ?? []) }
      }
    }
  }
  phase.end()
}

/** Stands in place of a user's lists once the user was given. */
const told: readonly number[] = []

interface Ids {
  /** In which lists each user is, by their numbers. */
  readonly ids: Map<string, readonly number[]>
  isEmpty(list: number): boolean
}

/** Undefined where one list has all of them: nothing is to be put together. */
async function readIds(
  lists: readonly RoleList[],
  signal: AbortSignal | undefined,
  onProgress: ProgressListener | undefined,
): Promise<Ids | undefined> {
  if (lists.length === 1) return undefined
  const phase = startPhase('reading', undefined, onProgress)
  const ids = new Map<string, readonly number[]>()
  const filled = new Set<number>()
  const shared = new Map<string, readonly number[]>()
  /** Users in the same lists share one array. */
  const numbers = (of: readonly number[]): readonly number[] => {
    const key = of.join()
    const known = shared.get(key)
    if (known === undefined) shared.set(key, of)
    return known ?? of
  }
  await inParallel(lists.entries(), async ([index, { members }]) => {
    for await (const page of pagesByName(members)) {
      signal?.throwIfAborted()
      filled.add(index)
      phase.add(page.length)
      for (const { id = '' } of page) {
        ids.set(id, numbers([...(ids.get(id) ?? []), index].sort((a, b) => a - b)))
      }
    }
  })
  phase.end()
  return { ids, isEmpty: (index) => !filled.has(index) }
}
