/** A login: what a token's `sid` names. Offline sessions are kept apart, under the same id. */
export interface UserSession {
  id: string
  userId: string
  ipAddress: string
  start: number
  lastAccess: number
  rememberMe: boolean
  notes: Record<string, string>
  /** By the client's id. */
  clients: Record<string, ClientSession>
}

/** A client's part in a login. Times are seconds since the epoch. */
export interface ClientSession {
  /** Names this part of the session in authorization codes. */
  id: string
  /** The client's id. */
  clientId: string
  start: number
  /** When this client last took tokens. */
  refreshed: number
  scope: string
  notes: Record<string, string>
  /** For realms that revoke refresh tokens, by the chain's id: the token last used, how often, and when. */
  refreshTokens?: Record<string, { id: string; uses: number; usedAt: number }>
}

/** An access token that was revoked before its end. `id` is its `jti`. */
export interface RevokedToken {
  id: string
  expiresAt: number
}
