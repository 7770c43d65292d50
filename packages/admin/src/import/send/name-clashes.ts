import type { Admin } from '../../client/index.ts'
import type { Pace, RealmFacts } from '../../jobs/index.ts'
import { users } from '../../listing/index.ts'
import { findUsersByEmail } from '../../lookup/index.ts'
import { mayBeAddress, type PlannedUser } from '../planned-user.ts'

/** Says why a user can't have its name or address; undefined: both are free. */
export type NameClash = (user: PlannedUser) => Promise<string | undefined>

/** Why a user name is refused. */
export const foreignAddress = 'the user name is the e-mail address of another user'
/** Why an address is refused. */
export const foreignName = 'the e-mail address is the user name of another user'

/**
 * Finds users who would log in by the same text, the one by name and the other by e-mail address: `POST users` answers 409,
 * a partial import lets them in. Costs a request for each name that looks like an address and is not the user's own, and
 * once a list of the realm's users with such names.
 */
export function createNameClash(admin: Admin, facts: RealmFacts, pace: Pace): NameClash {
  let namesListed: Promise<ReadonlySet<string>> | undefined

  return async ({ id, name, representation }) => {
    const email = representation.email?.toLowerCase() ?? ''
    if (mayBeAddress(name, email, facts)) {
      const owners = await pace.send(() => findUsersByEmail(admin, name))
      if (owners.some((owner) => owner.id !== id)) return foreignAddress
    }
    if (!mayBeAddress(email, name, facts)) return undefined
    namesListed ??= namesLikeAddresses(admin)
    return (await namesListed).has(email) ? foreignName : undefined
  }
}

async function namesLikeAddresses(admin: Admin): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for await (const { username = '', email } of users(admin, { username: '@', brief: true })) {
    if (username !== email) names.add(username)
  }
  return names
}
