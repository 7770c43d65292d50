import type { RealmRepresentation } from '../../client/index.ts'

/** The realm's own settings. Durations are in seconds, unless Keycloak's name says milliseconds. */
export type RealmSettings = Readonly<Pick<RealmRepresentation, RealmSetting>>

export type RealmSetting =
  | FlowBinding
  | 'accessCodeLifespan'
  | 'accessCodeLifespanLogin'
  | 'accessCodeLifespanUserAction'
  | 'accessTokenLifespan'
  | 'accountTheme'
  | 'actionTokenGeneratedByAdminLifespan'
  | 'actionTokenGeneratedByUserLifespan'
  | 'adminEventsDetailsEnabled'
  | 'adminEventsEnabled'
  | 'adminTheme'
  | 'attributes'
  | 'browserSecurityHeaders'
  | 'bruteForceProtected'
  | 'bruteForceStrategy'
  | 'clientOfflineSessionIdleTimeout'
  | 'clientOfflineSessionMaxLifespan'
  | 'clientSessionIdleTimeout'
  | 'clientSessionMaxLifespan'
  | 'defaultLocale'
  | 'defaultSignatureAlgorithm'
  | 'displayName'
  | 'displayNameHtml'
  | 'duplicateEmailsAllowed'
  | 'editUsernameAllowed'
  | 'emailTheme'
  | 'enabled'
  | 'enabledEventTypes'
  | 'eventsEnabled'
  | 'eventsExpiration'
  | 'eventsListeners'
  | 'failureFactor'
  | 'internationalizationEnabled'
  | 'loginTheme'
  | 'loginWithEmailAllowed'
  | 'maxDeltaTimeSeconds'
  | 'maxFailureWaitSeconds'
  | 'maxTemporaryLockouts'
  | 'minimumQuickLoginWaitSeconds'
  | 'oauth2DeviceCodeLifespan'
  | 'oauth2DevicePollingInterval'
  | 'offlineSessionIdleTimeout'
  | 'offlineSessionMaxLifespan'
  | 'offlineSessionMaxLifespanEnabled'
  | 'organizationsEnabled'
  | 'otpPolicyAlgorithm'
  | 'otpPolicyCodeReusable'
  | 'otpPolicyDigits'
  | 'otpPolicyInitialCounter'
  | 'otpPolicyLookAheadWindow'
  | 'otpPolicyPeriod'
  | 'otpPolicyType'
  | 'passwordPolicy'
  | 'permanentLockout'
  | 'quickLoginCheckMilliSeconds'
  | 'refreshTokenMaxReuse'
  | 'registrationAllowed'
  | 'registrationEmailAsUsername'
  | 'rememberMe'
  | 'resetPasswordAllowed'
  | 'revokeRefreshToken'
  | 'smtpServer'
  | 'sslRequired'
  | 'ssoSessionIdleTimeout'
  | 'ssoSessionIdleTimeoutRememberMe'
  | 'ssoSessionMaxLifespan'
  | 'ssoSessionMaxLifespanRememberMe'
  | 'supportedLocales'
  | 'userManagedAccessAllowed'
  | 'verifyEmail'
  | 'waitIncrementSeconds'

/** Which flow the realm uses for what; bound after the flows are there. */
export const bindings = [
  'browserFlow',
  'clientAuthenticationFlow',
  'directGrantFlow',
  'registrationFlow',
  'resetCredentialsFlow',
] as const

export type FlowBinding = (typeof bindings)[number]
