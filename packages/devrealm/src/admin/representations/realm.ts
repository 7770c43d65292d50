import type { Realm, RequiredAction } from '../../model/index.ts'
import { type Kind, type Known, type Shape, shape } from '../body/index.ts'
import { type ClientBody, clientShape } from './client.ts'
import {
  type ClientPolicyBody,
  type ClientProfileBody,
  clientPoliciesShape,
  clientProfilesShape,
} from './client-policies.ts'
import { type ClientScopeBody, clientScopeShape } from './client-scope.ts'
import { type ComponentBody } from './component.ts'
import { configShape, type FlowBody, flowShape } from './flow.ts'
import { type GroupBody, groupShape } from './group.ts'
import { mapperShape } from './protocol-mapper.ts'
import { requiredActionShape } from './required-action.ts'
import { type RoleBody, roleShape } from './role.ts'
import { type UserBody, userShape } from './user.ts'

/** What an import of a realm may have in addition to settings. */
export interface RealmContents {
  roles?: { realm?: RoleBody[]; client?: Record<string, RoleBody[]> }
  clients?: ClientBody[]
  clientScopes?: ClientScopeBody[]
  groups?: GroupBody[]
  users?: UserBody[]
  defaultRoles?: string[]
  defaultGroups?: string[]
  authenticationFlows?: FlowBody[]
  authenticatorConfig?: { id?: string; alias?: string; config?: Record<string, string> }[]
  requiredActions?: Partial<RequiredAction>[]
  scopeMappings?: ScopeMappingBody[]
  clientScopeMappings?: Record<string, ScopeMappingBody[]>
  clientProfiles?: { profiles?: ClientProfileBody[] }
  clientPolicies?: { policies?: ClientPolicyBody[] }
  components?: Record<string, ComponentBody[]>
}

export interface ScopeMappingBody {
  client?: string
  clientScope?: string
  roles?: string[]
}

/** Members without a type here are settings or are ignored. */
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
  maxTemporaryLockouts maxFailureWaitSeconds minimumQuickLoginWaitSeconds waitIncrementSeconds
  maxDeltaTimeSeconds failureFactor maxSecondaryAuthFailures otpPolicyInitialCounter otpPolicyDigits otpPolicyLookAheadWindow
  otpPolicyPeriod webAuthnPolicyCreateTimeout webAuthnPolicyPasswordlessCreateTimeout`

const longs = 'quickLoginCheckMilliSeconds eventsExpiration'

const lists = `defaultRoles defaultGroups requiredCredentials otpSupportedApplications defaultDefaultClientScopes
  defaultOptionalClientScopes eventsListeners enabledEventTypes supportedLocales webAuthnPolicySignatureAlgorithms
  webAuthnPolicyAcceptableAaguids webAuthnPolicyExtraOrigins webAuthnPolicyPasswordlessSignatureAlgorithms
  webAuthnPolicyPasswordlessAcceptableAaguids webAuthnPolicyPasswordlessExtraOrigins`

const maps = 'browserSecurityHeaders smtpServer attributes'

const scopeMapping: Kind = {
  ...shape('ScopeMappingRepresentation', {
    string: 'self client clientScope clientTemplate',
    strings: 'roles',
  }),
}

/** A representation of an unsupported object: known members are type-checked, others ignored. */
function foreign(members: Parameters<typeof shape>[1]): Kind {
  return { ...shape('', members), lenient: true }
}

export const rolesShape: Shape<NonNullable<RealmContents['roles']>> = {
  name: 'RolesRepresentation',
  members: { realm: [roleShape], client: { values: [roleShape] }, application: { values: [roleShape] } },
}

/** Members that only an import reads; an update of the realm ignores them. */
const contents: Record<string, Kind> = {
  roles: rolesShape,
  clients: [clientShape],
  clientScopes: [clientScopeShape],
  groups: [groupShape],
  users: [userShape],
  defaultRole: roleShape,
  adminPermissionsClient: clientShape,
  localizationTexts: { values: 'map' },
  federatedUsers: [userShape],
  scopeMappings: [scopeMapping],
  clientScopeMappings: { values: [scopeMapping] },
  applicationScopeMappings: { values: [scopeMapping] },
  protocolMappers: [mapperShape],
  components: {
    values: [foreign({ string: 'id name providerId subType', lists: 'config', object: 'subComponents' })],
  },
  authenticationFlows: [flowShape],
  authenticatorConfig: [configShape],
  requiredActions: [requiredActionShape],
  clientProfiles: clientProfilesShape,
  clientPolicies: clientPoliciesShape,
  socialProviders: 'map',
  applications: [foreign({ string: 'id clientId name', boolean: 'enabled', object: 'claims' })],
  oauthClients: [foreign({ string: 'id clientId name', boolean: 'enabled', object: 'claims' })],
  clientTemplates: [foreign({ string: 'id name description protocol', map: 'attributes' })],
  identityProviders: [
    foreign({
      string: 'alias displayName internalId providerId',
      boolean: 'enabled trustEmail',
      map: 'config',
    }),
  ],
  identityProviderMappers: [
    foreign({ string: 'id name identityProviderAlias identityProviderMapper', map: 'config' }),
  ],
  userFederationProviders: [
    foreign({ string: 'id displayName providerName', number: 'priority lastSync', map: 'config' }),
  ],
  userFederationMappers: [foreign({ string: 'id name federationMapperType', map: 'config' })],
  organizations: [
    foreign({ string: 'id name alias description', boolean: 'enabled', attributes: 'attributes' }),
  ],
}

const named = (names: string, kind: Kind): [string, Kind][] => names.split(/\s+/).map((name) => [name, kind])

export const realmShape: Shape<RealmBody> = {
  name: 'RealmRepresentation',
  members: Object.fromEntries([
    ...named(texts, 'string'),
    ...named(flags, 'boolean'),
    ...named(numbers, 'number'),
    ...named(lists, 'strings'),
    ...named(maps, 'map'),
    ...named(longs, 'long'),
    ...Object.entries(contents),
  ]),
}

/** Members of a realm body that are settings. */
export const settingNames: readonly string[] = [texts, flags, numbers, longs, maps, lists]
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
