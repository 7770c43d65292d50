export interface User {
  id: string
  /** In lower case, as in Keycloak. */
  username: string
  enabled: boolean
  emailVerified: boolean
  firstName?: string
  lastName?: string
  email?: string
  attributes?: Attributes
  createdTimestamp: number
  requiredActions: string[]
  notBefore: number
  credentials: Credential[]
  /** Ids of the roles mapped directly to the user, without those from groups and composites. */
  roles: string[]
  /** Ids of groups. */
  groups: string[]
  /** What the user granted to clients that require consent, by the client's id. */
  consents?: Record<string, Consent>
  /** The id of the client whose service account this is. */
  serviceAccountClientId?: string
}

/** Times are milliseconds since the epoch. */
export interface Consent {
  /** Ids of client scopes, and of the client itself. */
  granted: string[]
  createdDate: number
  lastUpdatedDate: number
}

/** Keycloak's CredentialRepresentation as exported: `secretData` and `credentialData` are JSON strings. */
export interface Credential {
  id: string
  type: 'password' | 'otp'
  userLabel?: string
  createdDate: number
  secretData: string
  credentialData: string
}

/** A realm role, or a client's role when `clientId` (the client's id, not its name) is set. */
export interface Role {
  id: string
  name: string
  description?: string
  clientId?: string
  /** Ids of the composite's roles. */
  composites: string[]
  attributes: Attributes
}

export interface Group {
  id: string
  name: string
  description?: string
  parentId?: string
  attributes: Attributes
  /** Ids of the roles of members. */
  roles: string[]
}

export type Attributes = Record<string, string[]>
