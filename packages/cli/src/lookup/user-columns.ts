import type { Column } from '../terminal/index.ts'

/** A user in a list. */
export interface ListedUser {
  readonly id?: string
  readonly username?: string
  readonly email?: string
  readonly enabled?: boolean
  readonly groups?: readonly string[]
  readonly realmRoles?: readonly string[]
  readonly clientRoles?: object
}

/** The columns of a list of users. */
export const userColumns: readonly Column<ListedUser>[] = [
  { name: 'user name', of: ({ username }) => username },
  { name: 'e-mail', of: ({ email }) => email },
  { name: 'enabled', of: ({ enabled }) => (enabled === false ? 'no' : 'yes') },
  { name: 'id', of: ({ id }) => id },
]
