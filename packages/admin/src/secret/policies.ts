import type { Change } from '../changes/index.ts'
import type { Admin } from '../client/index.ts'
import { runSteps, type StepChange } from '../edit/index.ts'
import type { SecretState } from './state.ts'

type Api = Admin['client']['clientPolicies']
export type Policy = NonNullable<Awaited<ReturnType<Api['listPolicies']>>['policies']>[number]
export type Profile = NonNullable<Awaited<ReturnType<Api['listProfiles']>>['profiles']>[number]
export type Condition = NonNullable<Policy['conditions']>[number]
export type Executor = NonNullable<Profile['executors']>[number]
export type Client = SecretState['client']

/** The realm's client policies and profiles; with those that every realm has, on request. */
export async function readPolicies(
  { client: { clientPolicies } }: Admin,
  global: boolean,
): Promise<{ policies: readonly Policy[]; profiles: readonly Profile[] }> {
  const [policies, profiles] = await Promise.all([
    clientPolicies.listPolicies({ includeGlobalPolicies: global }),
    clientPolicies.listProfiles({ includeGlobalProfiles: global }),
  ])
  return {
    policies: [...(policies.globalPolicies ?? []), ...(policies.policies ?? [])],
    profiles: [...(profiles.globalProfiles ?? []), ...(profiles.profiles ?? [])],
  }
}

/** Seconds that an executor lets an old and a new secret live; undefined if it is another executor. */
export function periodsOf({
  executor,
  configuration = {},
}: Executor): { old: number; new: number } | undefined {
  if (executor !== 'secret-rotation') return undefined
  const given = configuration as Readonly<Record<string, unknown>>
  return { old: Number(given['rotated-expiration-period']), new: Number(given['expiration-period']) }
}

const name = 'cloakwright-secret-rotation'
/** Marks the clients that the policy covers. */
const marker = 'cloakwright.secret.rotation'

const day = 86_400
/**
 * A secret under such a policy ends by itself, and whoever uses it then stands still: as late as Keycloak's clock can count
 * safely (it adds the seconds to a time in 32 bits). The old one has two days, Keycloak's own default.
 */
const configuration = {
  'expiration-period': 5 * 365 * day,
  'rotated-expiration-period': 2 * day,
  'remaining-rotation-period': 10 * day,
}

/**
 * Sets up two live secrets for this client alone: a profile and a policy `cloakwright-secret-rotation`, which other
 * clients come under only by an attribute, and that attribute at this client. Whatever else the realm has stays as it is.
 */
export async function setUpOverlap(admin: Admin, client: Client): Promise<readonly Change[]> {
  const { client: api, realm } = admin
  const { policies, profiles } = await readPolicies(admin, false)
  const changes: Change[] = []
  const make = async (change: StepChange, run: () => Promise<unknown>): Promise<void> => {
    changes.push(...(await runSteps(admin, [{ changes: [change], run }])))
  }
  if (!profiles.some((profile) => profile.name === name)) {
    const profile = { name, executors: [{ executor: 'secret-rotation', configuration }] }
    await make(
      { ...update('realm', realm), fields: ['clientProfiles'], after: { clientProfiles: [profile] } },
      () => api.clientPolicies.createProfiles({ profiles: [...profiles, profile] }),
    )
  }
  if (!policies.some((policy) => policy.name === name && policy.enabled === true)) {
    const attributes = JSON.stringify([{ key: marker, value: 'true' }])
    const policy = {
      name,
      enabled: true,
      conditions: [{ condition: 'client-attributes', configuration: { attributes } }],
      profiles: [name],
    }
    const others = policies.filter((other) => other.name !== name)
    await make(
      { ...update('realm', realm), fields: ['clientPolicies'], after: { clientPolicies: [policy] } },
      () => api.clientPolicies.updatePolicy({ policies: [...others, policy] }),
    )
  }
  if (client.attributes?.[marker] !== 'true') {
    const { id, clientId } = client
    const field = `attributes.${marker}`
    const before = { [field]: client.attributes?.[marker] }
    await make(
      { ...update('client', clientId), id, fields: [field], before, after: { [field]: 'true' } },
      // Keycloak merges a client's attributes, and keeps the members that are not sent.
      () => api.clients.update({ id }, { clientId, attributes: { [marker]: 'true' } }),
    )
  }
  return changes
}

function update(kind: 'realm' | 'client', name: string) {
  return { action: 'update', kind, name } as const
}
