import type { Change } from '../changes/index.ts'
import type {
  Admin,
  ClientRepresentation,
  GroupRepresentation,
  RealmRepresentation,
  RoleRepresentation,
  UserRepresentation,
} from '../client/index.ts'
import {
  clientByName,
  groupOf,
  type RoleName,
  requireRoleName,
  roleOf,
  roleTitle,
  type UserRef,
  userId,
} from '../lookup/index.ts'
import { type Difference, type EditWithout, wholeFields } from './edit.ts'
import { withCredentials, withLists, withTexts } from './edit-forms.ts'
import { fixedOfClient, fixedOfGroup, fixedOfRealm, fixedOfRole, fixedOfUser } from './fixed-fields.ts'
import { type EditOf, type UpdateOptions, update } from './merge-write.ts'
import { keptInPut } from './realm-put.ts'

/** What can be changed about a user; its roles and groups have tasks of their own. */
export type UserEdit = EditWithout<UserRepresentation, typeof fixedOfUser>
/** What can be changed about a group. */
export type GroupEdit = EditWithout<GroupRepresentation, typeof fixedOfGroup>
/** What can be changed about a role. */
export type RoleEdit = EditWithout<RoleRepresentation, typeof fixedOfRole>
/** What can be changed about a client. */
export type ClientEdit = EditWithout<ClientRepresentation, typeof fixedOfClient>
/** What can be changed about a realm: its settings, not what is in it. */
export type RealmEdit = EditWithout<RealmRepresentation, typeof fixedOfRealm>

/**
 * Changes fields of a user and leaves all others alone: attributes are merged by key, names and e-mail address survive.
 *
 * Keycloak has neither PATCH nor ETag. So the user is read right before the write and only what differs is written; updates
 * of the same user in this process come one after the other and none is lost. Another process can still write between
 * that read and the write, a few milliseconds: its change of another field stays, except that all attributes, names and the
 * address are one field to Keycloak once an attribute changes; there the last one wins.
 *
 * Needs the role `manage-users` of `realm-management`.
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
  edit: EditOf<UserRepresentation, UserEdit>,
  options: UpdateOptions<UserRepresentation> = {},
): Promise<readonly Change[]> {
  const { realm } = admin
  const { users } = admin.client
  const id = await userId(admin, user)
  return await update<UserRepresentation>(admin, edit, options, {
    kind: 'user',
    id,
    name: (current) => current.username ?? id,
    read: async () => (await users.findOne({ realm, id })) ?? undefined,
    fixed: fixedOfUser,
    // Keycloak keeps user names and addresses in lower case only.
    wanted: ({ username, email, ...rest }) => ({
      ...withLists(withCredentials(rest)),
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
    lostBecause:
      "The realm's user profile must declare an attribute, or allow unmanaged ones; a required action must exist there; where the e-mail address is the user name, only it can be changed.",
  })
}

/**
 * Changes fields of a group, as {@link updateUser} does: attributes are merged by key, the description survives.
 *
 * Needs the role `manage-users` of `realm-management`.
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
  edit: EditOf<GroupRepresentation, GroupEdit>,
  options: UpdateOptions<GroupRepresentation> = {},
): Promise<readonly Change[]> {
  const { realm } = admin
  const { groups } = admin.client
  const { id, path: own } = await groupOf(admin, path)
  return await update<GroupRepresentation>(admin, edit, options, {
    kind: 'group',
    id,
    name: () => own,
    read: async () => (await groups.findOne({ realm, id })) ?? undefined,
    fixed: fixedOfGroup,
    wanted: withLists,
    body: described,
    write: (body) => groups.update({ realm, id }, body),
    lostBecause: 'Keycloak took the request, but not this value.',
  })
}

/**
 * Changes fields of a role, as {@link updateUser} does: attributes are merged by key, the description survives.
 *
 * Needs the role `manage-realm` of `realm-management`, for the role of a client `manage-clients` in its place.
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
  edit: EditOf<RoleRepresentation, RoleEdit>,
  options: UpdateOptions<RoleRepresentation> = {},
): Promise<readonly Change[]> {
  const { realm } = admin
  const { roles } = admin.client
  requireRoleName('updateRole', role)
  const { id = '' } = await roleOf(admin, role)
  return await update<RoleRepresentation>(admin, edit, options, {
    kind: role.client === undefined ? 'realm role' : 'client role',
    id,
    name: ({ name = role.name }) => roleTitle({ ...role, name }),
    read: async () => (await roles.findOneById({ realm, id })) ?? undefined,
    fixed: fixedOfRole,
    wanted: withLists,
    body: described,
    write: (body) => roles.updateById({ realm, id }, body),
    lostBecause: 'Keycloak took the request, but not this value.',
  })
}

/**
 * Changes fields of a client, by its client id, as {@link updateUser} does: attributes are merged by key, by Keycloak itself.
 * Its secret is never written back: neither the live one nor the mask that Keycloak shows in its place.
 *
 * Needs the role `manage-clients` of `realm-management`.
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
  edit: EditOf<ClientRepresentation, ClientEdit>,
  options: UpdateOptions<ClientRepresentation> = {},
): Promise<readonly Change[]> {
  const { realm } = admin
  const { clients } = admin.client
  const { id = '' } = await clientByName(admin, clientId)
  return await update<ClientRepresentation>(admin, edit, options, {
    kind: 'client',
    id,
    name: (current) => current.clientId ?? clientId,
    read: async () => (await clients.findOne({ realm, id })) ?? undefined,
    fixed: fixedOfClient,
    wanted: withTexts,
    // Only the keys that differ: Keycloak leaves the others alone, and removes an attribute that is null, a flow that is ''.
    body: (current, changes) => ({
      ...wholeFields(current, changes),
      ...keysOf('attributes', changes, null),
      ...keysOf('authenticationFlowBindingOverrides', changes, ''),
    }),
    write: (body) => clients.update({ realm, id }, body),
    lostBecause:
      'It may depend on another field (a public client has no secret), or be one that is only added to (registeredNodes).',
  })
}

/**
 * Changes fields of the administered realm itself, as {@link updateUser} does: its attributes and its mail server are merged
 * by key, and the policy for one-time passwords, which Keycloak replaces as a whole, keeps what is not changed.
 *
 * Needs the role `manage-realm` of `realm-management`.
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
  edit: EditOf<RealmRepresentation, RealmEdit>,
  options: UpdateOptions<RealmRepresentation> = {},
): Promise<readonly Change[]> {
  const { realm } = admin
  const { realms } = admin.client
  return await update<RealmRepresentation>(admin, edit, options, {
    kind: 'realm',
    id: realm,
    name: () => realm,
    read: async (written = []) => {
      const renamed = written.find(({ field }) => field === 'realm')?.after
      return (await realms.findOne({ realm: typeof renamed === 'string' ? renamed : realm })) ?? undefined
    },
    fixed: fixedOfRealm,
    wanted: withTexts,
    body: (current, changes) => ({
      ...keptInPut(
        current,
        changes.map(({ field }) => field),
      ),
      ...wholeFields(current, changes),
      ...keysOf('browserSecurityHeaders', changes, ''),
    }),
    write: (body) => realms.update({ realm }, body),
    lostBecause:
      'It may depend on another setting of the realm, or on a feature that the server has switched off.',
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

/** The keys of a map that differ, and nothing else: of a map that Keycloak merges. */
function keysOf(map: string, changes: readonly Difference[], removed: null | ''): object {
  const keys = changes.flatMap(({ field, key, after }) =>
    field === map && key !== undefined ? [[key, after ?? removed] as const] : [],
  )
  return keys.length === 0 ? {} : { [map]: Object.fromEntries(keys) }
}
