/** A session as it is kept: tokens only ever encrypted, times in milliseconds since the epoch. */
export interface SessionRecord {
  /** SHA-256 of the cookie's value, base64url: who reads the table can't become a user. */
  readonly key: string
  readonly issuer: string
  readonly clientId: string
  /** The provider's session id. */
  readonly sid: string | undefined
  readonly subject: string
  readonly tokens: SealedTokens
  readonly createdAt: number
  readonly lastSeenAt: number
  /** When the session ends unless it is used again; never after {@link absoluteExpiresAt}. */
  readonly expiresAt: number
  readonly absoluteExpiresAt: number
}

/** A session's tokens, encrypted by the session engine. */
export interface SealedTokens {
  /** Grows by one with every refresh; 1 at login. */
  readonly version: number
  /** Which key sealed them. */
  readonly keyId: string
  readonly sealed: Uint8Array
  readonly accessExpiresAt: number
}

/** Remembers what may be used only once: states, token ids. */
export interface ReplayStore {
  /** `true` the first time that a key is seen, on whatever replica; `false` ever after, until `expiresAt` at least. */
  useOnce(key: string, expiresAt: number, now: number): Promise<boolean>
}

/**
 * Where sessions are kept. Every method is atomic, and rejects with `CW_STATE_UNAVAILABLE` when the store can't be
 * reached: never does an unreachable store look like a missing session.
 */
export interface SessionStore extends ReplayStore {
  /** Adds a session; in the same step, removes the one that it replaces and some that have expired by its creation. */
  create(record: SessionRecord, replacedKey?: string): Promise<void>
  /** The session, expired or not. */
  read(key: string): Promise<SessionRecord | undefined>
  /** Notes that the session was used. */
  touch(key: string, lastSeenAt: number, expiresAt: number): Promise<void>
  /** Removes a session; resolves to what it was. */
  remove(key: string): Promise<SessionRecord | undefined>
  /** Removes every session of a provider's session, or of a user's that began before a time; resolves to how many. */
  removeWhere(
    issuer: string,
    by: { readonly sid: string } | { readonly subject: string; readonly createdBefore: number },
  ): Promise<number>
  /**
   * Takes the right to refresh, if the tokens are still of this version and nobody has it. It lapses after `duration`
   * milliseconds by the store's own clock, so that replicas with different clocks agree.
   */
  claimRefresh(key: string, version: number, holder: string, duration: number): Promise<boolean>
  /** Writes refreshed tokens and gives the right back; `false`, and nothing written, if the holder has lost it. */
  finishRefresh(key: string, holder: string, tokens: SealedTokens): Promise<boolean>
  /** Gives the right back without a result. */
  abandonRefresh(key: string, holder: string): Promise<void>
  /** Removes the session that can't be refreshed any more; `false` if the holder has lost the right. */
  endRefresh(key: string, holder: string): Promise<boolean>
}

/** What is no longer accepted, though its signature would be: until `expiresAt`, in milliseconds since the epoch. */
export interface Revocation {
  readonly issuer: string
  readonly by: RevokedBy
  /** When no token that it concerns can be valid any more. */
  readonly expiresAt: number
}

/** The tokens that a revocation concerns; times in seconds since the epoch, as in tokens. */
export type RevokedBy =
  /** Those of one session. */
  | { readonly sid: string }
  /** A user's, issued (`iat`) at this second or before it: a later login is none of it. */
  | { readonly subject: string; readonly issuedUntil: number }
  /** One token. */
  | { readonly jti: string }
  /** All of the issuer's that were issued (`iat`) before this second, as the realm's own not-before. */
  | { readonly notBefore: number }

/** Where replicas tell each other what is revoked. */
export interface RevocationStore {
  /** Adds a revocation; every follower hears of it, also on other replicas. */
  add(revocation: Revocation): Promise<void>
  /**
   * Reports every revocation in force, then each new one, also those that were added while the connection was lost.
   * One may be reported more than once. Resolves once those in force have been reported; to what ends it.
   *
   * @throws {CW_STATE_UNAVAILABLE}
   */
  follow(onRevoked: (revocation: Revocation) => void): Promise<() => Promise<void>>
}
