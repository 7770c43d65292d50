import { realmSettings } from '../../defaults/index.ts'
import type { Realm } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { refused } from '../errors.ts'
import { groupByPath } from '../groups/index.ts'
import type { RealmBody } from '../representations/index.ts'
import { putSmtp } from './smtp-settings.ts'

/** The body of a realm PUT as Keycloak applies it: it resets, merges or ignores some settings. */
export function putBody(realm: RealmStore, body: RealmBody): RealmBody {
  const { otpSupportedApplications: _derived, ...given } = body
  const smtp = body['smtpServer'] as Record<string, string> | undefined
  return {
    ...webAuthnPolicies(realm, given),
    ...deviceGrant(given),
    ...sessionLimits(given),
    ...(smtp == null ? {} : { smtpServer: putSmtp(smtp) }),
    ...(body.browserSecurityHeaders === undefined
      ? {}
      : { browserSecurityHeaders: { ...realm.info.browserSecurityHeaders, ...body.browserSecurityHeaders } }),
    attributes: { ...ownAttributes(), ...(body.attributes ?? withoutOwn(realm.info.attributes)) },
  }
}

/**
 * The default groups that a body names by path.
 *
 * @throws {AdminError} 400 for an unknown group
 */
export function defaultGroupsOf(
  realm: RealmStore,
  body: RealmBody,
): Pick<Realm, 'defaultGroups'> | undefined {
  if (body.defaultGroups === undefined) return undefined
  const ids = body.defaultGroups.map((path) => groupByPath(realm, path)?.id)
  if (ids.includes(undefined)) throw refused('Failed to update realm')
  return { defaultGroups: [...new Set(ids as string[])] }
}

const passkeys = 'webAuthnPolicyPasswordless'
const policies = [passkeys, 'webAuthnPolicy'] as const

/** A WebAuthn policy is replaced as a whole if the body has its relying party, and otherwise ignored. */
function webAuthnPolicies(realm: RealmStore, body: RealmBody): RealmBody {
  const policyOf = (field: string) => policies.find((policy) => field.startsWith(policy))
  const isReplaced = (policy: string): boolean => Boolean(body[`${policy}RpEntityName`])
  const kept = Object.entries(body).filter(
    ([field]) => isReplaced(policyOf(field) ?? field) || !policyOf(field),
  )
  const defaults = Object.entries(realmSettings).filter(([field]) => isReplaced(policyOf(field) ?? field))
  const enabled = `${passkeys}PasskeysEnabled`
  const passkeysEnabled =
    isReplaced(passkeys) && realm.info[enabled] !== undefined ? { [enabled]: false } : {}
  return { ...passkeysEnabled, ...Object.fromEntries(defaults), ...Object.fromEntries(kept) }
}

/** Settings that a PUT without them resets to the defaults. */
function deviceGrant(body: RealmBody): RealmBody {
  const fields = ['oauth2DeviceCodeLifespan', 'oauth2DevicePollingInterval']
  return Object.fromEntries(fields.map((field) => [field, body[field] ?? realmSettings[field]]))
}

/** Fields that are also attributes: if a body has attributes, these take precedence. */
function sessionLimits(body: RealmBody): RealmBody {
  const { attributes } = body
  if (attributes === undefined) return {}
  const fields = [
    'clientSessionIdleTimeout',
    'clientSessionMaxLifespan',
    'clientOfflineSessionIdleTimeout',
    'clientOfflineSessionMaxLifespan',
  ]
  const limits = fields.map((field): [string, unknown] => [
    field,
    body[field] ?? Number(attributes[field] ?? 0),
  ])
  const reusable = attributes['realmReusableOtpCode']
  const given = body.otpPolicyCodeReusable ?? reusable === 'true'
  return Object.fromEntries([...limits, ['otpPolicyCodeReusable', reusable !== undefined && given]])
}

/** Attributes that every PUT without them resets to the defaults. */
function ownAttributes(): Record<string, string> {
  const { realmReusableOtpCode: _kept, ...own } = realmSettings.attributes
  return own
}

function withoutOwn(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const own = ownAttributes()
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !Object.hasOwn(own, name)))
}
