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
