import type { Admin } from './admin.ts'
import type { Change } from './changes.ts'
import { type Difference, wholeFields } from './edit.ts'
import { type EditOf, update, type UpdateOptions } from './merge-write.ts'
import type {
  ClientRepresentation,
  GroupRepresentation,
  RealmRepresentation,
  RoleRepresentation,
  UserRepresentation,
} from './representations.ts'
import { type UserRef, userId } from './tasks/find-user.ts'
import { clientByName, groupOf, type RoleName, roleOf, roleTitle } from './tasks/lookup.ts'

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
