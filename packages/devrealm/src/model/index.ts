/**
 * What a realm is made of. Wherever Keycloak's Admin API has a representation, the entity is that representation;
 * references to other entities are their ids. Documents are replaced, never changed in place: `put({ ...user, enabled: false })`.
 */

export type Attributes = Record<string, string[]>

export interface ProtocolMapper {
  id: string
  name: string
  protocol: string
  protocolMapper: string
  consentRequired: boolean
  config: Record<string, string>
}

export interface RequiredAction {
  alias: string
  name: string
  providerId: string
  enabled: boolean
  defaultAction: boolean
  priority: number
  config: Record<string, string>
}

/** The members of Keycloak's RealmRepresentation that this realm acts on. */
export interface RealmSettings {
  id: string
  realm: string
  enabled: boolean
  displayName?: string
  notBefore: number
  defaultSignatureAlgorithm: string
  revokeRefreshToken: boolean
  refreshTokenMaxReuse: number
  accessTokenLifespan: number
  ssoSessionIdleTimeout: number
  ssoSessionMaxLifespan: number
  ssoSessionIdleTimeoutRememberMe: number
  ssoSessionMaxLifespanRememberMe: number
  offlineSessionIdleTimeout: number
  offlineSessionMaxLifespanEnabled: boolean
  offlineSessionMaxLifespan: number
  clientSessionIdleTimeout: number
  clientSessionMaxLifespan: number
  accessCodeLifespan: number
  accessCodeLifespanUserAction: number
  accessCodeLifespanLogin: number
  sslRequired: string
  registrationEmailAsUsername: boolean
  rememberMe: boolean
  loginWithEmailAllowed: boolean
  duplicateEmailsAllowed: boolean
  bruteForceProtected: boolean
  permanentLockout: boolean
  maxTemporaryLockouts: number
  maxFailureWaitSeconds: number
  minimumQuickLoginWaitSeconds: number
  waitIncrementSeconds: number
  quickLoginCheckMilliSeconds: number
  maxDeltaTimeSeconds: number
  failureFactor: number
  passwordPolicy?: string
  /** The role that every user has; its composites are the realm's default roles. */
  defaultRoleId: string
  /** Ids of the groups that a new user joins. */
  defaultGroups: string[]
  otpPolicyType: string
  otpPolicyAlgorithm: string
  otpPolicyInitialCounter: number
  otpPolicyDigits: number
  otpPolicyLookAheadWindow: number
  otpPolicyPeriod: number
  otpPolicyCodeReusable: boolean
  browserSecurityHeaders: Record<string, string>
  attributes: Record<string, string>
  /** Names of the client scopes that a new client gets. */
  defaultDefaultClientScopes: string[]
  defaultOptionalClientScopes: string[]
  requiredActions: RequiredAction[]
  /** The body of `users/profile`. */
  userProfile: unknown
}

/** Keycloak's RealmRepresentation: the members that this realm acts on, and all others as they were given. */
export interface Realm extends RealmSettings {
  [member: string]: unknown
}

/** Keycloak's ClientRepresentation, with the role ids of its scope mappings. */
export interface Client {
  id: string
  clientId: string
  name?: string
  description?: string
  rootUrl?: string
  adminUrl?: string
  baseUrl?: string
  surrogateAuthRequired: boolean
  enabled: boolean
  alwaysDisplayInConsole: boolean
  clientAuthenticatorType: string
  secret?: string
  redirectUris: string[]
  webOrigins: string[]
  notBefore: number
  bearerOnly: boolean
  consentRequired: boolean
  standardFlowEnabled: boolean
  implicitFlowEnabled: boolean
  directAccessGrantsEnabled: boolean
  serviceAccountsEnabled: boolean
  publicClient: boolean
  frontchannelLogout: boolean
  protocol?: string
  attributes: Record<string, string>
  authenticationFlowBindingOverrides: Record<string, string>
  fullScopeAllowed: boolean
  nodeReRegistrationTimeout: number
  protocolMappers?: ProtocolMapper[]
  /** Names of client scopes. */
  defaultClientScopes: string[]
  optionalClientScopes: string[]
  /** Ids of the roles that tokens may hold when `fullScopeAllowed` is false. */
  scopeMappings: string[]
  [member: string]: unknown
}

export interface ClientScope {
  id: string
  name: string
  description?: string
  protocol: string
  attributes: Record<string, string>
  protocolMappers?: ProtocolMapper[]
  /** Ids of roles: with any, only users who have one of them get this scope. */
  scopeMappings: string[]
}

/** A realm role, or a client's role when `clientId` (the client's id, not its name) is set. */
export interface Role {
  id: string
  name: string
  description?: string
  clientId?: string
  /** Ids of the roles that this one includes. */
  composites: string[]
  attributes: Attributes
}

export interface Group {
  id: string
  name: string
  description?: string
  parentId?: string
  attributes: Attributes
  /** Ids of the roles that members have. */
  roles: string[]
}

/** Keycloak's CredentialRepresentation as exported: `secretData` and `credentialData` are JSON texts. */
export interface Credential {
  id: string
  type: 'password' | 'otp'
  userLabel?: string
  createdDate: number
  secretData: string
  credentialData: string
}

export interface User {
  id: string
  /** In lower case, as Keycloak keeps it. */
  username: string
  enabled: boolean
  emailVerified: boolean
  firstName?: string
  lastName?: string
  email?: string
  attributes?: Attributes
  createdTimestamp: number
  requiredActions: string[]
  notBefore: number
  credentials: Credential[]
  /** Ids of the roles mapped to the user itself; groups and composites add theirs. */
  roles: string[]
  /** Ids of groups. */
  groups: string[]
  /** The id of the client whose service account this is. */
  serviceAccountClientId?: string
}

/** A client's part in a login. Times are seconds since the epoch. */
export interface ClientSession {
  /** Names this part of the session in authorization codes. */
  id: string
  /** The client's id. */
  clientId: string
  start: number
  /** When this client last took tokens. */
  refreshed: number
  scope: string
  notes: Record<string, string>
  /** For realms that revoke refresh tokens, by the chain's id: the token last used, how often, and when. */
  refreshTokens?: Record<string, { id: string; uses: number; usedAt: number }>
}

/** A login: what a token's `sid` names. Offline sessions are kept apart, under the same id. */
export interface UserSession {
  id: string
  userId: string
  ipAddress: string
  start: number
  lastAccess: number
  rememberMe: boolean
  notes: Record<string, string>
  /** By the client's id. */
  clients: Record<string, ClientSession>
}

/** A key of the realm. Asymmetric: `privateKey` in PEM (PKCS #8) and `certificate`; symmetric: `secret` in base64url. */
export interface RealmKey {
  id: string
  /** What tokens name. */
  kid: string
  algorithm: 'RS256' | 'RSA-OAEP' | 'HS512' | 'AES'
  use: 'SIG' | 'ENC'
  providerId: string
  priority: number
  createdAt: number
  privateKey?: string
  certificate?: string
  validTo?: number
  secret?: string
}

/** An access token that was revoked before its end. `id` is its `jti`. */
export interface RevokedToken {
  id: string
  expiresAt: number
}
