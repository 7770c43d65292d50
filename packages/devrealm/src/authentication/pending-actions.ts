import { type User, valuesIn } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'
import { hasOtp } from './otp.ts'

/** The required action that sets up one-time codes; not needed by users who have them. */
export const configureTotpAlias = 'CONFIGURE_TOTP'
/** The required action of every user with an incomplete profile. */
export const verifyProfileAlias = 'VERIFY_PROFILE'

/** The required action of users with an unverified e-mail address, in realms that verify them. */
export const verifyEmailAlias = 'VERIFY_EMAIL'

/** The user's pending required actions, in the realm's order. */
export function pendingActions(realm: RealmStore, user: Readonly<User>): string[] {
  const enabled = realm.info.requiredActions.filter((action) => action.enabled)
  const asked = enabled.filter(({ alias }) => isAsked(realm, user, alias)).map((action) => action.alias)
  const known = asked.filter((alias) => alias !== configureTotpAlias || !hasOtp(user))
  const needsProfile =
    user.serviceAccountClientId === undefined &&
    enabled.some((action) => action.alias === verifyProfileAlias) &&
    missingProfileFields(realm, user).length > 0
  return needsProfile && !known.includes(verifyProfileAlias) ? [...known, verifyProfileAlias] : known
}

function isAsked(realm: RealmStore, user: Readonly<User>, alias: string): boolean {
  return user.requiredActions.includes(alias) || (alias === verifyEmailAlias && mustVerifyEmail(realm, user))
}

/** Whether the realm wants an e-mail address that nobody verified. Users without one have nothing to verify. */
function mustVerifyEmail(realm: RealmStore, user: Readonly<User>): boolean {
  return realm.info.verifyEmail && !user.emailVerified && user.email !== undefined && user.email !== ''
}

/** As in Keycloak, a user who must verify the e-mail address keeps that required action after the right password. */
export function keepVerifyEmail(realm: RealmStore, user: Readonly<User>): Readonly<User> {
  const isMissing =
    isActionEnabled(realm, verifyEmailAlias) &&
    mustVerifyEmail(realm, user) &&
    !user.requiredActions.includes(verifyEmailAlias)
  if (!isMissing) return user
  return realm.users.put({ ...user, requiredActions: [...user.requiredActions, verifyEmailAlias] })
}

/** Whether the action is enabled in the realm. */
export function isActionEnabled(realm: RealmStore, alias: string): boolean {
  return realm.info.requiredActions.some((action) => action.alias === alias && action.enabled)
}

/** Required attributes of the user profile that the user lacks. */
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

/** The user without the completed action. */
export function withoutAction(user: Readonly<User>, alias: string): User {
  return { ...user, requiredActions: user.requiredActions.filter((each) => each !== alias) }
}
