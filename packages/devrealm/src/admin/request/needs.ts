import type { Access } from './access.ts'

/** The roles that an operation requires. */
export type Need = (access: Access) => boolean

const any =
  (...names: string[]): Need =>
  (access) =>
    access.has(...names)

const viewUsers = any('view-users', 'manage-users')
const viewRealm = any('view-realm', 'manage-realm')
const viewClients = any('view-clients', 'manage-clients')

type NeedName =
  | 'queryUsers'
  | 'viewUsers'
  | 'manageUsers'
  | 'queryGroups'
  | 'viewRealm'
  | 'manageRealm'
  | 'queryClients'
  | 'viewClients'
  | 'manageClients'
  | 'evaluateScopes'
  | 'viewFlows'
  | 'viewRequiredActions'
  | 'viewUserProfile'
  | 'viewEvents'
  | 'manageEvents'
  | 'viewIdentityProviders'
  | 'nothing'

/** The roles that Keycloak 26 requires, recorded role by role; some are surprising. */
export const needs: Readonly<Record<NeedName, Need>> = {
  queryUsers: any('view-users', 'manage-users', 'query-users'),
  viewUsers,
  manageUsers: any('manage-users'),
  queryGroups: any('view-users', 'manage-users', 'query-groups'),
  viewRealm,
  manageRealm: any('manage-realm'),
  queryClients: any('view-clients', 'manage-clients', 'query-clients'),
  viewClients,
  manageClients: any('manage-clients'),
  evaluateScopes: (access: Access) => viewClients(access) && viewUsers(access),
  viewFlows: any('view-realm', 'manage-realm', 'view-clients', 'query-clients'),
  viewRequiredActions: any('view-realm', 'manage-realm', 'view-users', 'query-users'),
  viewUserProfile: any('view-realm', 'manage-realm', 'view-users', 'manage-users', 'query-users'),
  viewEvents: any('view-events', 'manage-events'),
  manageEvents: any('manage-events'),
  viewIdentityProviders: any('view-identity-providers', 'manage-identity-providers'),
  nothing: () => true,
}

const visitors = [
  'view-realm',
  'manage-realm',
  'view-users',
  'manage-users',
  'query-users',
  'query-groups',
  'query-realms',
  'view-clients',
  'manage-clients',
  'query-clients',
  'create-client',
  'view-events',
  'manage-events',
  'view-identity-providers',
  'manage-identity-providers',
  'view-authorization',
  'manage-authorization',
  'view-organizations',
  'manage-organizations',
  'query-organizations',
]

/** May at least know that the realm exists. */
export const isVisitor: Need = any(...visitors)
