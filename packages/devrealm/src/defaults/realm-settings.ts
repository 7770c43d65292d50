import type { RealmSettings, RequiredAction } from '../model/index.ts'

/** A new realm's settings in Keycloak's order, without what names the realm. */
export const realmSettings: Omit<
  RealmSettings,
  | 'id'
  | 'realm'
  | 'defaultRoleId'
  | 'defaultGroups'
  | 'defaultDefaultClientScopes'
  | 'defaultOptionalClientScopes'
  | 'requiredActions'
  | 'userProfile'
> &
  Record<string, unknown> = {
  notBefore: 0,
  defaultSignatureAlgorithm: 'RS256',
  revokeRefreshToken: false,
  refreshTokenMaxReuse: 0,
  accessTokenLifespan: 300,
  accessTokenLifespanForImplicitFlow: 900,
  ssoSessionIdleTimeout: 1800,
  ssoSessionMaxLifespan: 36000,
  ssoSessionIdleTimeoutRememberMe: 0,
  ssoSessionMaxLifespanRememberMe: 0,
  offlineSessionIdleTimeout: 2592000,
  offlineSessionMaxLifespanEnabled: false,
  offlineSessionMaxLifespan: 5184000,
  clientSessionIdleTimeout: 0,
  clientSessionMaxLifespan: 0,
  clientOfflineSessionIdleTimeout: 0,
  clientOfflineSessionMaxLifespan: 0,
  accessCodeLifespan: 60,
  accessCodeLifespanUserAction: 300,
  accessCodeLifespanLogin: 1800,
  actionTokenGeneratedByAdminLifespan: 43200,
  actionTokenGeneratedByUserLifespan: 300,
  oauth2DeviceCodeLifespan: 600,
  oauth2DevicePollingInterval: 5,
  enabled: true,
  sslRequired: 'external',
  registrationAllowed: false,
  registrationEmailAsUsername: false,
  rememberMe: false,
  verifyEmail: false,
  loginWithEmailAllowed: true,
  duplicateEmailsAllowed: false,
  resetPasswordAllowed: false,
  editUsernameAllowed: false,
  bruteForceProtected: false,
  permanentLockout: false,
  maxTemporaryLockouts: 0,
  bruteForceStrategy: 'MULTIPLE',
  maxFailureWaitSeconds: 900,
  minimumQuickLoginWaitSeconds: 60,
  waitIncrementSeconds: 60,
  quickLoginCheckMilliSeconds: 1000,
  maxDeltaTimeSeconds: 43200,
  failureFactor: 30,
  maxSecondaryAuthFailures: 0,
  requiredCredentials: ['password'],
  otpPolicyType: 'totp',
  otpPolicyAlgorithm: 'HmacSHA1',
  otpPolicyInitialCounter: 0,
  otpPolicyDigits: 6,
  otpPolicyLookAheadWindow: 1,
  otpPolicyPeriod: 30,
  otpPolicyCodeReusable: false,
  otpSupportedApplications: ['totpAppFreeOTPName', 'totpAppGoogleName', 'totpAppMicrosoftAuthenticatorName'],
  webAuthnPolicyRpEntityName: 'keycloak',
  webAuthnPolicySignatureAlgorithms: ['ES256', 'RS256'],
  webAuthnPolicyRpId: '',
  webAuthnPolicyAttestationConveyancePreference: 'not specified',
  webAuthnPolicyAuthenticatorAttachment: 'not specified',
  webAuthnPolicyRequireResidentKey: 'not specified',
  webAuthnPolicyResidentKey: 'not specified',
  webAuthnPolicyUserVerificationRequirement: 'not specified',
  webAuthnPolicyCreateTimeout: 0,
  webAuthnPolicyAvoidSameAuthenticatorRegister: false,
  webAuthnPolicyAcceptableAaguids: [],
  webAuthnPolicyExtraOrigins: [],
  webAuthnPolicyPasswordlessRpEntityName: 'keycloak',
  webAuthnPolicyPasswordlessSignatureAlgorithms: ['ES256', 'RS256'],
  webAuthnPolicyPasswordlessRpId: '',
  webAuthnPolicyPasswordlessAttestationConveyancePreference: 'not specified',
  webAuthnPolicyPasswordlessAuthenticatorAttachment: 'not specified',
  webAuthnPolicyPasswordlessRequireResidentKey: 'not specified',
  webAuthnPolicyPasswordlessResidentKey: 'required',
  webAuthnPolicyPasswordlessUserVerificationRequirement: 'required',
  webAuthnPolicyPasswordlessCreateTimeout: 0,
  webAuthnPolicyPasswordlessAvoidSameAuthenticatorRegister: false,
  webAuthnPolicyPasswordlessAcceptableAaguids: [],
  webAuthnPolicyPasswordlessExtraOrigins: [],
  browserSecurityHeaders: {
    contentSecurityPolicyReportOnly: '',
    xContentTypeOptions: 'nosniff',
    referrerPolicy: 'no-referrer',
    xRobotsTag: 'none',
    xFrameOptions: 'SAMEORIGIN',
    contentSecurityPolicy: "frame-src 'self'; frame-ancestors 'self'; object-src 'none';",
    strictTransportSecurity: 'max-age=31536000; includeSubDomains',
  },
  smtpServer: {},
  eventsEnabled: false,
  eventsListeners: ['jboss-logging'],
  enabledEventTypes: [],
  adminEventsEnabled: false,
  adminEventsDetailsEnabled: false,
  internationalizationEnabled: false,
  browserFlow: 'browser',
  registrationFlow: 'registration',
  directGrantFlow: 'direct grant',
  resetCredentialsFlow: 'reset credentials',
  clientAuthenticationFlow: 'clients',
  dockerAuthenticationFlow: 'docker auth',
  firstBrokerLoginFlow: 'first broker login',
  attributes: {
    cibaBackchannelTokenDeliveryMode: 'poll',
    cibaExpiresIn: '120',
    cibaAuthRequestedUserHint: 'login_hint',
    oauth2DeviceCodeLifespan: '600',
    oauth2DevicePollingInterval: '5',
    parRequestUriLifespan: '60',
    cibaInterval: '5',
    realmReusableOtpCode: 'false',
  },
  userManagedAccessAllowed: false,
  organizationsEnabled: false,
  verifiableCredentialsEnabled: false,
  adminPermissionsEnabled: false,
  scimApiEnabled: false,
  clientProfiles: {
    profiles: [],
  },
  clientPolicies: {
    policies: [],
  },
}

/** The required actions of a new realm. */
export function requiredActions(): RequiredAction[] {
  return [
    action('TERMS_AND_CONDITIONS', 'Terms and Conditions', 20, false),
    action('UPDATE_PROFILE', 'Update Profile', 40),
    action('VERIFY_EMAIL', 'Verify Email', 50),
    action('CONFIGURE_TOTP', 'Configure OTP', 54),
    action('UPDATE_PASSWORD', 'Update Password', 57),
    action('delete_account', 'Delete Account', 60, false),
    action('UPDATE_EMAIL', 'Update Email', 70, false),
    action('webauthn-register', 'Webauthn Register', 80),
    action('webauthn-register-passwordless', 'Webauthn Register Passwordless', 90),
    action('VERIFY_PROFILE', 'Verify Profile', 100),
    action('delete_credential', 'Delete Credential', 110),
    action('idp_link', 'Linking Identity Provider', 120),
    action('CONFIGURE_RECOVERY_AUTHN_CODES', 'Recovery Authentication Codes', 130),
    action('update_user_locale', 'Update User Locale', 1000),
  ]
}

/** The user profile of a new realm. */
export const userProfile: {
  attributes: { required?: { roles: string[] }; [member: string]: unknown }[]
  groups: Record<string, string>[]
} = {
  attributes: [
    {
      name: 'username',
      displayName: `\${username}`,
      validations: {
        length: {
          min: 3,
          max: 255,
        },
        'username-prohibited-characters': {},
        'up-username-not-idn-homograph': {},
      },
      permissions: {
        view: ['admin', 'user'],
        edit: ['admin', 'user'],
      },
      multivalued: false,
    },
    {
      name: 'email',
      displayName: `\${email}`,
      validations: {
        email: {},
        length: {
          max: 255,
        },
      },
      required: {
        roles: ['user'],
      },
      permissions: {
        view: ['admin', 'user'],
        edit: ['admin', 'user'],
      },
      multivalued: false,
    },
    {
      name: 'firstName',
      displayName: `\${firstName}`,
      validations: {
        length: {
          max: 255,
        },
        'person-name-prohibited-characters': {},
      },
      required: {
        roles: ['user'],
      },
      permissions: {
        view: ['admin', 'user'],
        edit: ['admin', 'user'],
      },
      multivalued: false,
    },
    {
      name: 'lastName',
      displayName: `\${lastName}`,
      validations: {
        length: {
          max: 255,
        },
        'person-name-prohibited-characters': {},
      },
      required: {
        roles: ['user'],
      },
      permissions: {
        view: ['admin', 'user'],
        edit: ['admin', 'user'],
      },
      multivalued: false,
    },
  ],
  groups: [
    {
      name: 'user-metadata',
      displayHeader: 'User metadata',
      displayDescription: 'Attributes, which refer to user metadata',
    },
  ],
}

function action(alias: string, name: string, priority: number, enabled = true): RequiredAction {
  return { alias, name, providerId: alias, enabled, defaultAction: false, priority, config: {} }
}
