import { type User, valuesIn } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { hasOtp } from './otp.ts'

/** The required action that sets up one-time codes; no user who has them needs it. */
export const configureTotpAlias = 'CONFIGURE_TOTP'
/** The required action of every user whose profile lacks something. */
export const verifyProfileAlias = 'VERIFY_PROFILE'

/** What the user has to do before the login is complete, in the realm's order. */
export function pendingActions(realm: RealmStore, user: Readonly<User>): string[] {
  const enabled = realm.info.requiredActions.filter((action) => action.enabled)
  const asked = enabled
    .filter((action) => user.requiredActions.includes(action.alias))
    .map((action) => action.alias)
  const known = asked.filter((alias) => alias !== configureTotpAlias || !hasOtp(user))
  const needsProfile =
    user.serviceAccountClientId === undefined &&
    enabled.some((action) => action.alias === verifyProfileAlias) &&
    missingProfileFields(realm, user).length > 0
  return needsProfile && !known.includes(verifyProfileAlias) ? [...known, verifyProfileAlias] : known
}

/** Whether the realm lets users do this action. */
export function isActionEnabled(realm: RealmStore, alias: string): boolean {
  return realm.info.requiredActions.some((action) => action.alias === alias && action.enabled)
}

/** Attributes that the realm's user profile requires of users and that this user lacks. */
export function missingProfileFields(realm: RealmStore, user: Readonly<User>): string[] {
  const { attributes = [] } = realm.info.userProfile as {
    attributes?: { name: string; required?: { roles?: string[] } }[]
  }
  return attributes
    .filter(
      ({ required }) =>
        required !== undefined && (required.roles === undefined || required.roles.includes('user')),
    )
    .map(({ name }) => name)
    .filter((name) => {
      if (name === 'username') return false
      const value =
        name === 'email' || name === 'firstName' || name === 'lastName'
          ? user[name]
          : valuesIn(user.attributes, name)[0]
      return value === undefined || value === ''
    })
}

/** The user without an action that was done. */
export function withoutAction(user: Readonly<User>, alias: string): User {
  return { ...user, requiredActions: user.requiredActions.filter((each) => each !== alias) }
}
