import type { SessionRecord } from '../state/index.ts'

/** A session with decrypted tokens and data. */
export interface LiveSession {
  readonly record: SessionRecord
  readonly tokens: SessionTokens
  /** The service's own data, frozen; `undefined` if there is none. */
  readonly data: unknown
}

/** The encrypted content of a session's row. */
export interface SessionTokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly idToken: string | undefined
  /** When the access token was requested, in milliseconds since the epoch. */
  readonly issuedAt: number
  /** When to refresh the access token, in milliseconds since the epoch. */
  readonly refreshAt: number
  /** When the refresh token expires, if the realm said so. */
  readonly refreshExpiresAt: number | undefined
  /** The step-up that the session's login asked for. */
  readonly stepUp?: string | undefined
  /** The number of step-ups in a row that led here, each soon after the one before. */
  readonly stepUps?: number | undefined
}
