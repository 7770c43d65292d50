import type { Admin } from '../../client/index.ts'
import { HashIndex, type Pace } from '../../jobs/index.ts'
import { users } from '../../listing/index.ts'
import { findUserByName, findUsersByEmail } from '../../lookup/index.ts'
import { emailOf, type PlannedUser } from '../planned-user.ts'

/** A user of the realm, as far as a row can collide with it. */
export interface ExistingUser {
  readonly id: string
  /** In lower case. */
  readonly username: string
}

/** Finds users by what no other user may have. */
export interface UserLookup {
  byName(username: string): Promise<ExistingUser | undefined>
  /** Some user with this address. */
  byEmail(email: string): Promise<ExistingUser | undefined>
}

/** One request for each name costs as much as a page of the realm's users for about so many. */
const usersPerRow = 100

/**
 * Looks users up, by a request for each name or, where that takes fewer requests, by a list of the realm's users, of whom only those that
 * are asked for are kept.
 */
export async function createUserLookup(
  admin: Admin,
  pace: Pace,
  rows: number,
  asked: () => AsyncIterable<PlannedUser>,
  signal: AbortSignal | undefined,
): Promise<UserLookup> {
  const { client, realm } = admin
  const total = await pace.send(() => client.users.count({ realm }))
  return total > rows * usersPerRow ? lookupOfEach(admin, pace) : await lookupByList(admin, asked, signal)
}

function lookupOfEach(admin: Admin, pace: Pace): UserLookup {
  return {
    async byName(username) {
      const user = await pace.send(() => findUserByName(admin, username, true))
      return user && toExisting(user)
    },
    async byEmail(email) {
      const [user] = await pace.send(() => findUsersByEmail(admin, email, true))
      return user && toExisting(user)
    },
  }
}

async function lookupByList(
  admin: Admin,
  asked: () => AsyncIterable<PlannedUser>,
  signal: AbortSignal | undefined,
): Promise<UserLookup> {
  // A name may be another user's address, and an address another's name.
  const texts = new HashIndex()
  for await (const { name, row } of asked()) {
    const email = emailOf(row)
    texts.add(name, 0)
    if (email !== '') texts.add(email, 0)
  }
  const byName = new Map<string, ExistingUser>()
  const byEmail = new Map<string, ExistingUser>()
  for await (const user of users(admin, { brief: true })) {
    signal?.throwIfAborted()
    const existing = toExisting(user)
    const email = user.email?.toLowerCase() ?? ''
    if (texts.get(existing.username) !== undefined) byName.set(existing.username, existing)
    if (email !== '' && texts.get(email) !== undefined) byEmail.set(email, existing)
  }
  return {
    byName: async (username) => byName.get(username),
    byEmail: async (email) => byEmail.get(email),
  }
}

function toExisting({ id = '', username = '' }: { id?: string; username?: string }): ExistingUser {
  return { id, username: username.toLowerCase() }
}
