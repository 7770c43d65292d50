import type { RealmKind } from '../../changes/index.ts'
import type { ClientRepresentation } from '../../client/index.ts'
import type { RoleNames } from '../../lookup/index.ts'
import type { RealmSettings } from './model-settings.ts'

/**
 * A realm as data. The names are Keycloak's own.
 *
 * A definition is partial: what it does not mention stays as it is, and nothing is ever deleted. A list that it does
 * mention (`redirectUris`) is the whole list; a map (`attributes`) is merged by key; roles, groups, scopes and mappers
 * that it gives are added to those that are there.
 */
export interface RealmDefinition extends RealmSettings {
  /** The realm's name. */
  readonly realm: string
  readonly roles?: {
    readonly realm?: readonly RoleDefinition[]
    /** By client id. */
    readonly client?: Readonly<Record<string, readonly RoleDefinition[]>>
  }
  readonly clientScopes?: readonly ClientScopeDefinition[]
  readonly clients?: readonly ClientDefinition[]
  readonly groups?: readonly GroupDefinition[]
  readonly users?: readonly UserDefinition[]
  readonly authenticationFlows?: readonly FlowDefinition[]
  readonly requiredActions?: readonly RequiredActionDefinition[]
}

export interface RoleDefinition {
  readonly name: string
  readonly description?: string
  readonly attributes?: Readonly<Record<string, readonly string[]>>
  /** Roles that this one brings with it. */
  readonly composites?: RoleNames
}

export interface MapperDefinition {
  readonly name: string
  /** Default: `openid-connect`. */
  readonly protocol?: string
  /** The mapper's type: `oidc-audience-mapper`. */
  readonly protocolMapper: string
  readonly config?: Readonly<Record<string, string>>
}

export interface ClientScopeDefinition {
  readonly name: string
  readonly description?: string
  /** Default: `openid-connect`. */
  readonly protocol?: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly protocolMappers?: readonly MapperDefinition[]
}

type ClientSetting =
  | 'adminUrl'
  | 'alwaysDisplayInConsole'
  | 'baseUrl'
  | 'bearerOnly'
  | 'clientAuthenticatorType'
  | 'consentRequired'
  | 'description'
  | 'directAccessGrantsEnabled'
  | 'enabled'
  | 'frontchannelLogout'
  | 'fullScopeAllowed'
  | 'implicitFlowEnabled'
  | 'name'
  | 'protocol'
  | 'publicClient'
  | 'rootUrl'
  | 'serviceAccountsEnabled'
  | 'standardFlowEnabled'

export interface ClientDefinition extends Readonly<Pick<ClientRepresentation, ClientSetting>> {
  readonly clientId: string
  /** The secret of a confidential client. Compared with the live one; shown nowhere. */
  readonly secret?: string
  readonly redirectUris?: readonly string[]
  readonly webOrigins?: readonly string[]
  readonly attributes?: Readonly<Record<string, string>>
  readonly protocolMappers?: readonly MapperDefinition[]
  /** Added to those that the realm gives to each client. */
  readonly defaultClientScopes?: readonly string[]
  readonly optionalClientScopes?: readonly string[]
}

export interface GroupDefinition {
  readonly name: string
  readonly attributes?: Readonly<Record<string, readonly string[]>>
  readonly roles?: RoleNames
  readonly subGroups?: readonly GroupDefinition[]
}

export interface UserDefinition {
  /** At least 3 characters, in lower case: Keycloak keeps no other. */
  readonly username: string
  /**
   * Set when the user is created, or has no password. An existing password is not compared, for that would take a login,
   * and is not overwritten, for it may be the user's own. A user with a password needs e-mail, first and last name.
   */
  readonly password?: string
  readonly email?: string
  readonly emailVerified?: boolean
  /** Default of Keycloak: false; of this definition: true. */
  readonly enabled?: boolean
  readonly firstName?: string
  readonly lastName?: string
  readonly attributes?: Readonly<Record<string, readonly string[]>>
  readonly roles?: RoleNames
  /** Paths: `/staff/editors`. */
  readonly groups?: readonly string[]
}

export type Requirement = 'REQUIRED' | 'ALTERNATIVE' | 'CONDITIONAL' | 'DISABLED'

/** An authentication flow. Of Keycloak's built-in flows only requirements and settings can be changed. */
export interface FlowDefinition {
  readonly alias: string
  readonly description?: string
  /** `client-flow` for what clients authenticate by. Default: `basic-flow`. */
  readonly provider?: 'basic-flow' | 'client-flow'
  /** In the order in which they run. */
  readonly executions: readonly ExecutionDefinition[]
}

/** A step of a flow: an authenticator, or a flow within it. */
export type ExecutionDefinition = AuthenticatorDefinition | SubFlowDefinition

export interface AuthenticatorDefinition {
  /** The provider: `auth-otp-form`. */
  readonly authenticator: string
  readonly requirement: Requirement
  readonly config?: { readonly alias: string; readonly config: Readonly<Record<string, string>> }
}

export interface SubFlowDefinition {
  /** The alias of the flow within, unique in the realm. */
  readonly flow: string
  readonly description?: string
  /** The provider of a form, whose executions are form actions: `registration-page-form`. */
  readonly form?: string
  readonly requirement: Requirement
  readonly executions: readonly ExecutionDefinition[]
}

export interface RequiredActionDefinition {
  /** `CONFIGURE_TOTP`, `VERIFY_EMAIL`, … */
  readonly alias: string
  readonly enabled?: boolean
  /** Asked of every new user. */
  readonly defaultAction?: boolean
  readonly priority?: number
}

/** One change that applying a definition makes, or has made. Holds no value, and so no secret. */
export interface RealmChange {
  readonly action: 'create' | 'update'
  readonly kind: RealmKind
  /** The object's name in the realm: a client id, a user name, a group's path. */
  readonly name: string
  /** The fields that differ, for an update: `redirectUris`, `attributes.pkce.code.challenge.method`. */
  readonly fields: readonly string[]
}

/** A change of a plan with its values, as far as they may be shown: of a secret, there is only the mask `**********`. */
export interface RealmChangeDetail extends RealmChange {
  /** By the names in `fields`; `null` where there is none. Empty for what is created. */
  readonly before: Readonly<Record<string, unknown>>
  /** By the names in `fields`; of what is created, the object as the definition has it. */
  readonly after: Readonly<Record<string, unknown>>
}
