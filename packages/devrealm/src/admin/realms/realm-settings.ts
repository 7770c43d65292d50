import { flowBindings, flowsOf } from '../../flows/index.ts'
import type { Realm } from '../../model/index.ts'
import { policyProblem } from '../../password-policy/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { type AdminError, refused } from '../errors.ts'
import { type RealmBody, roleOf, settingNames } from '../representations/index.ts'
import { shownSmtp, unmaskedSmtp } from './smtp-settings.ts'

/** Members of a stored realm that are not in its representation: each has its own endpoint. */
const apart = new Set([
  'id',
  'realm',
  'displayName',
  'displayNameHtml',
  'defaultRoleId',
  'defaultGroups',
  'defaultDefaultClientScopes',
  'defaultOptionalClientScopes',
  'requiredActions',
  'userProfile',
  'flows',
])

/** RealmRepresentation as a manager of the realm sees it. */
export function realmOf(realm: RealmStore): Record<string, unknown> {
  const info = realm.info
  const role = realm.roles.get(info.defaultRoleId)
  const shown: Record<string, unknown> = { id: info.id, realm: info.realm }
  for (const member of ['displayName', 'displayNameHtml']) {
    if (info[member] !== undefined) shown[member] = info[member]
  }
  for (const [member, value] of Object.entries(info)) {
    if (apart.has(member)) continue
    if (member === 'requiredCredentials' && role !== undefined) shown['defaultRole'] = roleOf(realm, role)
    shown[member] = value
  }
  const smtp = info['smtpServer'] as Record<string, string> | undefined
  if (smtp !== undefined) shown['smtpServer'] = shownSmtp(smtp)
  if (info.defaultGroups.length > 0) {
    const groups = info.defaultGroups.map((id) => realm.groups.get(id)).filter((group) => group !== undefined)
    shown['defaultGroups'] = groups.map((group) => realm.groupPath(group))
  }
  return shown
}

/** The realm in a list of brief representations. */
export function briefRealmOf(realm: RealmStore): Record<string, unknown> {
  const { id, realm: name, displayName, displayNameHtml, enabled } = realm.info
  return {
    id,
    realm: name,
    ...(displayName === undefined ? {} : { displayName }),
    ...(displayNameHtml === undefined ? {} : { displayNameHtml }),
    enabled,
  }
}

/**
 * The settings after a body is applied. Members are merged one by one; `attributes` replaces all attributes, except those that
 * Keycloak uses for settings.
 *
 * @throws {AdminError} 400 for a password policy that does not exist, 500 for an unknown flow
 */
export function changedSettings(realm: RealmStore, body: RealmBody): Partial<Realm> {
  const changes: Record<string, unknown> = {}
  for (const name of settingNames) if (body[name] !== undefined) changes[name] = body[name]
  if (body.clientProfiles !== undefined) {
    changes['clientProfiles'] = { profiles: body.clientProfiles.profiles ?? [] }
  }
  if (body.clientPolicies !== undefined) {
    changes['clientPolicies'] = { policies: body.clientPolicies.policies ?? [] }
  }
  const before: Readonly<Record<string, unknown>> = realm.info
  const policyFault = policyProblem(body.passwordPolicy ?? '')
  if (policyFault !== undefined) throw refused(policyFault)
  const smtp = body['smtpServer'] as Record<string, string> | undefined
  if (smtp != null) {
    changes['smtpServer'] = unmaskedSmtp(smtp, before['smtpServer'] as Record<string, string> | undefined)
  }
  requireFlows(realm, changes)
  if (!['external', 'all', 'none', undefined].includes(body.sslRequired)) throw failed()
  Object.assign(changes, otpPolicy(changes), emailRules(realm.info, changes))
  const attributes = changedAttributes(before, changes)
  if (attributes !== undefined) changes['attributes'] = attributes
  return changes as Partial<Realm>
}

const ownAttributes = [
  'cibaBackchannelTokenDeliveryMode',
  'cibaExpiresIn',
  'cibaAuthRequestedUserHint',
  'oauth2DeviceCodeLifespan',
  'oauth2DevicePollingInterval',
  'parRequestUriLifespan',
  'cibaInterval',
]

/** Settings that also appear as the attribute of the same name once they are set. */
const mirroredFields = [
  'oauth2DeviceCodeLifespan',
  'oauth2DevicePollingInterval',
  'clientSessionIdleTimeout',
  'clientSessionMaxLifespan',
  'clientOfflineSessionIdleTimeout',
  'clientOfflineSessionMaxLifespan',
]

function changedAttributes(
  before: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  const old = (before['attributes'] ?? {}) as Record<string, unknown>
  const given = changes['attributes'] as Record<string, unknown> | undefined
  const isShown = (name: string): boolean => changes[name] !== 0 || Object.hasOwn(given ?? old, name)
  const mirrored = mirroredFields.filter((name) => changes[name] !== undefined && isShown(name))
  const reusable = changes['otpPolicyCodeReusable'] as boolean | undefined
  if (given === undefined && mirrored.length === 0 && reusable === undefined) return undefined
  const kept = Object.entries(old).filter(([name]) => given === undefined || ownAttributes.includes(name))
  return {
    ...Object.fromEntries(kept),
    ...given,
    ...(reusable === undefined || given?.['realmReusableOtpCode'] === undefined
      ? {}
      : { realmReusableOtpCode: String(reusable) }),
    ...Object.fromEntries(mirrored.map((name) => [name, String(changes[name])])),
  }
}

/** The realm without empty settings. */
export function withoutEmpty(info: Realm): Realm {
  const { passwordPolicy, ...rest } = info
  return passwordPolicy === undefined || passwordPolicy === '' ? (rest as Realm) : info
}

function requireFlows(realm: RealmStore, changes: Readonly<Record<string, unknown>>): void {
  const aliases = flowsOf(realm).flows.map((flow) => flow.alias)
  for (const member of flowBindings) {
    const alias = changes[member]
    if (alias !== undefined && !aliases.some((each) => each === alias)) throw failed()
  }
}

/** The OTP policy is replaced as a whole if the body has its type, and otherwise ignored. */
function otpPolicy(changes: Record<string, unknown>): Record<string, unknown> {
  const unset: Record<string, unknown> = {
    otpPolicyAlgorithm: undefined,
    otpPolicyInitialCounter: 0,
    otpPolicyDigits: 0,
    otpPolicyLookAheadWindow: 0,
    otpPolicyPeriod: 0,
  }
  const given = Object.fromEntries(Object.keys(unset).map((name) => [name, changes[name] ?? unset[name]]))
  for (const name of Object.keys(unset)) delete changes[name]
  const type = changes['otpPolicyType']
  if (type === undefined) return {}
  const apps = ['totpAppFreeOTPName', 'totpAppGoogleName']
  if (type === 'totp') apps.push('totpAppMicrosoftAuthenticatorName')
  return { ...given, otpSupportedApplications: apps }
}

type EmailRules = Pick<
  Realm,
  'registrationEmailAsUsername' | 'loginWithEmailAllowed' | 'duplicateEmailsAllowed'
>

/**
 * E-mails that identify users must be unique: turning one of these three settings on turns off those that contradict it, in
 * this order.
 */
function emailRules(before: Readonly<EmailRules>, given: Partial<EmailRules>): EmailRules {
  const rules = {
    registrationEmailAsUsername: given.registrationEmailAsUsername ?? before.registrationEmailAsUsername,
    loginWithEmailAllowed: given.loginWithEmailAllowed ?? before.loginWithEmailAllowed,
    duplicateEmailsAllowed: before.duplicateEmailsAllowed,
  }
  if (given.registrationEmailAsUsername === true || given.loginWithEmailAllowed === true) {
    rules.duplicateEmailsAllowed = false
  }
  if (given.duplicateEmailsAllowed === undefined) return rules
  if (!given.duplicateEmailsAllowed) return { ...rules, duplicateEmailsAllowed: false }
  return {
    registrationEmailAsUsername: false,
    loginWithEmailAllowed: false,
    duplicateEmailsAllowed: true,
  }
}

function failed(): AdminError {
  return refused('Failed to update realm')
}
