import type { Admin } from '../client/index.ts'
import {
  type Client,
  type Condition,
  type Policy,
  type Profile,
  periodsOf,
  readPolicies,
} from './policies.ts'

/** Whether a client can have two live secrets, the old one next to the new. */
export type Overlap =
  | {
      readonly possible: true
      /** Seconds that the old secret lives on, unless it is revoked before. */
      readonly oldLives: number
      /** Seconds that a new secret lives. */
      readonly newLives: number
    }
  | {
      readonly possible: false
      /** What is missing: the server's feature, a client policy for this client, or a life for the old secret in that policy. */
      readonly missing: 'feature' | 'policy' | 'period'
      readonly why: string
      /** How to set it up. */
      readonly hint: string
    }

/**
 * Finds out whether Keycloak would keep a client's old secret when it gets a new one: the server's feature
 * `client-secret-rotation` is on, and an enabled client policy with the executor `secret-rotation` covers the client.
 *
 * A condition that this does not know counts as "no": a wrong "yes" would be an outage.
 */
export async function findOverlap(admin: Admin, client: Client): Promise<Overlap> {
  if (!(await hasFeature(admin))) {
    return {
      possible: false,
      missing: 'feature',
      why: 'the feature client-secret-rotation is not enabled on the server',
      hint: 'Start Keycloak with --features=client-secret-rotation, and add a client policy with the executor secret-rotation.',
    }
  }
  const { policies, profiles } = await readPolicies(admin, true)
  const roles = new Set((await admin.client.clients.listRoles({ id: client.id })).map(({ name }) => name))
  const votes = policies
    .filter((policy) => policy.enabled === true)
    .map((policy) => ({ periods: periodsIn(policy, profiles), unknown: unknownIn(policy), policy }))
    .filter(({ periods }) => periods !== undefined)
  const periods = votes.findLast(
    ({ policy, unknown }) => unknown.length === 0 && covers(policy, client, roles),
  )?.periods
  if (periods === undefined) {
    const unknown = [...new Set(votes.flatMap((vote) => vote.unknown))]
    const unsure =
      unknown.length === 0 ? '' : ` (the condition ${unknown.join(', ')} cannot be evaluated here)`
    return {
      possible: false,
      missing: 'policy',
      why: `no client policy with the executor secret-rotation applies to the client${unsure}`,
      hint: 'Allow the rotation to set up the policy for this client, or add one in Realm settings, Client policies.',
    }
  }
  if (periods.old <= 0) {
    return {
      possible: false,
      missing: 'period',
      why: 'the client policy ends the old secret at once (rotated-expiration-period is 0)',
      hint: 'Set the period in the profile: Realm settings, Client policies, Profiles.',
    }
  }
  return { possible: true, oldLives: periods.old, newLives: periods.new }
}

const feature = 'CLIENT_SECRET_ROTATION'

async function hasFeature({ client }: Admin): Promise<boolean> {
  const { features, profileInfo } = await client.serverInfo.find()
  const listed = features?.find(({ name }) => name === feature)
  if (listed !== undefined) return listed.enabled === true
  // Older servers list what is off only.
  const { previewFeatures = [], disabledFeatures = [] } = profileInfo ?? {}
  return previewFeatures.includes(feature) && !disabledFeatures.includes(feature)
}

function periodsIn(
  { profiles: names = [] }: Policy,
  profiles: readonly Profile[],
): { old: number; new: number } | undefined {
  return names
    .map((name) => profiles.find((profile) => profile.name === name))
    .flatMap((profile) => profile?.executors ?? [])
    .map(periodsOf)
    .findLast((periods) => periods !== undefined)
}

/** Conditions that say nothing when a client is changed: Keycloak ignores them then. */
const passedOver = new Set(['grant-type', 'acr-condition', 'identity-provider-alias'])
const known = new Set(['any-client', 'client-access-type', 'client-attributes', 'client-roles'])

function unknownIn({ conditions = [] }: Policy): string[] {
  return conditions
    .map(({ condition = '' }) => condition)
    .filter((condition) => !known.has(condition) && !passedOver.has(condition))
}

/** As Keycloak counts: no one says no, and someone says yes. */
function covers({ conditions = [] }: Policy, client: Client, roles: ReadonlySet<unknown>): boolean {
  const votes = conditions
    .filter(({ condition = '' }) => known.has(condition))
    .map((condition) => isMet(condition, client, roles) !== isNegative(condition))
  return votes.length > 0 && votes.every(Boolean)
}

function isNegative({ configuration }: Condition): boolean {
  return (configuration as Record<string, unknown> | undefined)?.['is-negative-logic'] === true
}

function isMet(
  { condition, configuration = {} }: Condition,
  client: Client,
  roles: ReadonlySet<unknown>,
): boolean {
  const given = configuration as Readonly<Record<string, unknown>>
  const list = (name: string): readonly unknown[] => (Array.isArray(given[name]) ? given[name] : [])
  if (condition === 'any-client') return true
  if (condition === 'client-access-type') {
    return list('type').includes(client.bearerOnly === true ? 'bearer-only' : 'confidential')
  }
  if (condition === 'client-roles') return list('roles').some((role) => roles.has(role))
  return hasAttributes(given['attributes'], client)
}

/** `client-attributes` holds its pairs as JSON in a text. What can't be read covers no one. */
function hasAttributes(text: unknown, { attributes }: Client): boolean {
  try {
    const pairs = JSON.parse(String(text)) as readonly { key: string; value: unknown }[]
    return pairs.every(({ key, value }) => attributes?.[key] === value)
  } catch {
    return false
  }
}
