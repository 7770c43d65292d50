/** Keycloak's ClientRepresentation, with the role ids of its scope mappings. */
export interface Client {
  id: string
  clientId: string
  name?: string
  description?: string
  rootUrl?: string
  adminUrl?: string
  baseUrl?: string
  surrogateAuthRequired: boolean
  enabled: boolean
  alwaysDisplayInConsole: boolean
  clientAuthenticatorType: string
  secret?: string
  redirectUris: string[]
  webOrigins: string[]
  notBefore: number
  bearerOnly: boolean
  consentRequired: boolean
  standardFlowEnabled: boolean
  implicitFlowEnabled: boolean
  directAccessGrantsEnabled: boolean
  serviceAccountsEnabled: boolean
  publicClient: boolean
  frontchannelLogout: boolean
  protocol?: string
  attributes: Record<string, string>
  authenticationFlowBindingOverrides: Record<string, string>
  fullScopeAllowed: boolean
  nodeReRegistrationTimeout: number
  protocolMappers?: ProtocolMapper[]
  /** Names of client scopes. */
  defaultClientScopes: string[]
  optionalClientScopes: string[]
  /** Ids of the roles that tokens may have if `fullScopeAllowed` is false. */
  scopeMappings: string[]
  [member: string]: unknown
}

export interface ClientScope {
  id: string
  name: string
  description?: string
  protocol: string
  attributes: Record<string, string>
  protocolMappers?: ProtocolMapper[]
  /** Ids of roles: if there are any, only users with one of them get this scope. */
  scopeMappings: string[]
}

export interface ProtocolMapper {
  id: string
  name: string
  protocol: string
  protocolMapper: string
  consentRequired: boolean
  config: Record<string, string>
}
