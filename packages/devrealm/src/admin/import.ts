import { createRealm, removeRealm } from '../defaults.ts'
import type { RealmStore } from '../store/realm-store.ts'
import type { Store } from '../store.ts'
import { addClient } from './client-changes.ts'
import { addClientScope } from './client-scopes.ts'
import { AdminError, badRequest, conflict, refused, unforeseen } from './errors.ts'
import type { UserBody } from './fields.ts'
import { groupByPath } from './group-paths.ts'
import { addGroup } from './groups.ts'
import type { RealmBody, RealmContents } from './realm-fields.ts'
import { changedSettings, withoutEmpty } from './realm-settings.ts'
import { addNamedComposites, addRole } from './roles.ts'
import { addUser, withCredentials } from './user-changes.ts'

/**
 * Makes a realm from Keycloak's representation of it, whole exports included: all of it or nothing.
 *
 * @throws {AdminError} as Keycloak answers to `POST /admin/realms`
 */
export async function importRealm(store: Store, body: RealmBody): Promise<RealmStore> {
  const name = body.realm ?? ''
  if (name === '') throw refused('Realm name cannot be empty')
  const [illegal] = /[\s/\\?#%&;:|"<>^`{}[\]]/.exec(name) ?? []
  if (illegal !== undefined) throw badRequest(`Character '${illegal}' not allowed.`)
  const isTaken = body.id !== undefined && store.realmById(body.id) !== undefined
  if (store.realm(name) !== undefined || isTaken) throw conflict(`Realm ${name} already exists`)
  const realm = createRealm(store, {
    ...(body.id === undefined ? {} : { id: body.id }),
    realm: name,
    enabled: body.enabled ?? false,
  })
  try {
    realm.update(withoutEmpty({ ...realm.info, ...changedSettings(realm, body) }))
    await importContents(realm, body)
  } catch (error) {
    removeRealm(store, realm)
    if (error instanceof AdminError && error.status === 409) throw conflict('Duplicate resource error')
    throw error
  }
  return realm
}

/** Fills a realm: roles, client scopes, clients, groups, users, in the order in which they refer to each other. */
async function importContents(realm: RealmStore, body: RealmContents): Promise<void> {
  for (const scope of body.clientScopes ?? []) {
    const existing = realm.scopeByName.get(scope.name ?? '')
    if (existing !== undefined) realm.deleteClientScope(existing.id)
    addClientScope(realm, scope)
  }
  for (const client of body.clients ?? []) importClient(realm, client)
  importRoles(realm, body)
  for (const group of body.groups ?? []) addGroup(realm, group, undefined, true)
  const groups = (body.defaultGroups ?? []).map((path) => groupByPath(realm, path)?.id)
  if (groups.includes(undefined)) throw unforeseen()
  if (groups.length > 0) realm.update({ ...realm.info, defaultGroups: groups as string[] })
  for (const user of body.users ?? []) await importUser(realm, user)
}

/** The clients that every realm has are in an export too: the export's settings win, what refers to them stays. */
function importClient(realm: RealmStore, body: NonNullable<RealmContents['clients']>[number]): void {
  const existing = realm.clientByName.get(body.clientId ?? '')
  const isBuiltIn = existing?.name?.startsWith('${client_') === true
  if (existing === undefined || !isBuiltIn) {
    const added = addClient(realm, body)
    const attributes = { 'post.logout.redirect.uris': '+', ...added.attributes }
    realm.clients.put({ ...added, attributes })
  }
}

function importRoles(realm: RealmStore, body: RealmContents): void {
  const added = (body.roles?.realm ?? []).map(
    (role) => [realm.role(role.name ?? '') ?? addRole(realm, role, undefined, role.id), role] as const,
  )
  for (const [clientId, roles] of Object.entries(body.roles?.client ?? {})) {
    const client = realm.clientByName.get(clientId)
    if (client === undefined) throw unforeseen()
    for (const role of roles) {
      added.push([realm.role(role.name ?? '', client.id) ?? addRole(realm, role, client.id, role.id), role])
    }
  }
  for (const [role, given] of added) addNamedComposites(realm, realm.roles.get(role.id) ?? role, given)
  const defaults = (body.defaultRoles ?? []).map((name) => realm.role(name) ?? addRole(realm, { name }))
  const role = realm.roles.get(realm.info.defaultRoleId)
  if (role === undefined || defaults.length === 0) return
  const ids = [...role.composites, ...defaults.map((each) => each.id)]
  realm.roles.put({ ...role, composites: [...new Set(ids)] })
}

/** Adds a user with the roles that its body names, and no others: an import gives no default roles. */
export async function importUser(realm: RealmStore, body: UserBody): Promise<string> {
  const { credentials = [], ...rest } = body
  const service =
    body.serviceAccountClientId === undefined
      ? undefined
      : realm.serviceAccount(realm.clientByName.get(body.serviceAccountClientId)?.id ?? '')
  const user = service ?? (await addUser(realm, rest))
  const roles = [...(body.realmRoles ?? []).map((name) => realm.role(name))]
  for (const [clientId, names] of Object.entries(body.clientRoles ?? {})) {
    const client = realm.clientByName.get(clientId)
    if (client !== undefined) roles.push(...names.map((name) => realm.role(name, client.id)))
  }
  const ids = roles.filter((role) => role !== undefined).map((role) => role.id)
  const given = service === undefined ? ids : [...service.roles, ...ids]
  const id = body.id !== undefined && service === undefined ? body.id : user.id
  if (id !== user.id) realm.users.delete(user.id)
  realm.users.put(await withCredentials(realm, { ...user, id, roles: [...new Set(given)] }, credentials))
  return id
}
