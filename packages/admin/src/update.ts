import { CloakwrightError } from 'cloakwright'
import type { Admin } from './admin.ts'
import { type Change, type ChangeKind, recorded } from './changes.ts'
import { type Difference, differences, type Edit, nameOf, same, shown, valueAt, wholeFields } from './edit.ts'
import { inTurn } from './in-turn.ts'
import type {
  ClientRepresentation,
  GroupRepresentation,
  RealmRepresentation,
  RoleRepresentation,
  UserRepresentation,
} from './representations.ts'
import { absent, clientByName, groupOf, type RoleName, roleOf, roleTitle } from './tasks/lookup.ts'
import { type UserRef, userId } from './tasks/find-user.ts'

/** What shall change, or how to find out from the object as it is now. The function may be given what others wrote meanwhile. */
export type EditOf<T> = Edit<T> | ((current: T) => Edit<T>)

/** Options of the update functions. */
export interface UpdateOptions<T> {
  /**
   * The representation that the edit was made on, perhaps minutes ago. What the edit has in common with it is not written,
   * and where somebody else has changed what is written since, the update fails and writes nothing.
   */
  readonly basedOn?: T
}

/**
 * Changes fields of a user and leaves all others alone: attributes are merged by key, names and e-mail address survive.
 *
 * Keycloak has neither PATCH nor ETag. So the user is read right before the write and only what differs is written; updates
 * of the same user in this process come one after the other and none is lost. Another process can still write between
 * that read and the write, a few milliseconds: its change of another field stays, except that all attributes, names and the
 * address are one field to Keycloak once an attribute changes; there the last one wins.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when there is no such user
 * @throws {CW_ADMIN_CHANGED} when somebody changed what is written since `basedOn`
 * @throws {CW_ADMIN_REFUSED} when Keycloak refuses it, or silently keeps no attribute of that name or no such required action
 * @example
 * ```ts
 * import { type Admin, updateUser } from '@cloakwright/admin'
 *
 * export async function promote(admin: Admin): Promise<void> {
 *   await updateUser(admin, 'alice', { attributes: { level: ['senior'], trainee: null } })
 *   await updateUser(admin, 'alice', ({ attributes }) => ({
 *     attributes: { visits: [String(Number(attributes?.['visits']?.[0] ?? 0) + 1)] },
 *   }))
 * }
 * ```
 */
export async function updateUser(
  admin: Admin,
  user: UserRef,
  edit: EditOf<UserRepresentation>,
  options: UpdateOptions<UserRepresentation> = {},
): Promise<readonly Change[]> {
  const { realm } = admin
  const { users } = admin.client
  const id = await userId(admin, user)
  return await update(admin, edit, options, {
    kind: 'user',
    id,
    name: (current) => current.username ?? id,
    read: async () => (await users.findOne({ realm, id })) ?? undefined,
    // Keycloak keeps user names and addresses in lower case only.
    wanted: ({ username, email, ...rest }) => ({
      ...withLists(rest),
      username: username?.toLowerCase(),
      email: email?.toLowerCase() ?? email,
    }),
    // With attributes and without them, a PUT erases the names and the address.
    body: (current, changes) => {
      const { email, firstName, lastName } = current
      const names = changes.some(({ field }) => field === 'attributes') ? { email, firstName, lastName } : {}
      return { ...names, ...wholeFields(current, changes) }
    },
    write: (body) => users.update({ realm, id }, body),
    mayVanish: ({ field }) => field === 'attributes' || field === 'requiredActions',
  })
}

/**
 * Changes fields of a group, as {@link updateUser} does: attributes are merged by key, the description survives.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when there is no group at that path
 * @throws {CW_ADMIN_CHANGED} when somebody changed what is written since `basedOn`
 * @example
 * ```ts
 * import { type Admin, updateGroup } from '@cloakwright/admin'
 *
 * export const setCostCentre = (admin: Admin) =>
 *   updateGroup(admin, '/staff/editors', { attributes: { costCentre: ['4711'] } })
 * ```
 */
export async function updateGroup(
  admin: Admin,
  path: string,
  edit: EditOf<GroupRepresentation>,
  options: UpdateOptions<GroupRepresentation> = {},
): Promise<readonly Change[]> {
  const { realm } = admin
  const { groups } = admin.client
  const { id = '' } = await groupOf(admin, path)
  return await update(admin, edit, options, {
    kind: 'group',
    id,
    name: (current) => current.path ?? path,
    read: async () => (await groups.findOne({ realm, id })) ?? undefined,
    wanted: withLists,
    body: described,
    write: (body) => groups.update({ realm, id }, body),
  })
}

/**
 * Changes fields of a role, as {@link updateUser} does: attributes are merged by key, the description survives.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when there is no such role
 * @throws {CW_ADMIN_CHANGED} when somebody changed what is written since `basedOn`
 * @example
 * ```ts
 * import { type Admin, updateRole } from '@cloakwright/admin'
 *
 * export const describeEditors = (admin: Admin) =>
 *   updateRole(admin, { name: 'editor', client: 'shop-api' }, { description: 'May change articles' })
 * ```
 */
export async function updateRole(
  admin: Admin,
  role: RoleName,
  edit: EditOf<RoleRepresentation>,
  options: UpdateOptions<RoleRepresentation> = {},
): Promise<readonly Change[]> {
  const { realm } = admin
  const { roles } = admin.client
  const { id = '' } = await roleOf(admin, role)
  return await update(admin, edit, options, {
    kind: role.client === undefined ? 'realm role' : 'client role',
    id,
    name: ({ name = role.name }) => roleTitle({ ...role, name }),
    read: async () => (await roles.findOneById({ realm, id })) ?? undefined,
    wanted: withLists,
    body: described,
    write: (body) => roles.updateById({ realm, id }, body),
  })
}

/**
 * Changes fields of a client, by its client id, as {@link updateUser} does: attributes are merged by key, by Keycloak itself.
 * Its secret is never written back: neither the live one nor the mask that Keycloak shows in its place.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when there is no such client
 * @throws {CW_ADMIN_CHANGED} when somebody changed what is written since `basedOn`
 * @example
 * ```ts
 * import { type Admin, updateClient } from '@cloakwright/admin'
 *
 * export const addCallback = (admin: Admin, uri: string) =>
 *   updateClient(admin, 'shop-api', ({ redirectUris = [] }) => ({ redirectUris: [...redirectUris, uri] }))
 * ```
 */
export async function updateClient(
  admin: Admin,
  clientId: string,
  edit: EditOf<ClientRepresentation>,
  options: UpdateOptions<ClientRepresentation> = {},
): Promise<readonly Change[]> {
  const { realm } = admin
  const { clients } = admin.client
  const { id = '' } = await clientByName(admin, clientId)
  return await update(admin, edit, options, {
    kind: 'client',
    id,
    name: (current) => current.clientId ?? clientId,
    read: async () => (await clients.findOne({ realm, id })) ?? undefined,
    wanted: (given) => given,
    // Only the attributes that differ: Keycloak leaves the others alone, and removes those that are null.
    body: (current, changes) => {
      const attributes = changes.flatMap(({ field, key, after }) =>
        field === 'attributes' && key !== undefined ? [[key, after ?? null]] : [],
      )
      return {
        ...wholeFields(current, changes),
        ...(attributes.length === 0 ? {} : { attributes: Object.fromEntries(attributes) as object }),
      }
    },
    write: (body) => clients.update({ realm, id }, body),
  })
}

/**
 * Changes fields of the administered realm itself, as {@link updateUser} does: its attributes and its mail server are merged
 * by key, and the policy for one-time passwords, which Keycloak replaces as a whole, keeps what is not changed.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when there is no such realm
 * @throws {CW_ADMIN_CHANGED} when somebody changed what is written since `basedOn`
 * @example
 * ```ts
 * import { type Admin, updateRealm } from '@cloakwright/admin'
 *
 * export const shortenTokens = (admin: Admin) => updateRealm(admin, { accessTokenLifespan: 60 })
 * ```
 */
export async function updateRealm(
  admin: Admin,
  edit: EditOf<RealmRepresentation>,
  options: UpdateOptions<RealmRepresentation> = {},
): Promise<readonly Change[]> {
  const { realm } = admin
  const { realms } = admin.client
  return await update(admin, edit, options, {
    kind: 'realm',
    id: realm,
    name: () => realm,
    read: async () => (await realms.findOne({ realm })) ?? undefined,
    wanted: (given) => given,
    body: (current, changes) => {
      const isOtp = (field: string): boolean => field.startsWith('otpPolicy')
      const policy = changes.some(({ field }) => isOtp(field))
        ? Object.entries(current).filter(([field]) => isOtp(field))
        : []
      return { ...(Object.fromEntries(policy) as object), ...wholeFields(current, changes) }
    },
    write: (body) => realms.update({ realm }, body),
  })
}

/** What differs between the kinds of objects. */
interface Kind<T extends object> {
  readonly kind: ChangeKind
  readonly id: string
  readonly name: (current: T) => string
  readonly read: () => Promise<T | undefined>
  /** An edit in the form in which Keycloak gives the values back, so that they can be compared. */
  readonly wanted: (edit: Edit<T>) => Edit<T>
  /** What a PUT must have so that nothing else changes. */
  readonly body: (current: T, changes: readonly Difference[]) => object
  readonly write: (body: object) => Promise<unknown>
  /** What Keycloak may leave out without a word. */
  readonly mayVanish?: (change: Difference) => boolean
}

async function update<T extends object>(
  admin: Admin,
  edit: EditOf<T>,
  { basedOn }: UpdateOptions<T>,
  of: Kind<T>,
): Promise<readonly Change[]> {
  return await inTurn(`${admin.server} ${admin.realm} ${of.kind} ${of.id}`, async () => {
    const current = (await of.read()) ?? absent(admin, `${of.kind} with the id ${of.id}`)
    const wanted = of.wanted(typeof edit === 'function' ? edit(structuredClone(current)) : edit)
    const changes =
      basedOn === undefined ? differences(current, wanted) : since(basedOn, current, wanted, of.name(current))
    if (changes.length === 0) return []
    await of.write(of.body(current, changes))
    const lost = of.mayVanish !== undefined && changes.some(of.mayVanish) ? await vanished(of, changes) : []
    const made = await recorded(admin, toChanges(admin, of, current, without(changes, lost)))
    if (lost.length > 0) throw notKept(of, current, lost)
    return made
  })
}

/** What the edit changed about its base, unless it is so by now. */
function since<T extends object>(basedOn: T, current: T, wanted: Edit<T>, name: string): Difference[] {
  const changes = differences(basedOn, wanted)
    .map((change) => ({ ...change, before: valueAt(current, change) }))
    .filter(({ before, after }) => !same(before, after))
  const changed = changes.filter((change) => !same(change.before, valueAt(basedOn, change)))
  if (changed.length === 0) return changes
  throw new CloakwrightError(
    'CW_ADMIN_CHANGED',
    `Somebody else has changed ${changed.map(nameOf).join(', ')} of ${name} since it was read; nothing was written`,
    { hint: 'Read it again, look at what has changed, and make your change on that.' },
  )
}

async function vanished<T extends object>(
  of: Kind<T>,
  changes: readonly Difference[],
): Promise<readonly Difference[]> {
  const now = (await of.read()) ?? {}
  return changes.filter((change) => of.mayVanish?.(change) && !same(valueAt(now, change), change.after))
}

function notKept<T extends object>(of: Kind<T>, current: T, lost: readonly Difference[]): CloakwrightError {
  return new CloakwrightError(
    'CW_ADMIN_REFUSED',
    `Keycloak did not keep ${lost.map(nameOf).join(', ')} of ${of.kind} ${of.name(current)}`,
    {
      hint: "The realm's user profile must declare an attribute, or allow unmanaged ones; a required action must exist there. Or somebody changed it at the same moment.",
    },
  )
}

function toChanges<T extends object>(
  { realm }: Admin,
  { kind, id, name }: Kind<T>,
  current: T,
  changes: readonly Difference[],
): Change[] {
  if (changes.length === 0) return []
  const [before, after] = [shown(changes, 'before'), shown(changes, 'after')]
  return [
    { action: 'update', kind, realm, id, name: name(current), fields: changes.map(nameOf), before, after },
  ]
}

function without(changes: readonly Difference[], lost: readonly Difference[]): readonly Difference[] {
  return changes.filter((change) => !lost.includes(change))
}

/** A PUT of a group or a role erases the description that it does not have, and leaves attributes alone. */
function described(
  current: GroupRepresentation | RoleRepresentation,
  changes: readonly Difference[],
): object {
  const { name, description } = current
  return { name, description, ...wholeFields(current, changes) }
}

/** Attributes of users, groups and roles are lists; a single text is taken as a list of one. */
function withLists<T extends { readonly attributes?: unknown }>(edit: T): T {
  const { attributes } = edit
  if (typeof attributes !== 'object' || attributes === null) return edit
  const lists = Object.entries(attributes).map(([key, value]: [string, unknown]) => [
    key,
    typeof value === 'string' ? [value] : value,
  ])
  return { ...edit, attributes: Object.fromEntries(lists) as unknown }
}
