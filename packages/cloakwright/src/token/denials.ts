import type { RevokedBy } from '../state/index.ts'
import type { AccessToken } from './access-token.ts'

/** The revocations of one issuer; times are in milliseconds since the epoch. */
export interface Denials {
  /** Adds a revocation that applies until `expiresAt`; returns whether it is new. */
  add(by: RevokedBy, expiresAt: number, now: number): boolean
  /**
   * Whether the token is revoked.
   *
   * @param startedAt When its session started, in seconds, instead of the token's `iat`.
   */
  concern(token: AccessToken, now: number, startedAt?: number): boolean
}

/** Tokens are revoked by their issue time: up to and including this second; by a not-before, only before it. */
interface Denial {
  readonly issued: number
  readonly expiresAt: number
}

/** Number of entries checked with each one that is added, so that at most a third of all are expired. */
const swept = 4

export function createDenials(): Denials {
  const sids = createTable()
  const subjects = createTable()
  const jtis = createTable()
  let notBefore: Denial | undefined

  return {
    add(by, expiresAt, now) {
      if ('sid' in by) return sids.add(by.sid, { issued: by.issuedUntil ?? Infinity, expiresAt }, now)
      if ('jti' in by) return jtis.add(by.jti, { issued: Infinity, expiresAt }, now)
      if ('subject' in by) return subjects.add(by.subject, { issued: by.issuedUntil, expiresAt }, now)
      const known = inForce(notBefore, now)
      notBefore = merge(known, { issued: by.notBefore, expiresAt })
      return known?.issued !== notBefore.issued
    },
    concern(token, now, startedAt = token.issuedAt) {
      const { issuedAt, jti, sid } = token
      if (sid !== undefined && sids.has(sid, startedAt, now)) return true
      if (subjects.has(token.subject, startedAt, now)) return true
      if (jti !== undefined && jtis.has(jti, issuedAt, now)) return true
      return notBefore !== undefined && issuedAt < notBefore.issued && notBefore.expiresAt > now
    },
  }
}

interface Table {
  add(key: string, denial: Denial, now: number): boolean
  has(key: string, issuedAt: number, now: number): boolean
}

/** Expired entries are found without a timer: each use checks the next few, in rotation. */
function createTable(): Table {
  const denials = new Map<string, Denial>()
  let round = denials.entries()

  const sweep = (count: number, now: number): void => {
    if (denials.size === 0) return
    for (let looked = 0; looked < count; looked++) {
      const next = round.next()
      if (next.done === true) {
        round = denials.entries()
        return
      }
      const [key, { expiresAt }] = next.value
      if (expiresAt <= now) denials.delete(key)
    }
  }

  return {
    add(key, denial, now) {
      sweep(swept, now)
      const known = inForce(denials.get(key), now)
      const merged = merge(known, denial)
      denials.set(key, merged)
      return known?.issued !== merged.issued
    },
    has(key, issuedAt, now) {
      sweep(1, now)
      const denial = denials.get(key)
      return denial !== undefined && issuedAt <= denial.issued && denial.expiresAt > now
    },
  }
}

/** An expired entry counts as absent: adding the same again is new. */
function inForce(denial: Denial | undefined, now: number): Denial | undefined {
  return denial !== undefined && denial.expiresAt > now ? denial : undefined
}

/** Of two entries for the same tokens, one that covers both. */
function merge(known: Denial | undefined, denial: Denial): Denial {
  if (known === undefined) return denial
  return {
    issued: Math.max(known.issued, denial.issued),
    expiresAt: Math.max(known.expiresAt, denial.expiresAt),
  }
}
