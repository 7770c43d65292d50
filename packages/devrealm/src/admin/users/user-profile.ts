import type { User } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { javaOrder } from '../../text/index.ts'
import {
  type Profile,
  type Proposed,
  profileConfigProblems,
  profileMetadata,
  profileOf,
  profileProblems,
} from '../../user-profile/index.ts'
import { AdminError, refused } from '../errors.ts'
import { userProfileShape } from '../representations/index.ts'
import { type AdminApi, needs, ok } from '../request/index.ts'

/** A realm's user profile: `/users/profile`. */
export function userProfileRoutes(api: AdminApi): void {
  const profile = api.resource('/users/profile')
  profile.get('', needs.viewUserProfile, ({ realm }) => ok(profileOf(realm)))
  profile.put('', needs.manageRealm, userProfileShape, ({ realm, body }) => {
    requireProfileConfig(
      body,
      realm.clientScopes.values().map(({ name }) => name),
    )
    const attributes = (body.attributes ?? profileOf(realm).attributes ?? []).map((attribute) => ({
      ...attribute,
      multivalued: 'multivalued' in attribute ? attribute.multivalued : false,
    }))
    realm.update({ ...realm.info, userProfile: { ...body, attributes } })
    return ok(profileOf(realm), 'application/json')
  })
  profile.get('/metadata', needs.viewUserProfile, ({ realm }) => ok(profileMetadata(realm)))
}

/**
 * Checks a user against the realm's user profile, as for an administrator.
 *
 * @throws {AdminError} 400, a single problem directly and several as `errors`
 */
export function requireProfile(realm: RealmStore, user: Proposed, before?: Readonly<User>): void {
  const problems = profileProblems(realm, user, before, 'admin')
  if (problems.length === 1) throw new AdminError(400, { ...problems[0] })
  if (problems.length > 1) {
    // Keycloak collects them in a map by message.
    const messages = javaOrder(problems.map((each) => each.errorMessage))
    const errors = messages.flatMap((message) => problems.filter((each) => each.errorMessage === message))
    throw new AdminError(400, { errors })
  }
}

/**
 * Checks a new user profile of a realm.
 *
 * @throws {AdminError} 400 with all problems, in Keycloak's wording
 */
export function requireProfileConfig(profile: Profile, scopes?: readonly string[]): void {
  const problems = profileConfigProblems(profile, scopes)
  if (problems.length > 0) throw refused(`[${problems.join(', ')}]`)
}
