import type { Client } from '../../model/index.ts'
import { type Known, type Shape, shape } from '../body/index.ts'
import type { Access } from '../request/index.ts'
import { type MapperBody, mapperShape } from './protocol-mapper.ts'

export type ClientBody = Omit<Known<Client>, 'protocolMappers' | 'attributes'> & {
  protocolMappers?: MapperBody[]
  attributes?: Record<string, string | null>
}

export const clientShape: Shape<ClientBody> = shape(
  'ClientRepresentation',
  {
    string: `id clientId name description type rootUrl adminUrl baseUrl clientAuthenticatorType secret registrationAccessToken
      protocol clientTemplate origin`,
    boolean: `surrogateAuthRequired enabled alwaysDisplayInConsole bearerOnly consentRequired standardFlowEnabled implicitFlowEnabled
      directAccessGrantsEnabled serviceAccountsEnabled authorizationServicesEnabled directGrantsOnly publicClient frontchannelLogout
      fullScopeAllowed useTemplateConfig useTemplateScope useTemplateMappers`,
    number: 'notBefore nodeReRegistrationTimeout',
    strings: 'defaultRoles redirectUris webOrigins defaultClientScopes optionalClientScopes',
    map: 'attributes authenticationFlowBindingOverrides',
  },
  {
    protocolMappers: [mapperShape],
    registeredNodes: { values: 'number' },
    access: { values: 'boolean' },
    authorizationSettings: shape(
      'ResourceServerRepresentation',
      {
        string: 'id clientId name policyEnforcementMode decisionStrategy',
        boolean: 'allowRemoteResourceManagement',
        object: 'authorizationSchema',
      },
      { resources: ['object'], policies: ['object'], scopes: ['object'] },
    ),
  },
)

const clientMembers =
  `id clientId name description type rootUrl adminUrl baseUrl surrogateAuthRequired enabled alwaysDisplayInConsole
  clientAuthenticatorType secret redirectUris webOrigins notBefore bearerOnly consentRequired standardFlowEnabled implicitFlowEnabled
  directAccessGrantsEnabled serviceAccountsEnabled authorizationServicesEnabled publicClient frontchannelLogout protocol attributes
  authenticationFlowBindingOverrides fullScopeAllowed nodeReRegistrationTimeout registeredNodes protocolMappers defaultClientScopes
  optionalClientScopes`.split(/\s+/)

/** ClientRepresentation. The realm's own management client cannot be configured. */
export function clientOf(client: Readonly<Client>, access: Access): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const member of clientMembers) {
    const value = client[member]
    const isEmpty =
      (member === 'protocolMappers' && client.protocolMappers?.length === 0) ||
      (member === 'authorizationServicesEnabled' && value !== true)
    if (value !== undefined && !isEmpty && !(member === 'secret' && client.publicClient))
      shown[member] = value
  }
  const manage = access.has('manage-clients') && client.clientId !== 'realm-management'
  return { ...shown, access: { view: true, configure: manage, manage } }
}
