import type { User } from '../../model/index.ts'
import { deleteUser } from '../../store/index.ts'
import { profileMetadata, unmanagedAttributes } from '../../user-profile/index.ts'
import { nothing } from '../body/index.ts'
import { forbidden, notFound } from '../errors.ts'
import { accessOfUser, userOf, userShape } from '../representations/index.ts'
import { type AdminApi, type Call, created, needs, ok } from '../request/index.ts'
import { mappingRoutes, userHolder } from '../roles/index.ts'
import { addUser, updateUser } from './user-changes.ts'
import { userConsentRoutes } from './user-consents.ts'
import { userCredentialRoutes } from './user-credentials.ts'
import { userEmailRoutes } from './user-emails.ts'
import { userGroupRoutes } from './user-groups.ts'
import { userProfileRoutes } from './user-profile.ts'
import { findUsers } from './user-search.ts'
import { userSessionRoutes } from './user-sessions.ts'

/** Users: `/users` and `/users/{id}`; paths below have their own files. */
export function userRoutes(api: AdminApi): void {
  const list = api.resource('/users')
  list.get('', needs.queryUsers, ({ realm, query, access }) => {
    const found = query.page(findUsers(realm, query), 100)
    // A caller with query-users only sees no users without further permission.
    if (!needs.viewUsers(access)) return ok([])
    const brief = query.flag('briefRepresentation') ?? false
    const { manage } = accessOfUser(access)
    return ok(found.map((user) => ({ ...userOf(realm, user, brief), access: { manage } })))
  })
  list.get('/count', needs.queryUsers, ({ realm, query, access }) =>
    ok(needs.viewUsers(access) ? findUsers(realm, query).length : 0),
  )
  list.post('', needs.manageUsers, userShape, async ({ realm, body, url }) => {
    const user = await addUser(realm, body)
    return created(`${url}/${user.id}`)
  })
  userProfileRoutes(api)

  const one = api.resource('/users/:userId', findUser)
  one.get('', needs.viewUsers, ({ realm, query, access, found }) => {
    const metadata = query.flag('userProfileMetadata')
      ? { userProfileMetadata: profileMetadata(realm, found) }
      : {}
    return ok({ ...userOf(realm, found), ...metadata, access: accessOfUser(access) })
  })
  one.put('', needs.manageUsers, userShape, async ({ realm, found, body }) => {
    await updateUser(realm, found, body)
    return undefined
  })
  one.delete('', needs.manageUsers, nothing, ({ realm, found }) => {
    deleteUser(realm, found.id)
    return undefined
  })
  one.get('/unmanagedAttributes', needs.viewUsers, ({ realm, found }) =>
    ok(unmanagedAttributes(realm, found)),
  )
  one.get('/federated-identity', needs.viewUsers, () => ok([]))
  one.get('/configured-user-storage-credential-types', needs.viewUsers, () => ok([]))
  userConsentRoutes(one)
  userSessionRoutes(one)
  userGroupRoutes(one)
  userCredentialRoutes(one)
  userEmailRoutes(one)
  mappingRoutes(
    one.below('/role-mappings', ({ realm, found }) => userHolder(realm, found)),
    { view: needs.viewUsers, manage: needs.manageUsers, guarded: true },
  )
}

/** Finds a user by id; a caller without query-users learns nothing about it. */
function findUser({ realm, params, access }: Call): Readonly<User> {
  const user = realm.users.get(params['userId'] ?? '')
  if (user !== undefined) return user
  throw needs.queryUsers(access) ? notFound('User not found') : forbidden()
}
