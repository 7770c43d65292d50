/** Why a setting is refused: what it would turn on. */
type Values = Readonly<Record<string, { readonly when: (value: unknown) => boolean; readonly what: string }>>

const isOn = (value: unknown): boolean => value === true || value === 'true'
const isOff = (value: unknown): boolean => value === false || value === 'false'
const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== ''
const isPositive = (value: unknown): boolean => Number(value) > 0
const hasItems = (value: unknown): boolean => Array.isArray(value) && value.length > 0
const otherThan =
  (usual: string) =>
  (value: unknown): boolean =>
    isGiven(value) && value !== usual

/** Settings of a realm that change security or the content of tokens, and have no effect in the embedded realm. */
export const realmSettingsLeftOut: Values = {
  organizationsEnabled: { when: isOn, what: 'organizations' },
  organizations: { when: hasItems, what: 'organizations' },
  adminPermissionsEnabled: { when: isOn, what: 'fine-grained permissions of administrators' },
  verifiableCredentialsEnabled: { when: isOn, what: 'verifiable credentials' },
  scimApiEnabled: { when: isOn, what: 'the SCIM API' },
  identityProviders: { when: hasItems, what: 'identity providers' },
  userFederationProviders: { when: hasItems, what: 'user federation' },
  clientOfflineSessionIdleTimeout: { when: isPositive, what: 'limits of offline sessions of clients' },
  clientOfflineSessionMaxLifespan: { when: isPositive, what: 'limits of offline sessions of clients' },
  bruteForceStrategy: { when: otherThan('MULTIPLE'), what: 'another strategy against brute force' },
  maxSecondaryAuthFailures: { when: isPositive, what: 'a limit on failed second factors' },
  directGrantFlow: { when: otherThan('direct grant'), what: 'a direct grant flow of its own' },
  clientAuthenticationFlow: { when: otherThan('clients'), what: 'a client authentication flow of its own' },
}

/** The same for members of a client. */
export const clientSettingsLeftOut: Values = {
  authorizationServicesEnabled: { when: isOn, what: 'authorization services' },
  clientAuthenticatorType: {
    when: (value) => isGiven(value) && value !== 'client-secret' && value !== 'client-jwt',
    what: 'this client authentication',
  },
}

/** The same for attributes of a client. */
export const clientAttributesLeftOut: Values = {
  'tls.client.certificate.bound.access.tokens': { when: isOn, what: 'certificate-bound tokens' },
  'oidc.ciba.grant.enabled': { when: isOn, what: 'the CIBA grant' },
  'oauth2.jwt.authorization.grant.enabled': { when: isOn, what: 'the JWT authorization grant' },
  'minimum.acr.value': { when: isGiven, what: 'a minimum acr' },
  'use.refresh.tokens': { when: isOff, what: 'sign-in without a refresh token' },
  'client_credentials.use_refresh_token': { when: isOn, what: 'refresh tokens for client credentials' },
  'authorization.signed.response.alg': { when: isGiven, what: 'signed authorization responses' },
  'authorization.encrypted.response.alg': { when: isGiven, what: 'encrypted authorization responses' },
  'id.token.as.detached.signature': { when: isOn, what: 'ID tokens as detached signatures' },
  'client.offline.session.idle.timeout': { when: isPositive, what: 'limits of offline sessions of clients' },
  'client.offline.session.max.lifespan': { when: isPositive, what: 'limits of offline sessions of clients' },
}

/** Types of protocol mappers that add nothing to tokens here. */
export const mappersLeftOut: ReadonlySet<string> = new Set([
  'oidc-amr-mapper',
  'oidc-claims-param-token-mapper',
  'oidc-claims-param-value-idtoken-mapper',
  'oidc-nonce-backwards-compatible-mapper',
  'oidc-session-state-mapper',
  'oidc-sha256-pairwise-sub-mapper',
])

/** Types of components without an effect here. */
export const componentsLeftOut: Readonly<Record<string, string>> = {
  'org.keycloak.storage.UserStorageProvider': 'user federation',
}

/** Authenticators that a browser flow may have: the login runs them, or they do nothing without what is left out. */
export const browserAuthenticators: ReadonlySet<string> = new Set([
  'auth-cookie',
  'auth-username-password-form',
  'auth-username-form',
  'auth-password-form',
  'auth-otp-form',
  'allow-access-authenticator',
  'conditional-credential',
  'conditional-user-configured',
  'conditional-user-role',
  'conditional-level-of-authentication',
  'identity-provider-redirector',
  'organization',
])

/** Members of a realm file that are not imported, and change neither security nor tokens by themselves. */
export const partsLeftOut: readonly string[] = [
  'localizationTexts',
  'identityProviderMappers',
  'userFederationMappers',
  'federatedUsers',
  'socialProviders',
  'applications',
  'oauthClients',
  'clientTemplates',
]
/** Settings of a realm that are kept without an effect, and change neither security nor tokens. */
export const switchesLeftOut: readonly string[] = [
  'registrationAllowed',
  'resetPasswordAllowed',
  'userManagedAccessAllowed',
  'webAuthnPolicyPasswordlessPasskeysEnabled',
]

export type { Values }
