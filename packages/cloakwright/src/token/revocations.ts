import { maxClockTolerance, systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { requireFunctions, requireOptions } from '../options.ts'
import type { Revocation, RevocationStore, RevokedBy } from '../state/index.ts'
import type { AccessToken } from './access-token.ts'
import { createDenials, type Denials } from './denials.ts'
import { createTokenWatchers, type TokenWatchers } from './token-watchers.ts'

/** What is revoked, as this process knows it. */
export interface Revocations {
  /**
   * Revokes tokens that would verify. In force in this process at once, on the others once it resolves; when it
   * rejects, in this process only: call it again.
   *
   * @param issuer The realm's public address, as in the tokens' `iss`.
   * @throws {CW_CONFIG_INVALID} An empty or far too long text, milliseconds for seconds, a time to come.
   * @throws {CW_STATE_UNAVAILABLE} The store can't be reached.
   */
  revoke(issuer: string, by: RevokedBy): Promise<void>
  /** Whether a verified token of this issuer is revoked: at once, whatever the number of revocations. */
  isRevoked(token: AccessToken, issuer: string): boolean
  /**
   * Calls back when the verified token of this issuer is revoked, by whatever replica: at once where that was in this
   * process. Once, and not at all for one that is revoked already. Returns what ends the wait.
   */
  watch(token: AccessToken, issuer: string, onRevoked: () => void): () => void
  /** Grows with each revocation that is news: a token that was looked up needs no other look until then. */
  readonly version: number
  /** Whether it is known what is revoked: `false` until the store was read once. A token can't be accepted before. */
  readonly known: boolean
  /**
   * Resolves once it is known what is revoked, and begins to follow the store. One attempt serves all who wait; for a
   * second after a failed one it rejects at once.
   *
   * @throws {CW_STATE_UNAVAILABLE} The store can't be read.
   */
  ready(): Promise<void>
  /** Ends following the store. */
  close(): Promise<void>
}

/** Where revocations are kept, and for how long. */
export interface RevocationsOptions {
  /** What replicas share; by default revocations are kept in this process only. */
  readonly store?: RevocationStore | undefined
  /** Seconds that a revocation is kept: the longest life of an access token; 86,400 by default. */
  readonly keepFor?: number | undefined
  /** Milliseconds since the epoch; the system’s time by default. */
  readonly now?: (() => number) | undefined
}

/** Milliseconds for which a failed attempt to read the store stands. */
const pause = 1000
/** Characters of an issuer, a session id, a subject, a token id. */
const maxLength = 1024
const longest = 31_536_000

/**
 * Makes the list of what is revoked, for verifiers to look tokens up in and for logouts and administrators to feed.
 * One revocation takes about 250 bytes of this process, with a text of 36 characters; it is forgotten when it has
 * expired.
 *
 * @throws {CW_CONFIG_INVALID} `keepFor` is no number of seconds, from 1 to 31,536,000.
 * @example
 * ```ts
 * import { createRevocations } from 'cloakwright'
 * import { fromPool, postgresRevocationStore } from 'cloakwright/state'
 * import pg from 'pg'
 *
 * const store = postgresRevocationStore(fromPool(new pg.Pool()))
 * const revocations = createRevocations({ store })
 *
 * export async function signOutEverywhere(subject: string): Promise<void> {
 *   const issuedUntil = Math.floor(Date.now() / 1000)
 *   await revocations.revoke('https://sso.example.com/realms/shop', { subject, issuedUntil })
 * }
 * ```
 */
export function createRevocations(options: RevocationsOptions = {}): Revocations {
  requireOptions('createRevocations', '{ store }', options, { now: 'function' })
  const { store, now = systemTime } = options
  if (store !== undefined)
    requireFunctions(
      'store',
      store,
      ['add', 'follow'],
      'Give one of cloakwright/state: postgresRevocationStore(sql)',
    )
  const keepFor = checkKeepFor(options.keepFor)
  const issuers = new Map<string, Denials>()
  const watched = new Map<string, TokenWatchers>()
  let version = 0
  let stop: (() => Promise<void>) | undefined
  let starting: Promise<void> | undefined
  let failure: { readonly error: unknown; readonly at: number } | undefined

  const apply = ({ issuer, by, expiresAt }: Revocation): void => {
    const time = now()
    if (expiresAt <= time) return
    // Issuers are named by callers, never by a token.
    const denials = issuers.get(issuer) ?? createDenials()
    issuers.set(issuer, denials)
    if (!denials.add(by, expiresAt, time)) return
    version++
    for (const { token, onRevoked } of watched.get(issuer)?.find(by) ?? [])
      if (denials.concern(token, time)) onRevoked()
  }

  const start = async (following: RevocationStore): Promise<void> => {
    try {
      stop = await following.follow(apply)
      failure = undefined
    } catch (cause) {
      const error = toUnavailable('Revocations can’t be read', cause)
      failure = { error, at: now() }
      throw error
    }
  }

  return {
    async revoke(issuer, by) {
      const time = now()
      const checked = checkRevokedBy(by, time / 1000)
      const lastIssued =
        'issuedUntil' in checked ? checked.issuedUntil : 'notBefore' in checked ? checked.notBefore : 0
      const expiresAt = Math.max(time, lastIssued * 1000) + keepFor
      const revocation = { issuer: checkText('issuer', issuer), by: checked, expiresAt }
      apply(revocation)
      await store?.add(revocation).catch((cause: unknown) => {
        throw toUnavailable('The revocation can’t be written', cause)
      })
    },
    isRevoked: (token, issuer) => issuers.get(issuer)?.concern(token, now()) ?? false,
    watch(token, issuer, onRevoked) {
      const watchers = watched.get(issuer) ?? createTokenWatchers()
      watched.set(issuer, watchers)
      const end = watchers.add(token, () => {
        unwatch()
        onRevoked()
      })
      const unwatch = (): void => {
        end()
        if (watchers.size === 0 && watched.get(issuer) === watchers) watched.delete(issuer)
      }
      return unwatch
    },
    get version() {
      return version
    },
    get known() {
      return store === undefined || stop !== undefined
    },
    async ready() {
      if (store === undefined || stop !== undefined) return
      if (starting === undefined && failure !== undefined && stands(now() - failure.at)) throw failure.error
      starting ??= start(store).finally(() => {
        starting = undefined
      })
      await starting
    },
    async close() {
      await starting?.catch(() => {})
      const stopping = stop
      stop = undefined
      await stopping?.()
    },
  }
}

/** @throws {CW_TOKEN_REVOKED} The verified token is revoked. */
export function refuseRevoked(
  revocations: Revocations | undefined,
  token: AccessToken,
  issuer: string,
): void {
  if (revocations?.isRevoked(token, issuer) !== true) return
  throw new CloakwrightError('CW_TOKEN_REVOKED', 'Token: it was revoked by a logout or an administrator', {
    hint: 'Log in again.',
  })
}

/** A clock that was set back does not prolong it. */
function stands(age: number): boolean {
  return age >= 0 && age < pause
}

/** Takes over the one thing that it names, so that nothing is revoked that was not checked. */
function checkRevokedBy(by: RevokedBy, now: number): RevokedBy {
  const kinds = ['sid', 'subject', 'jti', 'notBefore'].filter((kind) => Object.hasOwn(Object(by), kind))
  if (kinds.length !== 1)
    throw invalid('by: not one of sid, subject, jti, notBefore', 'Revoke each of them by a call of its own.')
  if ('sid' in by) return { sid: checkText('sid', by.sid) }
  if ('jti' in by) return { jti: checkText('jti', by.jti) }
  if ('notBefore' in by) return { notBefore: checkTime('notBefore', by.notBefore, now) }
  const issuedUntil = checkTime('issuedUntil', by.issuedUntil, now)
  return { subject: checkText('subject', by.subject), issuedUntil }
}

/** PostgreSQL keeps no NUL, and UTF-8 no half of a character: such a text would not be found again. */
function checkText(name: string, value: unknown): string {
  if (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= maxLength &&
    !/[\p{Cc}\p{Cs}]/u.test(value)
  )
    return value
  throw invalid(
    `${name}: not a text of 1 to ${maxLength} characters, without control characters`,
    'Give it exactly as the tokens have it.',
  )
}

function checkTime(name: string, value: unknown, now: number): number {
  if (typeof value === 'number' && value >= 0 && value <= now + maxClockTolerance) return value
  throw invalid(
    `${name}: no time in seconds since the epoch, or one to come`,
    'Seconds as in tokens, not milliseconds: Math.floor(Date.now() / 1000) is now.',
  )
}

function checkKeepFor(value = 86_400): number {
  if (typeof value === 'number' && value >= 1 && value <= longest) return value * 1000
  throw invalid(`keepFor: not a number from 1 to ${longest}`, 'Leave it out for 86400, a day.')
}

function invalid(what: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', what, { hint })
}

/** A verifier answers with nothing but a CloakwrightError, also where the store's table is missing. */
function toUnavailable(what: string, cause: unknown): unknown {
  if (cause instanceof CloakwrightError) return cause
  return new CloakwrightError('CW_STATE_UNAVAILABLE', what, {
    cause,
    retryAfter: 5,
    hint: 'The cause says why. Have the migrations of the schema cloakwright been applied?',
  })
}
