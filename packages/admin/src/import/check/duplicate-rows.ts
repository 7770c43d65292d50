import type { UserRow } from '../../files/index.ts'
import { HashIndex, type RealmFacts } from '../../jobs/index.ts'
import { mayBeAddress, withUserName } from '../planned-user.ts'

/** Says what a row shares with one before it that only one user may have; undefined: nothing. Of two the later is rejected. */
export function createDuplicateCheck(facts: RealmFacts): (row: UserRow) => string | undefined {
  const names = new HashIndex()
  const emails = new HashIndex()
  const ids = new HashIndex()

  return ({ line, user }) => {
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
    if (owner !== undefined) return `the user name is the e-mail address of line ${owner}`
    for (const [what, first] of found) {
      if (first !== undefined) return `line ${first} has the same ${what}`
    }
    names.add(username, line)
    if (uniqueEmail) emails.add(email, line)
    if (user.id !== undefined) ids.add(user.id, line)
    return undefined
  }
}
