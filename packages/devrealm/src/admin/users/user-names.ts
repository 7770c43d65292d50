import type { User } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { conflict } from '../errors.ts'

type Named = Pick<User, 'id' | 'username' | 'email'>

/**
 * User names and e-mails must be unique. If users can log in with their e-mail, a user name must not be the e-mail of another
 * user either. Unchanged values are not checked: they may come from an import.
 *
 * @throws {AdminError} 409
 */
export function requireUnique(realm: RealmStore, user: Named, before?: Readonly<Named>): void {
  const { loginWithEmailAllowed, duplicateEmailsAllowed } = realm.info
  const { username, email } = user
  if (email !== undefined && email !== before?.email && !duplicateEmailsAllowed) {
    const isName = loginWithEmailAllowed && isOther(user, realm.userByName.get(email))
    if (isName || hasAddress(realm, user, email)) throw conflict('User exists with same email')
  }
  if (username === before?.username) return
  const isAddress = loginWithEmailAllowed && hasAddress(realm, user, username)
  if (isAddress || isOther(user, realm.userByName.get(username))) {
    throw conflict('User exists with same username')
  }
}

/**
 * The database constraints: user names are unique, and e-mails unless duplicates are allowed.
 *
 * @throws {AdminError} 409
 */
export function requireStorable(realm: RealmStore, user: Named): void {
  if (isOther(user, realm.userByName.get(user.username))) throw conflict('User exists with same username')
  const isTaken = user.email !== undefined && hasAddress(realm, user, user.email)
  if (isTaken && !realm.info.duplicateEmailsAllowed) throw conflict('User exists with same email')
}

function hasAddress(realm: RealmStore, user: Named, address: string): boolean {
  return realm.userByEmail.all(address).some((found) => isOther(user, found))
}

function isOther(user: Named, found: Readonly<User> | undefined): boolean {
  return found !== undefined && found.id !== user.id
}
