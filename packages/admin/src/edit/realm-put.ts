import type { RealmRepresentation } from '../client/index.ts'

/**
 * What a PUT of a realm must have in addition to the fields to set, or Keycloak resets it to its defaults: always the attributes, with
 * the lifespans of pushed authorization requests and CIBA among them, and the device grant's; and of each policy that
 * a field is part of, the rest.
 */
export function keptInPut(current: RealmRepresentation, fields: readonly string[]): RealmRepresentation {
  const touched = new Set(fields.map(policyOf))
  const kept = Object.entries(current).filter(([field]) => {
    const policy = policyOf(field)
    return policy === 'always' || (policy !== undefined && touched.has(policy))
  })
  return Object.fromEntries(kept)
}

const always: ReadonlySet<string> = new Set([
  'attributes',
  'oauth2DeviceCodeLifespan',
  'oauth2DevicePollingInterval',
])

/** The longest first: the policy for passkeys begins as that for second factors does. */
const policies = ['webAuthnPolicyPasswordless', 'webAuthnPolicy', 'otpPolicy'] as const

function policyOf(field: string): string | undefined {
  return always.has(field) ? 'always' : policies.find((policy) => field.startsWith(policy))
}
