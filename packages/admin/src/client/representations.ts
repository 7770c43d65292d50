/** The official client's types, by name. */
export type { default as AdminEventRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/adminEventRepresentation.js'
export type { default as ExecutionInfoRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/authenticationExecutionInfoRepresentation.js'
export type { default as ClientRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js'
export type { default as ClientScopeRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/clientScopeRepresentation.js'
export type { default as EventRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/eventRepresentation.js'
export type { default as GroupRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/groupRepresentation.js'
export type { default as MapperRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/protocolMapperRepresentation.js'
export type { default as RealmRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/realmRepresentation.js'
export type { default as RequiredActionRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/requiredActionProviderRepresentation.js'
export type {
  default as RoleRepresentation,
  RoleMappingPayload,
} from '@keycloak/keycloak-admin-client/lib/defs/roleRepresentation.js'
export type { default as UserRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js'
export type { default as UserSessionRepresentation } from '@keycloak/keycloak-admin-client/lib/defs/userSessionRepresentation.js'
