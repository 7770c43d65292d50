import type { Admin, UserRepresentation } from '../client/index.ts'
import { absent, type InRealm } from './in-realm.ts'

/** A user, by user name or by Keycloak's id. */
export type UserRef = string | { readonly id: string }

/**
 * The user, or `undefined` where there is none.
 *
 * Needs the role `view-users` of `realm-management`.
 *
 * @example
 * ```ts
 * import { type Admin, findUser } from '@cloakwright/admin'
 *
 * export const addressOf = async (admin: Admin) => (await findUser(admin, 'alice'))?.email
 * ```
 */
export async function findUser(admin: Admin, user: UserRef): Promise<UserRepresentation | undefined> {
  if (typeof user === 'string') return await findUserByName(admin, user)
  const { client, realm } = admin
  return (await client.users.findOne({ realm, id: user.id })) ?? undefined
}

/** In brief the user has no attributes, and costs less. */
export async function findUserByName(
  { client, realm }: InRealm,
  name: string,
  isBrief: boolean = false,
): Promise<UserRepresentation | undefined> {
  // Keycloak keeps user names in lower case, and some databases take one letter for another.
  const username = name.toLowerCase()
  const found = await client.users.find({ realm, username, exact: true, ...briefly(isBrief) })
  return found.find((each) => each.username === username)
}

/**
 * All users with this e-mail address: several, where the realm allows that. `isBrief` leaves their attributes out, which costs less.
 *
 * Needs the role `view-users` of `realm-management`.
 *
 * @example
 * ```ts
 * import { type Admin, findUsersByEmail } from '@cloakwright/admin'
 *
 * export const isTaken = async (admin: Admin, address: string) =>
 *   (await findUsersByEmail(admin, address)).length > 0
 * ```
 */
export async function findUsersByEmail(
  { client, realm }: InRealm,
  address: string,
  isBrief: boolean = false,
): Promise<readonly UserRepresentation[]> {
  const email = address.toLowerCase()
  const found = await client.users.find({ realm, email, exact: true, ...briefly(isBrief) })
  return found.filter((each) => each.email?.toLowerCase() === email)
}

function briefly(isBrief: boolean): { briefRepresentation?: true } {
  return isBrief ? { briefRepresentation: true } : {}
}

/** @throws {CW_ADMIN_NOT_FOUND} */
export async function userOf(admin: Admin, user: UserRef): Promise<UserRepresentation> {
  return (await findUser(admin, user)) ?? absent(admin, `user ${titleOf(user)}`)
}

/** Asks Keycloak only where it is not known. */
export async function userId(admin: Admin, user: UserRef): Promise<string> {
  return typeof user === 'string' ? ((await userOf(admin, user)).id ?? '') : user.id
}

function titleOf(user: UserRef): string {
  return typeof user === 'string' ? user : `with the id ${user.id}`
}
