import { systemTime } from '../clock.ts'
import { CloakwrightError } from '../errors.ts'
import { requireFunctions, requireOptions } from '../options.ts'
import type { RevocationStore, RevokedBy } from '../state/index.ts'
import type { AccessToken } from './access-token.ts'
import { RevocationFollower, toUnavailable } from './revocation-follower.ts'
import { RevocationList } from './revocation-list.ts'
import { toRevocation } from './revoked-by.ts'

/** The revocations known to this process. */
export interface Revocations {
  /**
   * Revokes tokens that would otherwise verify. It applies in this process at once and on the others when it resolves.
   * If it rejects, it applies in this process only: call it again.
   *
   * @param issuer The realm's public URL, as in the tokens' `iss`.
   * @throws {CW_CONFIG_INVALID} An empty or far too long string, milliseconds instead of seconds, or a time in the
   * future.
   * @throws {CW_STATE_UNAVAILABLE} The store cannot be reached.
   */
  revoke(issuer: string, by: RevokedBy): Promise<void>
  /**
   * Whether a verified token of this issuer is revoked: synchronous and fast, whatever the number of revocations.
   *
   * @param startedAt For the token of a browser session: when the session started, in seconds since the epoch. The time counts
   * instead of the token's `iat`, which has no fractions: a user may sign in again in the second of a logout.
   */
  isRevoked(token: AccessToken, issuer: string, startedAt?: number): boolean
  /**
   * Calls back when the verified token of this issuer is revoked by any replica; synchronously if by this
   * process. Calls once, and never for a token that is revoked already. Returns a function that stops it.
   */
  watch(token: AccessToken, issuer: string, onRevoked: () => void): () => void
  /** Grows with each new revocation: a checked token needs no other check until then. */
  readonly version: number
  /** Whether the revocations are known: `false` until the store was read once. Before that, no token can be accepted. */
  readonly known: boolean
  /**
   * Resolves once the revocations are known, and starts following the store. One attempt serves all waiting callers; for a
   * second after a failed attempt it rejects at once.
   *
   * @throws {CW_STATE_UNAVAILABLE} The store cannot be read.
   */
  ready(): Promise<void>
  /** Stops following the store. */
  close(): Promise<void>
}

/** Options for storing revocations. */
export interface RevocationsOptions {
  /** The store that replicas share; by default, revocations are kept in this process only. */
  readonly store?: RevocationStore | undefined
  /** Seconds for which a revocation is kept: the longest lifetime of an access token; 86,400 by default. */
  readonly keepFor?: number | undefined
  /** Milliseconds since the epoch; the system’s time by default. */
  readonly now?: (() => number) | undefined
}

/** Seconds: the maximum of `keepFor`. */
const longest = 31_536_000

/**
 * Creates the list of revocations. Verifiers check tokens against it; logouts and administrators add to it.
 * One revocation takes about 250 bytes of memory, with an id of 36 characters, and is removed when it has
 * expired.
 *
 * @throws {CW_CONFIG_INVALID} `keepFor` is not a number of seconds from 1 to 31,536,000.
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
      'Pass a store of cloakwright/state: postgresRevocationStore(sql)',
    )
  const keepFor = checkKeepFor(options.keepFor)
  const list = new RevocationList(now)
  const follower = store && new RevocationFollower(store, (revocation) => list.add(revocation), now)

  return {
    async revoke(issuer, by) {
      const revocation = toRevocation(issuer, by, now(), keepFor)
      list.add(revocation)
      await store?.add(revocation).catch((cause: unknown) => {
        throw toUnavailable('Cannot write the revocation', cause)
      })
    },
    isRevoked: (token, issuer, startedAt) => list.isRevoked(token, issuer, startedAt),
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
  startedAt?: number,
): void {
  if (revocations?.isRevoked(token, issuer, startedAt) !== true) return
  throw new CloakwrightError('CW_TOKEN_REVOKED', 'Token: it was revoked by a logout or an administrator', {
    hint: 'Sign in again.',
  })
}

function checkKeepFor(value = 86_400): number {
  if (typeof value === 'number' && value >= 1 && value <= longest) return value * 1000
  throw new CloakwrightError('CW_CONFIG_INVALID', `keepFor: not a number from 1 to ${longest}`, {
    hint: 'Omit it for 86400, a day.',
  })
}
