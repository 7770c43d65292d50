/** A session as it is stored: tokens, device and data are encrypted, times are milliseconds since the epoch. */
export interface SessionRecord {
  /** SHA-256 of the cookie's value, base64url: read access to the table is not enough to use a session. */
  readonly key: string
  readonly issuer: string
  readonly clientId: string
  /** The provider's session id. */
  readonly sid: string | undefined
  readonly subject: string
  readonly tokens: SealedTokens
  /** Where the user signed in. */
  readonly device?: SealedValue | undefined
  /** The service's own data. */
  readonly data?: SealedData | undefined
  readonly createdAt: number
  readonly lastSeenAt: number
  /** When the session ends if it is not used again; never after {@link absoluteExpiresAt}. */
  readonly expiresAt: number
  readonly absoluteExpiresAt: number
}

/** A session's tokens, encrypted by the session engine. */
export interface SealedTokens {
  /** Incremented by every refresh; 1 at login. */
  readonly version: number
  /** ID of the key that encrypted them. */
  readonly keyId: string
  readonly sealed: Uint8Array
  readonly accessExpiresAt: number
}

/** A value, encrypted by the session engine. */
export interface SealedValue {
  /** ID of the key that encrypted it. */
  readonly keyId: string
  readonly sealed: Uint8Array
}

/** A service's own data in a session, encrypted by the session engine. */
export interface SealedData extends SealedValue {
  /** Incremented by every change; 1 for the first data of a session. */
  readonly version: number
}

/** A session in the list of its user's: without its tokens. */
export type ListedSession = Pick<
  SessionRecord,
  'key' | 'sid' | 'device' | 'createdAt' | 'lastSeenAt' | 'expiresAt'
>

/** Whose sessions are listed. */
export interface SessionOwner {
  readonly issuer: string
  readonly clientId: string
  readonly subject: string
}

/** A session that was removed with others: without its tokens. */
export type RemovedSession = Pick<SessionRecord, 'key' | 'issuer' | 'clientId' | 'subject' | 'sid' | 'data'>

/** Remembers single-use keys: states, token ids. */
export interface ReplayStore {
  /** `true` the first time that any replica uses a key, then `false`, at least until `expiresAt`. */
  useOnce(key: string, expiresAt: number, now: number): Promise<boolean>
}

/** A form that waits until its user has signed in again, encrypted by the session engine. */
export interface SavedForm extends SealedValue {
  readonly key: string
  /** Whose form it is: forms of one owner are limited in number. */
  readonly owner: string
  /** When it can no longer be sent, in milliseconds since the epoch. */
  readonly expiresAt: number
}

/** Keeps forms, at most eight of one owner. */
export interface FormStore {
  /** Saves a form. The same step removes the owner's oldest forms beyond the limit, and some that have expired. */
  saveForm(form: SavedForm, now: number): Promise<void>
  /** The form, unless it has expired. */
  readForm(key: string, now: number): Promise<SavedForm | undefined>
  /** Removes a form; `true` for the one caller on all replicas that removed it. */
  takeForm(key: string): Promise<boolean>
}

/**
 * Stores sessions. Every method is atomic and rejects with `CW_STATE_UNAVAILABLE` when the store cannot be
 * reached: an unreachable store never looks like a missing session.
 */
export interface SessionStore extends ReplayStore, FormStore {
  /** Adds a session. The same step removes the session that it replaces and some sessions that have expired by its creation. */
  create(record: SessionRecord, replacedKey?: string): Promise<void>
  /** The session, expired or not. */
  read(key: string): Promise<SessionRecord | undefined>
  /** Records that the session was used. */
  touch(key: string, lastSeenAt: number, expiresAt: number): Promise<void>
  /** Removes a session and resolves to it. */
  remove(key: string): Promise<SessionRecord | undefined>
  /** Removes every session of a client in a provider session, or a user's from before a time, and resolves to them. */
  removeWhere(
    client: Omit<SessionOwner, 'subject'>,
    by: { readonly sid: string } | { readonly subject: string; readonly createdBefore: number },
  ): Promise<readonly RemovedSession[]>
  /**
   * The owner's sessions that expire after `now`: at most `limit`, those that expire last, in that order.
   *
   * @param now Milliseconds since the epoch.
   */
  list(owner: SessionOwner, now: number, limit: number): Promise<readonly ListedSession[]>
  /**
   * Writes data with the next version; `false`, and nothing written, if the session is gone or its data has another version
   * than the one before. A session without data has the version 0. The tokens and their lease are not affected.
   */
  writeData(key: string, data: SealedData): Promise<boolean>
  /**
   * Takes the refresh lease if the tokens still have this version and no other holder has it. The lease expires after
   * `duration` milliseconds by the store's own clock, so that replicas with different clocks agree.
   */
  claimRefresh(key: string, version: number, holder: string, duration: number): Promise<boolean>
  /**
   * Writes the refreshed tokens and releases the lease; `false`, and nothing written, if the holder has lost it. The session
   * ends at `expiresAt`, or later if another replica has extended it since.
   */
  finishRefresh(key: string, holder: string, tokens: SealedTokens, expiresAt: number): Promise<boolean>
  /** Releases the lease without a result. */
  abandonRefresh(key: string, holder: string): Promise<void>
  /** Removes a session that cannot be refreshed any more; `false` if the holder has lost the lease. */
  endRefresh(key: string, holder: string): Promise<boolean>
  /**
   * Calls back with the key of each session that was removed or whose tokens or data were replaced, by any replica. `undefined`
   * means that changes may have been missed: any session may have changed. Resolves once it listens.
   *
   * @throws {CW_STATE_UNAVAILABLE}
   */
  follow(onChanged: (key: string | undefined) => void): Promise<SessionFeed>
}

/** The changes of a store's sessions, as they arrive in this process. */
export interface SessionFeed {
  /**
   * Resolves once every change that was complete before this call has been reported. While changes cannot arrive, it
   * rejects or stays pending; a later call replaces a pending one.
   */
  caughtUp(): Promise<void>
  /** Stops reporting changes. */
  close(): Promise<void>
}

/** Tokens that are refused although their signature is valid: until `expiresAt`, in milliseconds since the epoch. */
export interface Revocation {
  readonly issuer: string
  readonly by: RevokedBy
  /** When no matching token can be valid any more. */
  readonly expiresAt: number
}

/** The tokens that a revocation covers; times are in seconds since the epoch, as in tokens. */
export type RevokedBy =
  /**
   * The tokens of one session of the realm: those issued (`iat`) up to this time or, without a time, all. After a logout of
   * one application, the realm may go on with the session, and with its `sid`.
   */
  | { readonly sid: string; readonly issuedUntil?: number | undefined }
  /** A user's tokens issued (`iat`) in this second or before; a later login is not affected. */
  | { readonly subject: string; readonly issuedUntil: number }
  /** One token. */
  | { readonly jti: string }
  /** All tokens of the issuer that were issued (`iat`) before this second, like the realm's own not-before. */
  | { readonly notBefore: number }

/** Shares revocations between replicas. */
export interface RevocationStore {
  /** Adds a revocation and notifies every follower, also on other replicas. */
  add(revocation: Revocation): Promise<void>
  /**
   * Reports every active revocation, then each new one, also those that were added while the connection was lost.
   * It may report one more than once. Resolves once all active ones were reported, to a function that stops it.
   *
   * @throws {CW_STATE_UNAVAILABLE}
   */
  follow(onRevoked: (revocation: Revocation) => void): Promise<() => Promise<void>>
}
