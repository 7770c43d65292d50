import { createRealm } from '../../defaults/index.ts'
import type { RealmStore, Store } from '../../store/index.ts'
import { type Path, readBody } from '../body/index.ts'
import { addClient, addClientScope, updateClient } from '../clients/index.ts'
import { AdminError, badRequest, conflict, missing, refused, unforeseen } from '../errors.ts'
import { addGroup, groupByPath } from '../groups/index.ts'
import { changedSettings, withoutEmpty } from '../realms/index.ts'
import { type RealmBody, type RealmContents, realmShape, type UserBody } from '../representations/index.ts'
import { addNamedComposites, addRole } from '../roles/index.ts'
import { addImportedUser } from '../users/index.ts'
import { importParts, importScopeMappings } from './import-parts.ts'

/**
 * Reads a representation that does not come from a request: errors have a JSON path, `clients[1].name`.
 *
 * @throws {AdminError} as Keycloak does for `POST /admin/realms`
 */
export function readRealm(representation: unknown): RealmBody {
  return readBody(realmShape, JSON.stringify(representation), memberIn)
}

function memberIn(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .slice(1)
}

/**
 * Creates a realm from Keycloak's representation or a full export. Runs within `store.atomically`: a rejected realm leaves
 * nothing behind.
 *
 * @throws {AdminError} as Keycloak does for `POST /admin/realms`
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
    importParts(realm, body)
    realm.update(withoutEmpty({ ...realm.info, ...changedSettings(realm, body) }))
    await importContents(realm, body)
  } catch (error) {
    if (error instanceof AdminError && error.status === 409) throw conflict('Duplicate resource error')
    // Keycloak returns 500 for a reference to an unknown object; here that is an error in the representation.
    if (error instanceof AdminError && error.status === 500) throw new AdminError(400, error.body)
    throw error
  }
  return realm
}

/** Fills a realm in dependency order: roles, client scopes, clients, groups, users. */
async function importContents(realm: RealmStore, body: RealmBody): Promise<void> {
  for (const scope of body.clientScopes ?? []) {
    const existing = realm.scopeByName.get(scope.name ?? '')
    // Clients and realm defaults refer to scopes: a replaced scope keeps its references.
    if (existing !== undefined) realm.clientScopes.delete(existing.id)
    addClientScope(realm, scope)
  }
  const { defaultDefaultClientScopes, defaultOptionalClientScopes } = { ...realm.info, ...body }
  realm.update({ ...realm.info, defaultDefaultClientScopes, defaultOptionalClientScopes })
  for (const client of body.clients ?? []) importClient(realm, client)
  importRoles(realm, body)
  importScopeMappings(realm, body)
  for (const group of body.groups ?? []) addGroup(realm, group, undefined, true)
  const groups = (body.defaultGroups ?? []).map((path) => groupByPath(realm, path)?.id)
  if (groups.includes(undefined)) throw missing()
  if (groups.length > 0) realm.update({ ...realm.info, defaultGroups: groups as string[] })
  for (const user of body.users ?? []) await importUser(realm, user)
}

/** An export includes the built-in clients: they are updated, so references to them stay. */
function importClient(realm: RealmStore, body: NonNullable<RealmContents['clients']>[number]): void {
  const existing = realm.clientByName.get(body.clientId ?? '')
  if (existing?.name?.startsWith('${client_') === true) {
    updateClient(realm, existing, body)
    return
  }
  const added = addClient(realm, body)
  const attributes = { 'post.logout.redirect.uris': '+', ...added.attributes }
  realm.clients.put({ ...added, attributes })
}

function importRoles(realm: RealmStore, body: RealmContents): void {
  const added = (body.roles?.realm ?? []).map(
    (role) => [realm.role(role.name ?? '') ?? addRole(realm, role, undefined, role.id), role] as const,
  )
  for (const [clientId, roles] of Object.entries(body.roles?.client ?? {})) {
    const client = realm.clientByName.get(clientId)
    if (client === undefined) throw missing()
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

/** Adds a user with exactly the roles in the body: an import adds no default roles, and creates missing roles. */
export async function importUser(realm: RealmStore, body: UserBody): Promise<string> {
  const roles = (body.realmRoles ?? []).map((name) => realm.role(name) ?? addRole(realm, { name }))
  for (const [clientId, names] of Object.entries(body.clientRoles ?? {})) {
    const client = realm.clientByName.get(clientId)
    if (client === undefined) throw unforeseen()
    roles.push(...names.map((name) => realm.role(name, client.id) ?? addRole(realm, { name }, client.id)))
  }
  const ids = [...new Set(roles.map((role) => role.id))]
  const client =
    body.serviceAccountClientId === undefined
      ? undefined
      : realm.clientByName.get(body.serviceAccountClientId)
  const account = client === undefined ? undefined : realm.serviceAccount(client.id)
  if (account === undefined) return (await addImportedUser(realm, body, ids)).id
  // The service account was created with the client: only its roles are new.
  realm.users.put({ ...account, roles: [...new Set([...account.roles, ...ids])] })
  return account.id
}
