import { CloakwrightError } from 'cloakwright'
import {
  type Check,
  count,
  type Fields,
  flag,
  isObject,
  list,
  map,
  name,
  object,
  oneOf,
  type Problem,
  secret,
  text,
} from './check.ts'
import type {
  AuthenticatorDefinition,
  ClientDefinition,
  ClientScopeDefinition,
  FlowDefinition,
  GroupDefinition,
  MapperDefinition,
  RealmDefinition,
  RealmSettings,
  RequiredActionDefinition,
  RoleDefinition,
  RoleNames,
  SubFlowDefinition,
  UserDefinition,
} from './model.ts'

/**
 * Declares a realm as data: checked at once, so that a mistake shows before anything is sent.
 *
 * @returns the same definition
 * @throws {CW_REALM_INVALID} with the JSON path of each mistake
 * @example
 * ```ts
 * import { defineRealm } from '@cloakwright/admin'
 *
 * export default defineRealm({
 *   realm: 'shop',
 *   accessTokenLifespan: 300,
 *   roles: { realm: [{ name: 'admin' }, { name: 'user' }] },
 *   clients: [{ clientId: 'shop-api', redirectUris: ['https://shop.example.com/auth/callback'] }],
 * })
 * ```
 */
export function defineRealm(definition: RealmDefinition): RealmDefinition {
  const problems: Problem[] = []
  realm(definition, '$', problems)
  if (problems.length === 0) return definition
  const shown = problems.slice(0, 10).map(({ path, reason }) => `${path} ${reason}`)
  const more = problems.length > shown.length ? [`and ${problems.length - shown.length} more`] : []
  throw new CloakwrightError(
    'CW_REALM_INVALID',
    `The realm's definition is not valid: ${[...shown, ...more].join('; ')}`,
    {
      hint: 'Mend the definition at these JSON paths. Nothing has been sent to Keycloak.',
    },
  )
}

const texts = list(text)
const textMap = map(text)
const textsMap = map(list(text))

const settings: Fields<RealmSettings> = {
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
  smtpServer: textMap,
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

const roleNames = object<RoleNames>({ realm: list(name), client: map(list(name)) })

const role = object<RoleDefinition>(
  { name, description: text, attributes: textsMap, composites: roleNames },
  ['name'],
)

const mapper = object<MapperDefinition>({ name, protocol: name, protocolMapper: name, config: textMap }, [
  'name',
  'protocolMapper',
])
const mappers = list(mapper, 'name')

const clientScope = object<ClientScopeDefinition>(
  { name, description: text, protocol: name, attributes: textMap, protocolMappers: mappers },
  ['name'],
)

const client = object<ClientDefinition>(
  {
    clientId: name,
    adminUrl: text,
    alwaysDisplayInConsole: flag,
    attributes: textMap,
    baseUrl: text,
    bearerOnly: flag,
    clientAuthenticatorType: name,
    consentRequired: flag,
    defaultClientScopes: list(name),
    description: text,
    directAccessGrantsEnabled: flag,
    enabled: flag,
    frontchannelLogout: flag,
    fullScopeAllowed: flag,
    implicitFlowEnabled: flag,
    name: text,
    optionalClientScopes: list(name),
    protocol: name,
    protocolMappers: mappers,
    publicClient: flag,
    redirectUris: list(name),
    rootUrl: text,
    secret,
    serviceAccountsEnabled: flag,
    standardFlowEnabled: flag,
    webOrigins: list(name),
  },
  ['clientId'],
)

const groupName: Check = (value, path, problems) => {
  name(value, path, problems)
  if (typeof value === 'string' && value.includes('/'))
    problems.push({ path, reason: 'must not contain a slash: nest it in subGroups' })
}

const group: Check = (value, path, problems) =>
  object<GroupDefinition>(
    { name: groupName, attributes: textsMap, roles: roleNames, subGroups: list(group, 'name') },
    ['name'],
  )(value, path, problems)

const username: Check = (value, path, problems) => {
  if (typeof value !== 'string' || value.length < 3)
    problems.push({ path, reason: 'must have at least 3 characters' })
  else if (value !== value.toLowerCase())
    problems.push({ path, reason: 'must be in lower case, as Keycloak keeps it' })
}

const groupPath: Check = (value, path, problems) => {
  if (typeof value !== 'string' || !/^(\/[^/]+)+$/.test(value))
    problems.push({ path, reason: 'must be a path like /staff/editors' })
}

const userFields = object<UserDefinition>(
  {
    username,
    password: secret,
    email: name,
    emailVerified: flag,
    enabled: flag,
    firstName: name,
    lastName: name,
    attributes: textsMap,
    roles: roleNames,
    groups: list(groupPath),
  },
  ['username'],
)

const user: Check = (value, path, problems) => {
  userFields(value, path, problems)
  if (!isObject(value) || value['password'] === undefined) return
  for (const field of ['email', 'firstName', 'lastName']) {
    if (value[field] !== undefined) continue
    problems.push({
      path: `${path}.${field}`,
      reason: 'is missing: without it, the password gets "Account is not fully set up"',
    })
  }
}

const requirement = oneOf('REQUIRED', 'ALTERNATIVE', 'CONDITIONAL', 'DISABLED')

const authenticator = object<AuthenticatorDefinition>(
  {
    authenticator: name,
    requirement,
    config: object<NonNullable<AuthenticatorDefinition['config']>>({ alias: name, config: textMap }, [
      'alias',
      'config',
    ]),
  },
  ['authenticator', 'requirement'],
)

const execution: Check = (value, path, problems) => {
  if (isObject(value) && 'flow' in value) subFlow(value, path, problems)
  else authenticator(value, path, problems)
}

const subFlow = object<SubFlowDefinition>(
  { flow: name, description: text, requirement, executions: list(execution, 'flow') },
  ['flow', 'requirement', 'executions'],
)

const flow = object<FlowDefinition>({ alias: name, description: text, executions: list(execution, 'flow') }, [
  'alias',
  'executions',
])

const requiredAction = object<RequiredActionDefinition>(
  { alias: name, enabled: flag, defaultAction: flag, priority: count },
  ['alias'],
)

/** Keycloak puts the name into its URLs as it is. */
const realmName: Check = (value, path, problems) => {
  if (typeof value !== 'string' || !/^[\w.~-]+$/.test(value))
    problems.push({ path, reason: 'must consist of letters, digits, - . _ ~' })
}

const realm = object<RealmDefinition>(
  {
    ...settings,
    realm: realmName,
    roles: object<NonNullable<RealmDefinition['roles']>>({
      realm: list(role, 'name'),
      client: map(list(role, 'name')),
    }),
    clientScopes: list(clientScope, 'name'),
    clients: list(client, 'clientId'),
    groups: list(group, 'name'),
    users: list(user, 'username'),
    authenticationFlows: list(flow, 'alias'),
    requiredActions: list(requiredAction, 'alias'),
  },
  ['realm'],
)

function oneOfNumbers(...values: readonly number[]): Check {
  return (value, path, problems) => {
    if (!values.includes(value as number))
      problems.push({ path, reason: `must be one of ${values.join(', ')}` })
  }
}
