import type {
  Attributes,
  Client,
  ClientScope,
  Group,
  ProtocolMapper,
  RequiredAction,
} from '../../model/index.ts'
import type { Kind, Shape } from '../request/body.ts'

/** What a password or another credential is set with. */
export interface CredentialBody {
  id?: string
  type?: string
  value?: string
  temporary?: boolean
  userLabel?: string
  createdDate?: number
  secretData?: string
  credentialData?: string
  /** The form of old exports, with `salt`, `algorithm` and so on beside it. */
  hashedSaltedValue?: string
  salt?: string
  algorithm?: string
  hashIterations?: number
  digits?: number
  counter?: number
  period?: number
}

export interface UserBody {
  id?: string
  username?: string
  firstName?: string
  lastName?: string
  email?: string
  emailVerified?: boolean
  enabled?: boolean
  attributes?: Attributes
  createdTimestamp?: number
  requiredActions?: string[]
  credentials?: CredentialBody[]
  realmRoles?: string[]
  clientRoles?: Record<string, string[]>
  groups?: string[]
  serviceAccountClientId?: string
}

export interface RoleBody {
  id?: string
  name?: string
  description?: string
  attributes?: Attributes
  composites?: { realm?: string[]; client?: Record<string, string[]> }
}

export interface GroupBody extends Partial<Omit<Group, 'roles'>> {
  path?: string
  subGroups?: GroupBody[]
  realmRoles?: string[]
  clientRoles?: Record<string, string[]>
}

export type MapperBody = Partial<ProtocolMapper>
/** The members that a type names, all optional: an index signature would swallow them. */
export type Known<T> = { [K in keyof T as string extends K ? never : K]?: T[K] }

export type ClientBody = Omit<Known<Client>, 'protocolMappers' | 'attributes'> & {
  protocolMappers?: MapperBody[]
  attributes?: Record<string, string | null>
}
export type ClientScopeBody = Omit<Partial<ClientScope>, 'protocolMappers'> & {
  protocolMappers?: MapperBody[]
}

/** Names of members by their kind. */
type Members = Partial<Record<Extract<Kind, string>, string>>

export function shape<Body>(name: string, members: Members, more: Record<string, Kind> = {}): Shape<Body> {
  const kinds = Object.entries(members).flatMap(([kind, names]: [string, string]) =>
    names.split(/\s+/).map((member) => [member, kind] as const),
  )
  return { name, members: { ...Object.fromEntries(kinds), ...more } as Record<string, Kind> }
}

/** The body is a list of the representation. */
export function listOf<Body>(item: Shape<Body>, optional = false): Shape<Body[]> {
  return { name: item.name, members: item.members, list: true, optional }
}

export const credentialShape: Shape<CredentialBody> = shape('CredentialRepresentation', {
  string: `id type userLabel secretData credentialData value device hashedSaltedValue salt algorithm federationLink`,
  boolean: 'temporary',
  number: 'priority hashIterations counter digits period',
  long: 'createdDate',
  lists: 'config',
})

export const userShape: Shape<UserBody> = shape(
  'UserRepresentation',
  {
    string: 'id username firstName lastName email self origin federationLink serviceAccountClientId',
    boolean: 'emailVerified enabled totp',
    number: 'notBefore',
    long: 'createdTimestamp',
    strings: 'disableableCredentialTypes requiredActions realmRoles groups',
    attributes: 'attributes',
    lists: 'clientRoles applicationRoles',
    object: 'userProfileMetadata',
  },
  {
    credentials: [credentialShape],
    access: { values: 'boolean' },
    verifiableCredentials: ['object'],
    federatedIdentities: [
      shape('FederatedIdentityRepresentation', { string: 'identityProvider userId userName' }),
    ],
    socialLinks: [
      shape('SocialLinkRepresentation', { string: 'socialProvider socialUserId socialUsername' }),
    ],
    clientConsents: [
      shape('UserConsentRepresentation', {
        string: 'clientId',
        strings: 'grantedClientScopes grantedRealmRoles',
        long: 'createdDate lastUpdatedDate',
      }),
    ],
  },
)

export const roleShape: Shape<RoleBody> = shape(
  'RoleRepresentation',
  {
    string: 'id name description containerId',
    boolean: 'scopeParamRequired composite clientRole',
    attributes: 'attributes',
  },
  {
    composites: shape('Composites', { strings: 'realm', lists: 'client application' }),
  },
)

const groupMembers: Record<string, Kind> = {}
export const groupShape: Shape<GroupBody> = { name: 'GroupRepresentation', members: groupMembers }
Object.assign(
  groupMembers,
  shape('', {
    string: 'id name description path parentId',
    long: 'subGroupCount',
    attributes: 'attributes',
    strings: 'realmRoles',
    lists: 'clientRoles',
  }).members,
  { subGroups: [groupShape], access: { values: 'boolean' } },
)

export const mapperShape: Shape<MapperBody> = shape('ProtocolMapperRepresentation', {
  string: 'id name protocol protocolMapper consentText',
  boolean: 'consentRequired',
  map: 'config',
})

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

/** The one representation of which Keycloak reads what it knows and passes over the rest. */
export const clientScopeShape: Shape<ClientScopeBody> = {
  ...shape(
    'ClientScopeRepresentation',
    { string: 'id name description protocol', map: 'attributes' },
    { protocolMappers: [mapperShape] },
  ),
  lenient: true,
}

export const requiredActionShape: Shape<Partial<RequiredAction>> = shape(
  'RequiredActionProviderRepresentation',
  {
    string: 'alias name providerId',
    boolean: 'enabled defaultAction',
    number: 'priority',
    map: 'config',
  },
)

export const eventsConfigShape: Shape<Record<string, unknown>> = shape('RealmEventsConfigRepresentation', {
  boolean: 'eventsEnabled adminEventsEnabled adminEventsDetailsEnabled',
  long: 'eventsExpiration',
  strings: 'eventsListeners enabledEventTypes',
})

export const textListShape: Shape<string[]> = { name: 'List', members: {}, texts: true }
