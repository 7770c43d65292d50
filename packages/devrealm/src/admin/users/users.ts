import { profileMetadata, unmanagedAttributes } from '../../user-profile/index.ts'
import { nothing } from '../body/index.ts'
import { accessOfUser, userOf, userShape } from '../representations/index.ts'
import { type AdminApi, created, needs, ok } from '../request/index.ts'
import { mappingRoutes, userHolder } from '../roles/index.ts'
import { findUser } from './find-user.ts'
import { addUser, updateUser } from './user-changes.ts'
import { userCredentialRoutes } from './user-credentials.ts'
import { userEmailRoutes } from './user-emails.ts'
import { userGroupRoutes } from './user-groups.ts'
import { userProfileRoutes } from './user-profile.ts'
import { findUsers } from './user-search.ts'
import { userSessionRoutes } from './user-sessions.ts'

/** Users: `/users` and `/users/{id}`; what lies below has files of its own. */
export function userRoutes(api: AdminApi): void {
  const list = api.resource('/users')
  list.get('', needs.queryUsers, ({ realm, query, access }) => {
    const found = query.page(findUsers(realm, query), 100)
    // Who may only query sees no user of whom nothing was opened to them.
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
    realm.deleteUser(found.id)
    return undefined
  })
  one.get('/unmanagedAttributes', needs.viewUsers, ({ realm, found }) =>
    ok(unmanagedAttributes(realm, found)),
  )
  one.get('/federated-identity', needs.viewUsers, () => ok([]))
  one.get('/consents', needs.viewUsers, () => ok([]))
  one.get('/configured-user-storage-credential-types', needs.viewUsers, () => ok([]))
  userSessionRoutes(one)
  userGroupRoutes(one)
  userCredentialRoutes(api, one)
  userEmailRoutes(one)
  mappingRoutes(api, '/users/:userId/role-mappings', (call) => userHolder(call.realm, findUser(call)), {
    view: needs.viewUsers,
    manage: needs.manageUsers,
    guarded: true,
  })
}
