import type { RealmContext } from '../context/index.ts'
import { isPasswordOf } from '../crypto/index.ts'
import type { User } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { isLockedOut, recordFailure } from './brute-force.ts'
import { hasOtp, takeOtp } from './otp.ts'
import { pendingActions } from './pending-actions.ts'

/** The result of checking a user name and a password. */
export type Verification =
  | { readonly result: 'refused' }
  | { readonly result: 'disabled' }
  | {
      readonly result: 'verified'
      readonly user: Readonly<User>
      /** Names of the pending required actions. */
      readonly requiredActions: readonly string[]
      /** Checks the second factor: true for a user who has none. Counts failures. */
      readonly checkOtp: (code: string | undefined) => boolean
    }

/** Finds a user by name or, where the realm allows it, by e-mail address. */
function findUser(realm: RealmStore, login: string): Readonly<User> | undefined {
  const name = login.trim().toLowerCase()
  const user = realm.userByName.get(name)
  if (user !== undefined) return user.serviceAccountClientId === undefined ? user : undefined
  return realm.info.loginWithEmailAllowed ? realm.userByEmail.get(name) : undefined
}

/**
 * Checks a user name and a password. Unknown user, wrong password and lockout look the same and take the same time. Only a
 * caller with the right password learns that an account is disabled.
 */
export async function verifyUser(
  context: RealmContext,
  realm: RealmStore,
  login: { username: string; password: string; ipAddress: string },
): Promise<Verification> {
  const user = findUser(realm, login.username)
  const isRight = await isPasswordOf(user, login.password)
  if (user === undefined) return { result: 'refused' }
  if (isLockedOut(context, realm, user)) return { result: 'refused' }
  if (!isRight) {
    recordFailure(context, realm, user, login.ipAddress)
    return { result: 'refused' }
  }
  if (!user.enabled) return { result: 'disabled' }
  return {
    result: 'verified',
    user,
    requiredActions: pendingActions(realm, user),
    checkOtp: (code) => {
      if (hasOtp(user) && (code === undefined || !takeOtp(context, realm, user, code))) {
        recordFailure(context, realm, user, login.ipAddress)
        return false
      }
      context.failures.clear(user.id)
      return true
    },
  }
}
