import type { RevokedBy } from '../state/ports.ts'
import type { AccessToken } from './access-token.ts'

/** What is revoked of one issuer. */
export interface Denials {
  /** Adds what is revoked, until milliseconds since the epoch; whether that is news. */
  add(by: RevokedBy, expiresAt: number): boolean
  /** Whether the token is among it. */
  concern(token: AccessToken): boolean
}

/** Tokens are denied by when they were issued: up to this second, of a not-before only before it. */
interface Denial {
  readonly issued: number
  readonly expiresAt: number
}

/** Denials looked at with each one that is added, so that no more expired ones pile up than a third of all. */
const swept = 4

/** @param now Milliseconds since the epoch. */
export function createDenials(now: () => number): Denials {
  const sids = createTable(now)
  const subjects = createTable(now)
  const jtis = createTable(now)
  let notBefore: Denial | undefined

  return {
    add(by, expiresAt) {
      if ('sid' in by) return sids.add(by.sid, { issued: Infinity, expiresAt })
      if ('jti' in by) return jtis.add(by.jti, { issued: Infinity, expiresAt })
      if ('subject' in by) return subjects.add(by.subject, { issued: by.issuedUntil, expiresAt })
      const known = inForce(notBefore, now())
      notBefore = merge(known, { issued: by.notBefore, expiresAt })
      return known?.issued !== notBefore.issued
    },
    concern(token) {
      const { issuedAt, sid, claims } = token
      const jti = claims['jti']
      if (sid !== undefined && sids.has(sid, issuedAt)) return true
      if (subjects.has(token.subject, issuedAt)) return true
      if (typeof jti === 'string' && jtis.has(jti, issuedAt)) return true
      return notBefore !== undefined && issuedAt < notBefore.issued && notBefore.expiresAt > now()
    },
  }
}

interface Table {
  add(key: string, denial: Denial): boolean
  has(key: string, issuedAt: number): boolean
}

/** Expired denials are found without a timer: each use looks at the next few, round and round. */
function createTable(now: () => number): Table {
  const denials = new Map<string, Denial>()
  let round = denials.entries()

  const sweep = (count: number): void => {
    if (denials.size === 0) return
    const time = now()
    for (let looked = 0; looked < count; looked++) {
      const next = round.next()
      if (next.done === true) {
        round = denials.entries()
        return
      }
      const [key, { expiresAt }] = next.value
      if (expiresAt <= time) denials.delete(key)
    }
  }

  return {
    add(key, denial) {
      sweep(swept)
      const known = inForce(denials.get(key), now())
      const merged = merge(known, denial)
      denials.set(key, merged)
      return known?.issued !== merged.issued
    },
    has(key, issuedAt) {
      sweep(1)
      const denial = denials.get(key)
      return denial !== undefined && issuedAt <= denial.issued && denial.expiresAt > now()
    },
  }
}

/** One that has expired is as none: the same again is news. */
function inForce(denial: Denial | undefined, time: number): Denial | undefined {
  return denial !== undefined && denial.expiresAt > time ? denial : undefined
}

/** Of two denials of the same, what holds by either. */
function merge(known: Denial | undefined, denial: Denial): Denial {
  if (known === undefined) return denial
  return {
    issued: Math.max(known.issued, denial.issued),
    expiresAt: Math.max(known.expiresAt, denial.expiresAt),
  }
}
