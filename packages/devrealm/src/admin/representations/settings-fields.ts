import type { Kind, Shape } from '../request/body.ts'
import { shape } from './fields.ts'

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

export interface ProfileAttribute {
  name: string
  displayName?: string
  validations?: Record<string, Record<string, unknown>>
  required?: { roles?: string[]; scopes?: string[] }
  selector?: { scopes?: string[] }
  permissions?: { view?: string[]; edit?: string[] }
  multivalued?: boolean
  group?: string
  annotations?: Record<string, unknown>
}

/** The body of `users/profile`. */
export interface Profile {
  attributes?: ProfileAttribute[]
  groups?: { name?: string }[]
  unmanagedAttributePolicy?: string
}

export const userProfileShape: Shape<Profile> = {
  name: 'UPConfig',
  members: {
    unmanagedAttributePolicy: { oneOf: ['ENABLED', 'ADMIN_EDIT', 'ADMIN_VIEW'] },
    attributes: [
      shape(
        'UPAttribute',
        { string: 'name displayName group defaultValue', boolean: 'multivalued', object: 'annotations' },
        {
          validations: { values: 'object' },
          required: shape('UPAttributeRequired', { strings: 'roles scopes' }),
          permissions: shape('UPAttributePermissions', { strings: 'view edit' }),
          selector: shape('UPAttributeSelector', { strings: 'scopes' }),
        },
      ),
    ],
    groups: [shape('UPGroup', { string: 'name displayHeader displayDescription', object: 'annotations' })],
  },
}
