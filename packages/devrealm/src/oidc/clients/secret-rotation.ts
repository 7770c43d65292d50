import { type RealmContext, seconds } from '../../context/index.ts'
import type { Client } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'

/** Keycloak's feature, off by default. */
export const secretRotation = 'client-secret-rotation'

/** The configuration of an executor `secret-rotation` in a client profile, in seconds. */
export interface Rotation {
  readonly expiration: number
  readonly rotatedExpiration: number
}

const rotatedNames = [
  'client.secret.rotated',
  'client.secret.rotated.creation.time',
  'client.secret.rotated.expiration.time',
] as const
const [rotatedSecret, rotatedCreation, rotatedExpiration] = rotatedNames
const creation = 'client.secret.creation.time'
const expiration = 'client.secret.expiration.time'

/** The rotation from the realm's client policies: the last enabled policy whose conditions the client meets. */
export function rotationOf(
  context: RealmContext,
  realm: RealmStore,
  client: Readonly<Client>,
): Rotation | undefined {
  if (!context.features.has(secretRotation) || client.publicClient || client.bearerOnly) return undefined
  const { profiles = [] } = realm.info['clientProfiles'] as { profiles?: Profile[] }
  const { policies = [] } = realm.info['clientPolicies'] as { policies?: ClientPolicy[] }
  const executors = policies
    .filter((policy) => policy.enabled === true && covers(policy, realm, client))
    .flatMap((policy) => policy.profiles ?? [])
    .flatMap((name) => profiles.find((profile) => profile.name === name)?.executors ?? [])
  const configuration = executors.findLast(({ executor }) => executor === 'secret-rotation')?.configuration
  return configuration === undefined ? undefined : toRotation(configuration)
}

interface Profile {
  readonly name?: string
  readonly executors?: readonly { executor?: string; configuration?: Record<string, unknown> }[]
}

interface ClientPolicy {
  readonly enabled?: boolean
  readonly conditions?: readonly { condition?: string; configuration?: Record<string, unknown> }[]
  readonly profiles?: readonly string[]
}

/** Whether Keycloak accepts an executor's configuration; undefined if a missing period makes it fail. */
export function isValidRotation(configuration: Readonly<Record<string, unknown>> = {}): boolean | undefined {
  const [all, rotated, remaining] = periods.map((name) => configuration[name])
  if (all === undefined || rotated === undefined || remaining === undefined) return undefined
  return Number(all) > 0 && Number(rotated) <= Number(all) && Number(remaining) <= Number(all)
}

const periods = ['expiration-period', 'rotated-expiration-period', 'remaining-rotation-period'] as const

function toRotation(configuration: Readonly<Record<string, unknown>>): Rotation {
  const [all, rotated] = periods.map((name) => Number(configuration[name]))
  return { expiration: all ?? 0, rotatedExpiration: rotated ?? 0 }
}

/** No condition may be false, and one must be true. Conditions that do not apply to a client change are neither. */
function covers({ conditions = [] }: ClientPolicy, realm: RealmStore, client: Readonly<Client>): boolean {
  const votes = conditions.map(({ condition, configuration = {} }) => {
    const vote = voteOf(condition, configuration, realm, client)
    return configuration['is-negative-logic'] === true && vote !== undefined ? !vote : vote
  })
  return votes.includes(true) && !votes.includes(false)
}

function voteOf(
  condition: string | undefined,
  configuration: Readonly<Record<string, unknown>>,
  realm: RealmStore,
  client: Readonly<Client>,
): boolean | undefined {
  const list = (name: string): unknown[] => {
    const value = configuration[name]
    return Array.isArray(value) ? value : []
  }
  switch (condition) {
    case 'any-client':
      return true
    case 'client-access-type':
      return list('type').includes('confidential')
    case 'client-roles':
      return realm.rolesOfClient.all(client.id).some((role) => list('roles').includes(role.name))
    case 'client-attributes':
      return attributesOf(configuration['attributes']).every(
        ({ key, value }) => client.attributes[key] === value,
      )
    case undefined:
    default:
      return undefined
  }
}

/** Conditions are stored unchecked: an invalid one has no attributes. */
function attributesOf(text: unknown): { key: string; value: string }[] {
  let list: unknown
  try {
    list = JSON.parse(typeof text === 'string' ? text : '[]')
  } catch {
    return []
  }
  const isAttribute = (each: unknown): each is { key: string; value: string } =>
    typeof each === 'object' && each !== null
  return Array.isArray(list) ? (list as unknown[]).filter(isAttribute) : []
}

/** The attributes of a client after a new secret replaces `old`. */
export function rotated(
  client: Readonly<Client>,
  old: string | undefined,
  rotation: Rotation | undefined,
  now: number,
): Record<string, string> {
  const attributes: Record<string, string> = { ...withoutRotated(client), [creation]: String(now) }
  if (rotation === undefined) {
    delete attributes[expiration]
    return attributes
  }
  attributes[expiration] = String(now + rotation.expiration)
  if (rotation.rotatedExpiration <= 0 || old === undefined) return attributes
  return {
    ...attributes,
    [rotatedSecret]: old,
    [rotatedCreation]: String(now),
    [rotatedExpiration]: String(now + rotation.rotatedExpiration),
  }
}

/** The client's attributes without its old secret. */
export function withoutRotated({ attributes }: Readonly<Client>): Record<string, string> {
  const names: readonly string[] = rotatedNames
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)))
}

/** The old secret; it stays stored after it expires. */
export function rotatedSecretOf({ attributes }: Readonly<Client>): string | undefined {
  return attributes[rotatedSecret]
}

/** The currently valid secrets of the client. */
export function liveSecrets(
  context: RealmContext,
  realm: RealmStore,
  client: Readonly<Client>,
  now: number,
): string[] {
  const { attributes, secret } = client
  const isOver = (time: string | undefined): boolean => time !== undefined && Number(time) < now
  const old = attributes[rotatedExpiration] === undefined ? undefined : attributes[rotatedSecret]
  return [
    // The current secret expires only under an active policy.
    isOver(attributes[expiration]) && rotationOf(context, realm, client) !== undefined ? undefined : secret,
    isOver(attributes[rotatedExpiration]) ? undefined : old,
  ].filter((each) => each !== undefined && each !== '') as string[]
}

/** Sets the expiry of a client's secret under a rotation policy, if it has none. */
export function startRotation(context: RealmContext, realm: RealmStore, client: Readonly<Client>): void {
  const rotation = rotationOf(context, realm, client)
  if (rotation === undefined || client.attributes[expiration] !== undefined) return
  const end = String(seconds(context) + rotation.expiration)
  realm.clients.put({ ...client, attributes: { ...client.attributes, [expiration]: end } })
}
