import { randomUUID } from 'node:crypto'
import { addDefaultProviders } from '../crypto/index.ts'
import type { Client, Realm, Role } from '../model/index.ts'
import { deleteClient, type RealmStore, type Store } from '../store/index.ts'
import { defaultClientScopes, defaultDefault, defaultOptional } from './client-scopes.ts'
import { builtInClients, managementClient } from './clients.ts'
import { realmSettings } from './realm-settings.ts'
import { requiredActions } from './required-actions.ts'
import { userProfile } from './user-profile.ts'

export { newClient } from './clients.ts'

/** The realm whose administrators administer all others. */
export const masterName = 'master'

/**
 * Adds a realm with everything that Keycloak puts into a new one (roles, clients, client scopes, required actions) and, in
 * master, the client `{realm}-realm` whose roles administer it. RSA keys are generated on first use.
 */
export function createRealm(store: Store, settings: Partial<Realm> & { realm: string }): RealmStore {
  const name = settings.realm
  const defaultRoleId = randomUUID()
  const realm = store.addRealm({
    id: randomUUID(),
    ...structuredClone(realmSettings),
    defaultRoleId,
    defaultGroups: [],
    defaultDefaultClientScopes: [...defaultDefault],
    defaultOptionalClientScopes: [...defaultOptional],
    requiredActions: requiredActions(),
    userProfile: structuredClone(userProfile),
    ...(name === masterName ? masterSettings : {}),
    ...settings,
  })
  addDefaultProviders(realm)
  for (const scope of defaultClientScopes()) realm.clientScopes.put(scope)
  for (const client of builtInClients(name)) realm.clients.put(client)
  addRoles(realm, defaultRoleId)
  addManagement(store, realm)
  return realm
}

/** Removes a realm and master's client for it. */
export function removeRealm(store: Store, realm: RealmStore): void {
  const master = store.realm(masterName)
  const client = master?.clientByName.get(`${realm.info.realm}-realm`)
  if (master !== undefined && client !== undefined) deleteClient(master, client.id)
  store.deleteRealm(realm)
}

/** In master no attribute is required: administrators need no e-mail address. */
const masterSettings = {
  displayName: 'Keycloak',
  displayNameHtml: '<div class="kc-logo-text"><span>Keycloak</span></div>',
  accessTokenLifespan: 60,
  userProfile: {
    ...userProfile,
    attributes: userProfile.attributes.map(({ required: _none, ...attribute }) => attribute),
  },
}

const accountRoles: Record<string, string[]> = {
  'view-profile': [],
  'manage-account-links': [],
  'manage-account': ['manage-account-links'],
  'view-applications': [],
  'view-consent': [],
  'manage-consent': ['view-consent'],
  'delete-account': [],
  'view-groups': [],
}

const managementRoles: Record<string, string[]> = {
  'query-realms': [],
  'query-clients': [],
  'query-users': [],
  'query-groups': [],
  'query-organizations': [],
  'create-client': [],
  'view-realm': [],
  'view-users': ['query-users', 'query-groups'],
  'view-clients': ['query-clients'],
  'view-events': [],
  'view-identity-providers': [],
  'view-authorization': [],
  'view-organizations': ['query-organizations'],
  'manage-realm': [],
  'manage-users': [],
  'manage-clients': [],
  'manage-events': [],
  'manage-identity-providers': [],
  'manage-authorization': [],
  'manage-organizations': [],
  impersonation: [],
}

function addRoles(realm: RealmStore, defaultRoleId: string): void {
  const account = realm.clientByName.get('account') as Client
  const accountRole = addClientRoles(realm, account, accountRoles)
  addClientRoles(realm, realm.clientByName.get('broker') as Client, { 'read-token': [] })
  const offline = addRole(realm, { name: 'offline_access', description: `\${role_offline-access}` })
  const uma = addRole(realm, { name: 'uma_authorization', description: `\${role_uma_authorization}` })
  addRole(realm, {
    id: defaultRoleId,
    name: `default-roles-${realm.info.realm.toLowerCase()}`,
    description: `\${role_default-roles}`,
    composites: [offline, uma, accountRole('view-profile'), accountRole('manage-account')],
  })
  const console = realm.clientByName.get('account-console') as Client
  realm.clients.put({
    ...console,
    scopeMappings: [accountRole('view-groups'), accountRole('manage-account')],
  })
}

function addManagement(store: Store, realm: RealmStore): void {
  const name = realm.info.realm
  const isMaster = name === masterName
  if (isMaster) {
    const createRealmRole = addRole(realm, { name: 'create-realm', description: `\${role_create-realm}` })
    addRole(realm, { name: 'admin', description: `\${role_admin}`, composites: [createRealmRole] })
  } else {
    const client = realm.clients.put(
      managementClient('realm-management', { name: `\${client_realm-management}` }),
    )
    const role = addClientRoles(realm, client, managementRoles)
    addRole(realm, {
      name: 'realm-admin',
      description: `\${role_realm-admin}`,
      clientId: client.id,
      composites: Object.keys(managementRoles).map(role),
    })
  }
  const master = store.realm(masterName)
  const admin = master?.role('admin')
  if (master === undefined || admin === undefined) return
  const given: Partial<Client> = { name: `${name} Realm` }
  if (!isMaster) Object.assign(given, { defaultClientScopes: [], optionalClientScopes: [] })
  const { protocol: _none, ...client } = managementClient(`${name}-realm`, given)
  const role = addClientRoles(master, master.clients.put(client), managementRoles)
  const roles = Object.keys(managementRoles).map(role)
  master.roles.put({ ...admin, composites: [...admin.composites, ...roles] })
}

/** Adds a client's roles (name → names of its composites) and returns a lookup of their ids. */
function addClientRoles(
  realm: RealmStore,
  client: Client,
  roles: Record<string, string[]>,
): (name: string) => string {
  const ids = new Map<string, string>()
  const id = (name: string): string => ids.get(name) as string
  for (const [name, composites] of Object.entries(roles)) {
    const description = `\${role_${name}}`
    ids.set(name, addRole(realm, { name, description, clientId: client.id, composites: composites.map(id) }))
  }
  return id
}

function addRole(realm: RealmStore, role: Partial<Role> & { name: string }): string {
  return realm.roles.put({ id: randomUUID(), composites: [], attributes: {}, ...role }).id
}
