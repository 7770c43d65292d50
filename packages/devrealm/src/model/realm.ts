export interface RequiredAction {
  alias: string
  name: string
  providerId: string
  enabled: boolean
  defaultAction: boolean
  priority: number
  config: Record<string, string>
}

/** The members of Keycloak's RealmRepresentation that have an effect here. */
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
  accessTokenLifespanForImplicitFlow: number
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
  verifyEmail: boolean
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
  /** The role of every user; its composites are the realm's default roles. */
  defaultRoleId: string
  /** Ids of the default groups of new users. */
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
  /** Names of the default client scopes of new clients. */
  defaultDefaultClientScopes: string[]
  defaultOptionalClientScopes: string[]
  requiredActions: RequiredAction[]
  /** The body of `users/profile`. */
  userProfile: unknown
}

/** Keycloak's RealmRepresentation: the members with an effect here, and all others unchanged. */
export interface Realm extends RealmSettings {
  [member: string]: unknown
}
