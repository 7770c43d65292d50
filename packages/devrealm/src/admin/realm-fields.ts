import type { Realm } from '../model.ts'
import type { Kind, Shape } from './body.ts'
import {
  type ClientBody,
  type ClientScopeBody,
  clientScopeShape,
  clientShape,
  type GroupBody,
  groupShape,
  type Known,
  type RoleBody,
  roleShape,
  type UserBody,
  userShape,
} from './fields.ts'

/** What a realm may be imported with, beside its settings. */
export interface RealmContents {
  roles?: { realm?: RoleBody[]; client?: Record<string, RoleBody[]> }
  clients?: ClientBody[]
  clientScopes?: ClientScopeBody[]
  groups?: GroupBody[]
  users?: UserBody[]
  defaultRoles?: string[]
  defaultGroups?: string[]
}

/** Members without a type here are settings, or are passed over. */
export type RealmBody = Omit<Known<Realm>, keyof RealmContents> & RealmContents & Record<string, unknown>

const texts = `id realm displayName displayNameHtml defaultSignatureAlgorithm sslRequired bruteForceStrategy privateKey publicKey certificate
  codeSecret passwordPolicy otpPolicyType otpPolicyAlgorithm loginTheme accountTheme adminTheme emailTheme defaultLocale browserFlow
  registrationFlow directGrantFlow resetCredentialsFlow clientAuthenticationFlow dockerAuthenticationFlow firstBrokerLoginFlow
  keycloakVersion webAuthnPolicyRpEntityName webAuthnPolicyRpId webAuthnPolicyAttestationConveyancePreference
  webAuthnPolicyAuthenticatorAttachment webAuthnPolicyRequireResidentKey webAuthnPolicyResidentKey
  webAuthnPolicyUserVerificationRequirement webAuthnPolicyPasswordlessRpEntityName webAuthnPolicyPasswordlessRpId
  webAuthnPolicyPasswordlessAttestationConveyancePreference webAuthnPolicyPasswordlessAuthenticatorAttachment
  webAuthnPolicyPasswordlessRequireResidentKey webAuthnPolicyPasswordlessResidentKey
  webAuthnPolicyPasswordlessUserVerificationRequirement`

const flags = `revokeRefreshToken offlineSessionMaxLifespanEnabled enabled passwordCredentialGrantAllowed registrationAllowed
  registrationEmailAsUsername rememberMe verifyEmail loginWithEmailAllowed duplicateEmailsAllowed resetPasswordAllowed
  editUsernameAllowed bruteForceProtected permanentLockout otpPolicyCodeReusable eventsEnabled adminEventsEnabled
  adminEventsDetailsEnabled internationalizationEnabled userManagedAccessAllowed organizationsEnabled verifiableCredentialsEnabled
  adminPermissionsEnabled scimApiEnabled social updateProfileOnInitialSocialLogin webAuthnPolicyAvoidSameAuthenticatorRegister
  webAuthnPolicyPasswordlessAvoidSameAuthenticatorRegister webAuthnPolicyPasswordlessPasskeysEnabled`

const numbers = `notBefore refreshTokenMaxReuse accessTokenLifespan accessTokenLifespanForImplicitFlow ssoSessionIdleTimeout
  ssoSessionMaxLifespan ssoSessionIdleTimeoutRememberMe ssoSessionMaxLifespanRememberMe offlineSessionIdleTimeout
  offlineSessionMaxLifespan clientSessionIdleTimeout clientSessionMaxLifespan clientOfflineSessionIdleTimeout
  clientOfflineSessionMaxLifespan accessCodeLifespan accessCodeLifespanUserAction accessCodeLifespanLogin
  actionTokenGeneratedByAdminLifespan actionTokenGeneratedByUserLifespan oauth2DeviceCodeLifespan oauth2DevicePollingInterval
  maxTemporaryLockouts maxFailureWaitSeconds minimumQuickLoginWaitSeconds waitIncrementSeconds quickLoginCheckMilliSeconds
  maxDeltaTimeSeconds failureFactor maxSecondaryAuthFailures otpPolicyInitialCounter otpPolicyDigits otpPolicyLookAheadWindow
  otpPolicyPeriod eventsExpiration webAuthnPolicyCreateTimeout webAuthnPolicyPasswordlessCreateTimeout`

const lists = `defaultRoles defaultGroups requiredCredentials otpSupportedApplications defaultDefaultClientScopes
  defaultOptionalClientScopes eventsListeners enabledEventTypes supportedLocales webAuthnPolicySignatureAlgorithms
  webAuthnPolicyAcceptableAaguids webAuthnPolicyExtraOrigins webAuthnPolicyPasswordlessSignatureAlgorithms
  webAuthnPolicyPasswordlessAcceptableAaguids webAuthnPolicyPasswordlessExtraOrigins`

const maps = 'browserSecurityHeaders smtpServer attributes'

/** Members that only an import reads; an update of the realm passes them over. */
const contents = `defaultRole adminPermissionsClient localizationTexts federatedUsers scopeMappings clientScopeMappings
  userFederationProviders userFederationMappers identityProviders identityProviderMappers protocolMappers components
  authenticationFlows authenticatorConfig requiredActions organizations clientProfiles clientPolicies socialProviders
  applicationScopeMappings applications oauthClients clientTemplates`

const named = (names: string, kind: Kind): [string, Kind][] => names.split(/\s+/).map((name) => [name, kind])

export const realmShape: Shape<RealmBody> = {
  name: 'RealmRepresentation',
  members: Object.fromEntries([
    ...named(texts, 'string'),
    ...named(flags, 'boolean'),
    ...named(numbers, 'number'),
    ...named(lists, 'strings'),
    ...named(maps, 'map'),
    ...named(contents, 'any'),
    [
      'roles',
      {
        name: 'RolesRepresentation',
        members: { realm: [roleShape], client: 'any', application: 'any' },
      },
    ],
    ['clients', [clientShape]],
    ['clientScopes', [clientScopeShape]],
    ['groups', [groupShape]],
    ['users', [userShape]],
  ] as [string, Kind][]),
}

/** Members of a realm's body that are settings of the realm. */
export const settingNames: readonly string[] = [texts, flags, numbers, maps, lists]
  .flatMap((names) => names.split(/\s+/))
  .filter(
    (name) =>
      ![
        'id',
        'keycloakVersion',
        'defaultRoles',
        'defaultGroups',
        'defaultDefaultClientScopes',
        'defaultOptionalClientScopes',
        'privateKey',
        'publicKey',
        'certificate',
        'codeSecret',
      ].includes(name),
  )
