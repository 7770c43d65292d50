import type { Client, ClientSession, User, UserSession } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import type { GrantedScope } from '../scopes.ts'

/** The input for tokens. */
export interface Grant {
  readonly realm: RealmStore
  readonly issuer: string
  readonly base: string
  readonly client: Readonly<Client>
  readonly user: Readonly<User>
  readonly scope: GrantedScope
  /** Seconds since the epoch. */
  readonly now: number
  /** Keycloak's abbreviation of the grant in the access token's id; `na` for one without a token request. */
  readonly type: 'ac' | 'ro' | 'cc' | 'rt' | 'te' | 'dg' | 'na'
  /** Absent for client credentials: there is no session. */
  readonly session?: Readonly<UserSession>
  readonly clientSession?: ClientSession
  readonly offline?: boolean
  /** The thumbprint of the key that the tokens are bound to (RFC 9449); undefined without a proof. */
  readonly jkt: string | undefined
  /** Notes for the claims of a service account token. */
  readonly notes?: Record<string, string>
  /** Whether the session does not list the client. Default: false. */
  readonly isTransient?: boolean
  /** In seconds, instead of the setting of the client or the realm. */
  readonly lifespan?: number | undefined
  /** Default: true if there is a session. */
  readonly hasRefreshToken?: boolean
  /** Default: true if the scope has `openid`. */
  readonly hasIdToken?: boolean
  /** The only audiences of the access token. Default: all that the mappers add. */
  readonly audiences?: readonly string[] | undefined
  /** The chain of refresh tokens that this one continues. */
  readonly reuseId?: string
}
