import { CloakwrightError } from 'cloakwright'
import { covers } from './edit.ts'

/** Fields that a PUT silently ignores, with the functions that change them; `''`: only Keycloak sets them. */
export type FixedFields = Readonly<Record<string, string>>

/**
 * Refuses an edit of a field that the object's PUT ignores, before anything is written. What the object shows may be given
 * as it is, as in an edited copy; what it does not show can't be compared, so that even an empty list is refused.
 *
 * @param shown The object as it is, and as it was when the edit was made.
 * @throws {CW_ADMIN_REFUSED} by the names of the fields, and what changes them
 */
export function requireChangeable(
  kind: string,
  fixed: FixedFields,
  shown: readonly object[],
  edit: object,
): void {
  const isShown = (field: string, value: unknown): boolean =>
    shown.some((object) => Object.hasOwn(object, field) && covers(Reflect.get(object, field), value))
  const names = Object.entries(edit)
    .filter(([field, value]) => value !== undefined && Object.hasOwn(fixed, field) && !isShown(field, value))
    .map(([field]) => field)
  if (names.length === 0) return
  throw new CloakwrightError(
    'CW_ADMIN_REFUSED',
    `An update cannot change ${names.join(', ')} of a ${kind}; nothing was written`,
    { hint: names.map((field) => `${field}: ${instead(fixed[field])}.`).join(' ') },
  )
}

function instead(changedBy: string | undefined): string {
  return changedBy ? `use ${changedBy}` : 'only Keycloak sets it'
}

/** Not the user profile's own: those depend on the realm, and are read back. */
export const fixedOfUser = {
  access: '',
  applicationRoles: 'grantRoles, revokeRoles',
  clientConsents: 'admin.client.users.revokeConsent',
  clientRoles: 'grantRoles, revokeRoles',
  createdTimestamp: '',
  disableableCredentialTypes: '',
  federatedIdentities: 'admin.client.users.addToFederatedIdentity, delFromFederatedIdentity',
  // Keycloak takes it, and then no longer finds the user.
  federationLink: '',
  groups: 'addToGroups, removeFromGroups, setGroups',
  id: '',
  issuedVerifiableCredentials: '',
  notBefore: 'endSessions',
  origin: '',
  realmRoles: 'grantRoles, revokeRoles',
  self: '',
  serviceAccountClientId: '',
  socialLinks: 'admin.client.users.addToFederatedIdentity, delFromFederatedIdentity',
  totp: 'requireMfa, admin.client.users.deleteCredential',
  userProfileMetadata: 'admin.client.users.updateProfile',
  verifiableCredentials: '',
} as const

export const fixedOfGroup = {
  access: '',
  clientRoles: 'ensureGroup with roles, admin.client.groups.delClientRoleMappings',
  id: '',
  parentId: 'moveGroup',
  path: 'moveGroup, or updateGroup with name',
  realmRoles: 'ensureGroup with roles, admin.client.groups.delRealmRoleMappings',
  subGroupCount: '',
  subGroups: 'ensureGroup, moveGroup, deleteGroup',
} as const

export const fixedOfRole = {
  clientRole: '',
  composite: 'ensureRole with composites',
  composites: 'ensureRole with composites, admin.client.roles.delCompositeRoles',
  containerId: '',
  id: '',
  scopeParamRequired: '',
} as const

export const fixedOfClient = {
  access: '',
  authorizationSettings: 'admin.client.clients.importResource',
  clientTemplate: '',
  defaultClientScopes: 'admin.client.clients.addDefaultClientScope, delDefaultClientScope',
  defaultRoles: 'ensureRole with composites',
  directGrantsOnly: 'updateClient with directAccessGrantsEnabled and standardFlowEnabled',
  id: '',
  optionalClientScopes: 'admin.client.clients.addOptionalClientScope, delOptionalClientScope',
  origin: '',
  registrationAccessToken: 'admin.client.clients.generateRegistrationAccessToken',
  useTemplateConfig: '',
} as const

export const fixedOfRealm = {
  adminPermissionsClient: 'updateRealm with adminPermissionsEnabled',
  applications: 'ensureRealm',
  applicationScopeMappings: '',
  authenticationFlows: 'ensureRealm',
  authenticatorConfig: 'ensureRealm',
  certificate: 'admin.client.components',
  clientScopeMappings: 'admin.client.clients.addClientScopeMappings',
  clientScopes: 'ensureRealm',
  clientTemplates: 'ensureRealm',
  clients: 'ensureRealm',
  codeSecret: '',
  components: 'admin.client.components',
  defaultDefaultClientScopes: 'admin.client.clientScopes.addDefaultClientScope, delDefaultClientScope',
  defaultOptionalClientScopes:
    'admin.client.clientScopes.addDefaultOptionalClientScope, delDefaultOptionalClientScope',
  defaultRole: 'ensureRole with composites',
  defaultRoles: 'ensureRole with composites',
  federatedUsers: 'ensureUser, importUsers',
  groups: 'ensureGroup, ensureRealm',
  id: '',
  identityProviderMappers: 'admin.client.identityProviders.createMapper',
  identityProviders: 'admin.client.identityProviders.create',
  keycloakVersion: '',
  localizationTexts: 'admin.client.realms.addLocalization',
  oauthClients: 'ensureRealm',
  organizations: 'admin.client.organizations.create',
  otpSupportedApplications: '',
  passwordCredentialGrantAllowed: 'updateClient with directAccessGrantsEnabled',
  privateKey: 'admin.client.components',
  protocolMappers: 'updateClient with protocolMappers, ensureRealm',
  publicKey: 'admin.client.components',
  requiredActions: 'ensureRealm',
  requiredCredentials: '',
  roles: 'ensureRole, ensureRealm',
  scopeMappings: 'admin.client.clients.addRealmScopeMappings',
  social: '',
  socialProviders: 'admin.client.identityProviders.create',
  updateProfileOnInitialSocialLogin: '',
  userFederationMappers: 'admin.client.components',
  userFederationProviders: 'admin.client.components',
  users: 'ensureUser, importUsers',
} as const
