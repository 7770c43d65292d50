import type { Admin, UserRepresentation } from '../client/index.ts'
import type { UserRow } from '../files/index.ts'
import { findUser, findUsersByEmail } from '../lookup/index.ts'

/** The one user whom a row names, or why there is none: a user name is no address, an address no user name. */
export async function userOfRow(
  admin: Admin,
  { user: { username }, namedBy }: UserRow,
): Promise<UserRepresentation | string> {
  if (namedBy === 'email') {
    const [user, ...others] = await findUsersByEmail(admin, username)
    if (others.length > 0)
      return `${others.length + 1} users have this e-mail address: use the user name instead`
    return user ?? 'no user has this e-mail address'
  }
  const found = await findUser(admin, username)
  if (found !== undefined) return found
  const missing = 'there is no user with this user name'
  if (!username.includes('@')) return missing
  return `${missing}. To find users by e-mail address, use the column email and leave out username`
}
