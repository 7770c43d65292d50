/** A user session, the `sid` of a token. Offline sessions are stored separately under the same id. */
export interface UserSession {
  id: string
  userId: string
  ipAddress: string
  start: number
  lastAccess: number
  rememberMe: boolean
  notes: Record<string, string>
  /** Keyed by the client's id. */
  clients: Record<string, ClientSession>
}

/** A client session. Times are seconds since the epoch. */
export interface ClientSession {
  /** Identifies the client session in authorization codes. */
  id: string
  /** The client's id. */
  clientId: string
  start: number
  /** When this client last got tokens. */
  refreshed: number
  scope: string
  /** The issuer of its tokens, for its logout token. Absent in sessions that an older version stored. */
  issuer?: string
  notes: Record<string, string>
  /** Whether the login that began the user session was for offline access of this client. */
  isOfflineLogin?: boolean
  /** For realms that revoke refresh tokens: the last used token per chain, how often and when it was used. */
  refreshTokens?: Record<string, { id: string; uses: number; usedAt: number }>
}

/** An access token that was revoked before it expired. `id` is its `jti`. */
export interface RevokedToken {
  id: string
  expiresAt: number
}
