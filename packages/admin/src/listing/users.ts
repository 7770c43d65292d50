import { CloakwrightError } from 'cloakwright'
import type { Admin, UserRepresentation } from '../client/index.ts'
import { type Known, requireKnown } from '../fields/index.ts'
import { createMembershipReader, type MembershipKinds, readMemberships } from './memberships-of-users.ts'
import { pagesByName } from './pages-by-name.ts'

/** Which users a list has. Several conditions hold together; without any it has all users but service accounts. */
export interface UserFilter {
  /**
   * The beginning of a user name, an e-mail address or a name; `*` stands for anything, `"…"` for the whole. Only with
   * `enabled` and `emailVerified`: Keycloak ignores the other conditions when it is given.
   */
  readonly search?: string
  readonly username?: string
  readonly email?: string
  readonly firstName?: string
  readonly lastName?: string
  /** Whether the single names are equal, not parts. Default: parts. */
  readonly exact?: boolean
  readonly enabled?: boolean
  readonly emailVerified?: boolean
  /** Attributes: `team:red floor:"ground floor"`. */
  readonly q?: string
}

/** Options of {@link users}. */
export interface UserListOptions extends UserFilter {
  /** Leaves out attributes, required actions and the like, which Keycloak reads user by user: several times as fast. Default: false. */
  readonly brief?: boolean
}

/** Options of {@link usersWithMemberships}. */
export interface MembershipOptions extends UserListOptions, Partial<MembershipKinds> {
  /** Ends the reading. */
  readonly signal?: AbortSignal
}

/**
 * All users that match a filter, each once, ordered by user name; one request for 500 users.
 *
 * Users who are created or renamed meanwhile may be missing; all others are in the list. One id for each user
 * is kept in memory to find duplicates.
 *
 * Needs the role `view-users` of `realm-management`.
 *
 * @throws {CW_CONFIG_INVALID} when `search` is combined with a condition that Keycloak would ignore
 * @example
 * ```ts
 * import { type Admin, users } from '@cloakwright/admin'
 *
 * export async function printUsers(admin: Admin): Promise<void> {
 *   for await (const user of users(admin, { enabled: true })) console.log(user.username)
 * }
 * ```
 */
export async function* users(
  { client, realm }: Admin,
  options: UserListOptions = {},
): AsyncGenerator<UserRepresentation, void, undefined> {
  const { brief = false, ...filter } = options
  const query = { ...given(filter), ...(brief && { briefRepresentation: true }), realm }
  for await (const page of pagesByName((page) => client.users.find({ ...query, ...page }))) yield* page
}

/**
 * All users that a filter finds, with `groups` as paths, `realmRoles` and `clientRoles` by client id: those that they have
 * themselves, not those that composites, groups or the realm's default role bring.
 *
 * The requests are proportional to pages: one for 500 users, one for 500 members of each group, one for 500 users of each
 * role. Keycloak has no list of memberships, so that each group and role costs one at least, each group with groups below
 * it another, and each client one for its roles. A filter that finds few users makes it ask for these alone. Memberships
 * are read first: one that changes meanwhile may be shown as it was before.
 *
 * Needs the roles `view-users`, `view-realm` and `view-clients` of `realm-management`.
 *
 * @example
 * ```ts
 * import { type Admin, usersWithMemberships } from '@cloakwright/admin'
 *
 * export async function printGroups(admin: Admin): Promise<void> {
 *   for await (const user of usersWithMemberships(admin, { groups: true })) console.log(user.username, user.groups)
 * }
 * ```
 */
export async function* usersWithMemberships(
  admin: Admin,
  options: MembershipOptions = {},
): AsyncGenerator<UserRepresentation, void, undefined> {
  const { groups = true, roles = true, signal, brief = false, ...filter } = options
  const kinds = { groups, roles }
  if (await findsFew(admin, filter)) {
    const membershipsOf = await createMembershipReader(admin, kinds)
    for await (const user of users(admin, { ...filter, brief })) {
      signal?.throwIfAborted()
      yield { ...user, ...(await membershipsOf(user.id ?? '')) }
    }
    return
  }
  const memberships = await readMemberships(admin, kinds, signal)
  for await (const user of users(admin, { ...filter, brief })) {
    signal?.throwIfAborted()
    yield { ...user, ...memberships.take(user.id ?? '') }
  }
}

/** Below this many, two requests a user are fewer than those for all groups and roles. */
const few = 20

async function findsFew({ client, realm }: Admin, filter: UserFilter): Promise<boolean> {
  if (Object.values(filter).every((value) => value === undefined)) return false
  return (await client.users.count({ ...given(filter), realm })) <= few
}

/** What is set of it. Keycloak takes no other condition next to `search`, and silently lists too many. */
export function given(filter: UserFilter): UserFilter {
  requireKnown('The user filter', filter, conditions)
  const set = Object.entries(filter).filter(([, value]) => value !== undefined)
  const ignored = filter.search === undefined ? undefined : set.find(([name]) => !besideSearch.has(name))
  if (ignored === undefined) return Object.fromEntries(set)
  throw new CloakwrightError('CW_CONFIG_INVALID', `Keycloak ignores ${ignored[0]} when search is given`, {
    hint: 'Use search (with enabled or emailVerified only), or the other conditions without search.',
  })
}

const conditions: Known<UserFilter> = {
  search: true,
  username: true,
  email: true,
  firstName: true,
  lastName: true,
  exact: true,
  enabled: true,
  emailVerified: true,
  q: true,
}

const besideSearch: ReadonlySet<string> = new Set(['search', 'enabled', 'emailVerified'])
