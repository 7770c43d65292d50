import { type Kind, type Shape, shape } from '../body/index.ts'

export interface ClientProfileBody {
  name?: string
  executors?: { executor?: string; configuration?: Record<string, unknown> }[]
}

export interface ClientPolicyBody {
  name?: string
  conditions?: { condition?: string; configuration?: Record<string, unknown> }[]
  profiles?: string[]
}

const profile: Kind = shape(
  'ClientProfileRepresentation',
  { string: 'name description' },
  {
    executors: [shape('ClientPolicyExecutorRepresentation', { string: 'executor', object: 'configuration' })],
  },
)

const policy: Kind = shape(
  'ClientPolicyRepresentation',
  { string: 'name description mode', boolean: 'enabled', strings: 'profiles' },
  {
    conditions: [
      shape('ClientPolicyConditionRepresentation', { string: 'condition', object: 'configuration' }),
    ],
  },
)

export const clientProfilesShape: Shape<{ profiles?: ClientProfileBody[] }> = {
  name: 'ClientProfilesRepresentation',
  members: { profiles: [profile], globalProfiles: [profile] },
}

export const clientPoliciesShape: Shape<{ policies?: ClientPolicyBody[] }> = {
  name: 'ClientPoliciesRepresentation',
  members: { policies: [policy], globalPolicies: [policy] },
}
