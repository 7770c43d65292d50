import { systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { requireFunctions, requireOptions } from '../options.ts'
import type { RevocationStore, RevokedBy } from '../state/index.ts'
import type { AccessToken } from './access-token.ts'
import { RevocationFollower, toUnavailable } from './revocation-follower.ts'
import { RevocationList } from './revocation-list.ts'
import { toRevocation } from './revoked-by.ts'

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

/** Seconds: the greatest `keepFor`. */
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
  const list = new RevocationList(now)
  const follower = store && new RevocationFollower(store, (revocation) => list.add(revocation), now)

  return {
    async revoke(issuer, by) {
      const revocation = toRevocation(issuer, by, now(), keepFor)
      list.add(revocation)
      await store?.add(revocation).catch((cause: unknown) => {
        throw toUnavailable('The revocation can’t be written', cause)
      })
    },
    isRevoked: (token, issuer) => list.isRevoked(token, issuer),
    watch: (token, issuer, onRevoked) => list.watch(token, issuer, onRevoked),
    get version() {
      return list.version
    },
    get known() {
      return follower === undefined || follower.isFollowing
    },
    async ready() {
      await follower?.ready()
    },
    async close() {
      await follower?.close()
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

function checkKeepFor(value = 86_400): number {
  if (typeof value === 'number' && value >= 1 && value <= longest) return value * 1000
  throw new CloakwrightError('CW_CONFIG_INVALID', `keepFor: not a number from 1 to ${longest}`, {
    hint: 'Leave it out for 86400, a day.',
  })
}
