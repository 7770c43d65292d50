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
  type UserRef,
  userId,
} from '../lookup/index.ts'
import type { EditWithout } from './edit.ts'
import type { fixedOfClient, fixedOfGroup, fixedOfRealm, fixedOfRole, fixedOfUser } from './fixed-fields.ts'
import { type EditOf, type UpdateOptions, update } from './merge-write.ts'
import { clientKind, groupKind, realmKind, roleKind, userKind } from './object-kinds.ts'

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
 * Changes fields of a user and leaves all others unchanged: attributes are merged by key.
 *
 * Keycloak has neither PATCH nor ETag. So the user is read right before the write and only what differs is written; updates
 * of the same user in this process come one after the other and none is lost. Another process can still write between
 * that read and the write, a few milliseconds: its change of another field stays, except that all attributes, names and the
 * address are one field to Keycloak once an attribute changes; there the last one wins.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the user does not exist
 * @throws {CW_ADMIN_CHANGED} when someone changed one of these fields after `basedOn` was read
 * @throws {CW_ADMIN_REFUSED} when Keycloak refuses the change, or silently ignores an undeclared attribute or unknown required action
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
  return await update(admin, edit, options, userKind(admin, { id: await userId(admin, user) }))
}

/**
 * Changes fields of a group, as {@link updateUser} does: attributes are merged by key, the description survives.
 *
 * Needs the role `manage-users` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when there is no group at that path
 * @throws {CW_ADMIN_CHANGED} when someone changed one of these fields after `basedOn` was read
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
  return await update(admin, edit, options, groupKind(admin, await groupOf(admin, path)))
}

/**
 * Changes fields of a role, as {@link updateUser} does: attributes are merged by key, the description survives.
 *
 * Needs the role `manage-realm` of `realm-management`, for the role of a client `manage-clients` in its place.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the role does not exist
 * @throws {CW_ADMIN_CHANGED} when someone changed one of these fields after `basedOn` was read
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
  requireRoleName('updateRole', role)
  return await update(admin, edit, options, roleKind(admin, role, await roleOf(admin, role)))
}

/**
 * Changes fields of a client, by its client id, as {@link updateUser} does: attributes are merged by key, by Keycloak itself.
 * Its secret is never written back: neither the live one nor the mask that Keycloak shows in its place.
 *
 * Needs the role `manage-clients` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the client does not exist
 * @throws {CW_ADMIN_CHANGED} when someone changed one of these fields after `basedOn` was read
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
  return await update(admin, edit, options, clientKind(admin, await clientByName(admin, clientId)))
}

/**
 * Changes fields of the administered realm itself, as {@link updateUser} does: its attributes and its mail server are merged
 * by key, and the policy for one-time passwords, which Keycloak replaces as a whole, keeps what is not changed.
 *
 * Needs the role `manage-realm` of `realm-management`.
 *
 * @throws {CW_ADMIN_NOT_FOUND} when the realm does not exist
 * @throws {CW_ADMIN_CHANGED} when someone changed one of these fields after `basedOn` was read
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
  return await update(admin, edit, options, realmKind(admin))
}
