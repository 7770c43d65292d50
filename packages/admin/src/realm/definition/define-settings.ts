import {
  type Check,
  count,
  type Fields,
  flag,
  isObject,
  list,
  map,
  name,
  oneOf,
  text,
} from '../../fields/index.ts'
import type { RealmSettings } from './model-settings.ts'

const texts = list(text)
const textMap = map(text)

/** Keycloak drops who logs in at the mail server, unless the settings say that someone does. */
const smtpServer: Check = (value, path, problems) => {
  textMap(value, path, problems)
  if (!isObject(value) || String(value['auth']).toLowerCase() === 'true') return
  for (const field of ['user', 'password']) {
    if (value[field] !== undefined) problems.push({ path: `${path}.${field}`, reason: 'needs auth: "true"' })
  }
}

/** What a realm's own settings may be. */
export const settings: Fields<RealmSettings> = {
  accessCodeLifespan: count,
  accessCodeLifespanLogin: count,
  accessCodeLifespanUserAction: count,
  accessTokenLifespan: count,
  accountTheme: text,
  actionTokenGeneratedByAdminLifespan: count,
  actionTokenGeneratedByUserLifespan: count,
  adminEventsDetailsEnabled: flag,
  adminEventsEnabled: flag,
  adminTheme: text,
  attributes: textMap,
  browserFlow: name,
  browserSecurityHeaders: textMap,
  bruteForceProtected: flag,
  bruteForceStrategy: oneOf('MULTIPLE', 'LINEAR'),
  clientAuthenticationFlow: name,
  clientOfflineSessionIdleTimeout: count,
  clientOfflineSessionMaxLifespan: count,
  clientSessionIdleTimeout: count,
  clientSessionMaxLifespan: count,
  defaultLocale: text,
  defaultSignatureAlgorithm: name,
  directGrantFlow: name,
  displayName: text,
  displayNameHtml: text,
  duplicateEmailsAllowed: flag,
  editUsernameAllowed: flag,
  emailTheme: text,
  enabled: flag,
  enabledEventTypes: texts,
  eventsEnabled: flag,
  eventsExpiration: count,
  eventsListeners: texts,
  failureFactor: count,
  internationalizationEnabled: flag,
  loginTheme: text,
  loginWithEmailAllowed: flag,
  maxDeltaTimeSeconds: count,
  maxFailureWaitSeconds: count,
  maxTemporaryLockouts: count,
  minimumQuickLoginWaitSeconds: count,
  oauth2DeviceCodeLifespan: count,
  oauth2DevicePollingInterval: count,
  offlineSessionIdleTimeout: count,
  offlineSessionMaxLifespan: count,
  offlineSessionMaxLifespanEnabled: flag,
  organizationsEnabled: flag,
  otpPolicyAlgorithm: oneOf('HmacSHA1', 'HmacSHA256', 'HmacSHA512'),
  otpPolicyCodeReusable: flag,
  otpPolicyDigits: oneOfNumbers(6, 8),
  otpPolicyInitialCounter: count,
  otpPolicyLookAheadWindow: count,
  otpPolicyPeriod: count,
  otpPolicyType: oneOf('totp', 'hotp'),
  passwordPolicy: text,
  permanentLockout: flag,
  quickLoginCheckMilliSeconds: count,
  refreshTokenMaxReuse: count,
  registrationAllowed: flag,
  registrationEmailAsUsername: flag,
  registrationFlow: name,
  rememberMe: flag,
  resetCredentialsFlow: name,
  resetPasswordAllowed: flag,
  revokeRefreshToken: flag,
  smtpServer,
  sslRequired: oneOf('none', 'external', 'all'),
  ssoSessionIdleTimeout: count,
  ssoSessionIdleTimeoutRememberMe: count,
  ssoSessionMaxLifespan: count,
  ssoSessionMaxLifespanRememberMe: count,
  supportedLocales: texts,
  userManagedAccessAllowed: flag,
  verifyEmail: flag,
  waitIncrementSeconds: count,
}

function oneOfNumbers(...values: readonly number[]): Check {
  return (value, path, problems) => {
    if (!values.includes(value as number))
      problems.push({ path, reason: `must be one of ${values.join(', ')}` })
  }
}
