import type { ImportedUser, UserRow } from '../../files/index.ts'
import { HashIndex, type RealmFacts } from '../../jobs/index.ts'
import { mayBeAddress, withUserName } from '../planned-user.ts'
import type { ProfileCheck } from '../profile/index.ts'
import type { ReferenceCheck } from './references.ts'
import type { Warnings } from './warnings.ts'

/** Says what is wrong with a row, without its values; undefined: nothing. Sees each row once, in their order. */
export type RowCheck = (row: UserRow) => Promise<string | undefined>

/**
 * Checks rows against the realm and against the rows before them: of two with one name the later is rejected.
 * Keeps hashes, not rows. `uncheckedLines` gets those that only Keycloak can check.
 */
export function createRowCheck(
  facts: RealmFacts,
  checkProfile: ProfileCheck,
  unknownReference: ReferenceCheck,
  warnings: Warnings,
  uncheckedLines: Set<number>,
): RowCheck {
  const names = new HashIndex()
  const emails = new HashIndex()
  const ids = new HashIndex()

  function duplicate({ line, user }: UserRow): string | undefined {
    const username = withUserName(user, facts).username.toLowerCase()
    const email = user.email?.toLowerCase() ?? ''
    const uniqueEmail = email !== '' && !facts.duplicateEmailsAllowed
    const byEmailAsName =
      uniqueEmail && facts.loginWithEmailAllowed && email !== username ? names.get(email) : undefined
    const found = [
      ['id', user.id === undefined ? undefined : ids.get(user.id)],
      ['user name', names.get(username)],
      ['e-mail address', (uniqueEmail ? emails.get(email) : undefined) ?? byEmailAsName],
    ] as const
    const owner = mayBeAddress(username, email, facts) ? emails.get(username) : undefined
    if (owner !== undefined) return `username is the e-mail address of line ${owner}`
    for (const [what, first] of found) {
      if (first !== undefined) return `line ${first} has the same ${what}`
    }
    names.add(username, line)
    if (uniqueEmail) emails.add(email, line)
    if (user.id !== undefined) ids.add(user.id, line)
    return undefined
  }

  return async ({ line, user }) => {
    const { problem, unchecked } = checkProfile(user)
    const found = idProblem(user) ?? problem ?? (await unknownReference(user)) ?? duplicate({ line, user })
    if (unchecked.length > 0) uncheckedLines.add(line)
    for (const { field, validator } of unchecked) {
      warnings.add(
        'unchecked-value',
        `${field} ${validator}`,
        () => 'only Keycloak can check it: it creates these users one by one, and says which it refuses',
      )
    }
    return found
  }
}

/** What the database would refuse, and with it the whole batch; the rest of the form was checked as the row was read. */
function idProblem({ id }: ImportedUser): string | undefined {
  if (id === undefined || /^[\w.~-]{1,36}$/.test(id)) return undefined
  return 'id has more than 36 characters, or others than letters, digits, - . _ ~'
}
