import type { ObjectTarget } from './references.ts'

/** Whether Keycloak makes this with every realm: what a definition of a realm that is not there yet may refer to. */
export function isBuiltIn(realm: string, target: ObjectTarget): boolean {
  switch (target.kind) {
    case 'realm role':
      return [...realmRoles, defaultRoleOf(realm)].includes(target.name)
    case 'client':
      return clients.has(target.name)
    case 'client role':
      return clients.get(target.clientId)?.includes(target.name) ?? false
    case 'client scope':
      return clientScopes.includes(target.name)
    case 'authentication flow':
      return flows.includes(target.name)
    case 'required action':
      return requiredActions.includes(target.name)
    case 'group':
      return false
  }
}

/** The composite role that every user of the realm has. */
export function defaultRoleOf(realm: string): string {
  return `default-roles-${realm.toLowerCase()}`
}

// As Keycloak 26.7 makes them.

const realmRoles = ['offline_access', 'uma_authorization']

const clients: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'account',
    [
      'delete-account',
      'manage-account',
      'manage-account-links',
      'manage-consent',
      'view-applications',
      'view-consent',
      'view-groups',
      'view-profile',
    ],
  ],
  ['account-console', []],
  ['admin-cli', []],
  ['broker', ['read-token']],
  [
    'realm-management',
    [
      'create-client',
      'impersonation',
      'manage-authorization',
      'manage-clients',
      'manage-events',
      'manage-identity-providers',
      'manage-organizations',
      'manage-realm',
      'manage-users',
      'query-clients',
      'query-groups',
      'query-organizations',
      'query-realms',
      'query-users',
      'realm-admin',
      'view-authorization',
      'view-clients',
      'view-events',
      'view-identity-providers',
      'view-organizations',
      'view-realm',
      'view-users',
    ],
  ],
  ['security-admin-console', []],
])

const clientScopes = [
  'AuthnContextClassRef',
  'acr',
  'address',
  'basic',
  'email',
  'microprofile-jwt',
  'offline_access',
  'organization',
  'phone',
  'profile',
  'role_list',
  'roles',
  'saml_organization',
  'service_account',
  'web-origins',
]

const flows = [
  'browser',
  'clients',
  'direct grant',
  'docker auth',
  'first broker login',
  'registration',
  'reset credentials',
]

const requiredActions = [
  'CONFIGURE_RECOVERY_AUTHN_CODES',
  'CONFIGURE_TOTP',
  'TERMS_AND_CONDITIONS',
  'UPDATE_EMAIL',
  'UPDATE_PASSWORD',
  'UPDATE_PROFILE',
  'VERIFY_EMAIL',
  'VERIFY_PROFILE',
  'delete_account',
  'delete_credential',
  'idp_link',
  'update_user_locale',
  'webauthn-register',
  'webauthn-register-passwordless',
]
