import type { FastifyInstance } from 'fastify'
import { baseUrl, type RealmContext, seconds } from '../../context/realm-context.ts'
import type { Credential, User } from '../../model/index.ts'
import { resolveRedirectUri } from '../../oidc/clients/redirect-uri.ts'
import type { RealmStore } from '../../store/realm-store.ts'
import {
  checkProfileConfig,
  profileMetadata,
  profileOf,
  unmanagedAttributes,
} from '../../user-profile/index.ts'
import { credentialShape, textListShape, userShape } from '../representations/fields.ts'
import { accessOfUser, groupOf, sessionOf, userOf } from '../representations/representations.ts'
import { userProfileShape } from '../representations/settings-fields.ts'
import { needs } from '../request/access.ts'
import { isStorable } from '../request/body.ts'
import { AdminError, badRequest, forbidden, notFound, refused } from '../request/errors.ts'
import { type Call, created, Family, none, nothing, ok } from '../request/router.ts'
import { mappingRoutes, userHolder } from '../roles/role-mappings.ts'
import { addUser, changeUser, updateUser } from './user-changes.ts'
import { passwordChange } from './user-credentials.ts'
import { findUsers } from './user-search.ts'

/** Users: `/users` and below. */
export function userRoutes(app: FastifyInstance, context: RealmContext): void {
  const list = new Family(app, context, '/users', none)
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
  profileRoutes(app, context)

  const one = new Family(app, context, '/users/:userId', findUser)
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
  sessionRoutes(one)
  groupRoutes(one)
  credentialRoutes(app, context, one)
  mappingRoutes(
    app,
    context,
    '/users/:userId/role-mappings',
    (call) => userHolder(call.realm, findUser(call)),
    {
      view: needs.viewUsers,
      manage: needs.manageUsers,
      guarded: true,
    },
  )
}

function profileRoutes(app: FastifyInstance, context: RealmContext): void {
  const profile = new Family(app, context, '/users/profile', none)
  profile.get('', needs.viewUserProfile, ({ realm }) => ok(profileOf(realm)))
  profile.put('', needs.manageRealm, userProfileShape, ({ realm, body }) => {
    checkProfileConfig(
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

function sessionRoutes(one: Family<Readonly<User>>): void {
  one.get('/sessions', needs.viewUsers, ({ realm, found }) =>
    ok(realm.sessionsOfUser.all(found.id).map((session) => sessionOf(realm, session))),
  )
  one.get('/offline-sessions/:clientId', needs.viewUsers, ({ realm, found, params }) => {
    const id = params['clientId'] ?? ''
    if (realm.clients.get(id) === undefined) throw notFound('Client not found')
    const sessions = realm.offlineSessionsOfUser
      .all(found.id)
      .filter((session) => Object.hasOwn(session.clients, id))
    return ok(sessions.map((session) => sessionOf(realm, session)))
  })
  one.post('/logout', needs.manageUsers, nothing, ({ context, realm, found }) => {
    realm.users.put({ ...found, notBefore: seconds(context) })
    for (const session of realm.sessionsOfUser.all(found.id)) realm.sessions.delete(session.id)
    return undefined
  })
}

function groupRoutes(one: Family<Readonly<User>>): void {
  one.get('/groups', needs.viewUsers, ({ realm, found, query }) => {
    const search = query.text('search')?.toLowerCase() ?? ''
    const groups = found.groups
      .map((id) => realm.groups.get(id))
      .filter((group) => group?.name.toLowerCase().includes(search))
    const brief = query.flag('briefRepresentation') ?? true
    return ok(query.page(groups).map((group) => group && groupOf(realm, group, { brief })))
  })
  one.get('/groups/count', needs.viewUsers, ({ found }) => ok({ count: found.groups.length }))
  one.put('/groups/:groupId', needs.manageUsers, nothing, (call) => {
    const { realm, found } = call
    const group = findGroup(call)
    realm.users.put({ ...found, groups: [...new Set([...found.groups, group])] })
    return undefined
  })
  one.delete('/groups/:groupId', needs.manageUsers, nothing, (call) => {
    const { realm, found } = call
    const group = findGroup(call)
    realm.users.put({ ...found, groups: found.groups.filter((id) => id !== group) })
    return undefined
  })
}

function credentialRoutes(app: FastifyInstance, context: RealmContext, one: Family<Readonly<User>>): void {
  one.get('/credentials', needs.viewUsers, ({ found }) => ok(found.credentials.map(credentialOf)))
  one.put('/reset-password', needs.manageUsers, credentialShape, async ({ realm, found, body }) => {
    if (body.value === undefined) throw badRequest('No password provided')
    if (body.value.trim() === '') throw badRequest('Empty password not allowed')
    if (found.serviceAccountClientId !== undefined) {
      const error = 'You can not manage credentials for this user'
      throw badRequest(error, error)
    }
    const change = await passwordChange(realm, found, body.value, body.temporary ?? false)
    changeUser(realm, found.id, change)
    return undefined
  })
  one.put('/disable-credential-types', needs.manageUsers, textListShape, () => undefined)
  one.put('/execute-actions-email', needs.manageUsers, textListShape, (call) => {
    const { realm, found, body } = call
    requireReachable(found)
    requireLinkBack(call)
    const known = realm.info.requiredActions.filter((action) => action.enabled).map((action) => action.alias)
    if (!body.every((alias) => known.includes(alias))) throw refused('Provided invalid required actions')
    throw noMail(`execute actions email${senderProblem(realm)}`)
  })
  for (const [path, what] of [
    ['/send-verify-email', 'verify email'],
    ['/reset-password-email', 'execute actions email'],
  ] as const) {
    one.put(path, needs.manageUsers, nothing, ({ found }) => {
      requireReachable(found)
      throw noMail(what)
    })
  }

  const single = new Family(app, context, '/users/:userId/credentials/:credentialId', (call) => {
    const user = findUser(call)
    const credential = user.credentials.find((each) => each.id === call.params['credentialId'])
    if (credential === undefined) throw notFound('Credential not found')
    return { user, credential }
  })
  const change = (
    call: Call<{ user: User; credential: Credential }>,
    to: readonly Credential[],
  ): undefined => {
    const { user, credential } = call.found
    const credentials = user.credentials.flatMap((each) => (each === credential ? to : [each]))
    call.realm.users.put({ ...user, credentials })
    return undefined
  }
  single.delete('', needs.manageUsers, nothing, (call) => change(call, []))
  single.put('/userLabel', needs.manageUsers, nothing, (call) => {
    const label = typeof call.request.body === 'string' ? call.request.body : ''
    if (!isStorable(label)) throw badRequest('unknown_error', 'Cannot parse the JSON')
    return change(call, [{ ...call.found.credential, userLabel: label }])
  })
}

/** Looks a user up by id; who may not even query users learns nothing about it. */
export function findUser({ realm, params, access }: Call): Readonly<User> {
  const user = realm.users.get(params['userId'] ?? '')
  if (user !== undefined) return user
  throw needs.queryUsers(access) ? notFound('User not found') : forbidden()
}

function findGroup({ realm, params }: Call<unknown, unknown>): string {
  const id = params['groupId'] ?? ''
  if (realm.groups.get(id) === undefined) throw notFound('Group not found')
  return id
}

function credentialOf(credential: Credential): Record<string, unknown> {
  const { secretData: _kept, id, type, userLabel, ...rest } = credential
  return { id, type, ...(userLabel === undefined ? {} : { userLabel }), ...rest }
}

function requireReachable(user: Readonly<User>): void {
  if (user.email === undefined) throw refused('User email missing')
  if (!user.enabled) throw refused('User is disabled')
}

/** Where a link in an e-mail leads back to: a client, and one of its addresses. */
function requireLinkBack({ context, request, realm, query }: Call<unknown, unknown>): void {
  const [clientId, redirectUri] = [query.text('client_id'), query.text('redirect_uri')]
  if (clientId === undefined) {
    if (redirectUri !== undefined) throw refused('Client id missing')
    return
  }
  const client = realm.clientByName.get(clientId)
  if (client === undefined) throw refused("Client doesn't exist")
  if (!client.enabled) throw refused('Client is not enabled')
  const base = baseUrl(context, request)
  if (redirectUri !== undefined && resolveRedirectUri(client, redirectUri, base, true) === undefined)
    throw refused('Invalid redirect uri.')
}

function senderProblem(realm: RealmStore): string {
  const { from } = (realm.info['smtpServer'] ?? {}) as { from?: string }
  if (from !== undefined) return ''
  return `: Invalid sender address 'null'. If the address contains UTF-8 characters in the local part please ensure the SMTP server supports the SMTPUTF8 extension and enable 'Allow UTF-8' in the email realm configuration.`
}

/** This realm sends no mail: Keycloak's answer where none can be sent. */
function noMail(what: string): AdminError {
  return new AdminError(500, { errorMessage: `Failed to send ${what}` })
}
