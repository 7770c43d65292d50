import type { AccessToken } from './access-token.ts'

/** Limits of the cache of verified tokens. */
export interface TokenCacheLimits {
  /** Maximum number of tokens; 10,000 by default. */
  readonly maxEntries?: number
  /** Maximum estimated size in bytes; 32 MiB by default. */
  readonly maxBytes?: number
}

/** Caches verified tokens only; each has an owner that can remove it. */
export interface TokenCache<Owner> {
  /** @param now Seconds since the epoch; a token is found only within its own times. */
  get(token: string, now: number): CacheEntry<Owner> | undefined
  set(token: string, verified: AccessToken, owner: Owner, revocationsSeen: number): void
  clear(): void
}

export interface CacheEntry<Owner> {
  readonly token: string
  readonly verified: AccessToken
  readonly validFrom: number
  readonly owner: Owner
  /** The version of the revocations when it was last checked. */
  revocationsSeen: number
}

/**
 * A cache in two generations. New entries go to the young one, and a hit in the old one moves an entry to the young
 * one. When the young one reaches half of the limit, it becomes the old one. Unused entries are dropped without any
 * work at a hit. After the first overflow, a token is cached when it arrives for the second time: tokens that arrive
 * once would push out those in use, and caching them costs more than it saves.
 */
export function createTokenCache<Owner>(
  limits: Required<TokenCacheLimits>,
  clockTolerance: number,
): TokenCache<Owner> {
  const halfEntries = Math.floor(limits.maxEntries / 2)
  const halfBytes = Math.floor(limits.maxBytes / 2)
  let young = new Map<number, CacheEntry<Owner>>()
  let old = new Map<number, CacheEntry<Owner>>()
  let youngBytes = 0
  /** Keys of tokens that arrived while the cache was full; each has one possible slot. */
  let noted: Int32Array | undefined

  /** Whether the token arrived before; records that it did. */
  const cameBefore = (key: number): boolean => {
    noted ??= new Int32Array(notedKeys).fill(-1)
    const place = key % notedKeys
    if (noted[place] === key) return true
    noted[place] = key
    return false
  }
  const add = (key: number, entry: CacheEntry<Owner>): void => {
    const bytes = weightOf(entry.token)
    const before = young.get(key)
    if (before?.token === entry.token) {
      // Verified again, since its owner removed the old one.
      young.set(key, entry)
      return
    }
    if (bytes > halfBytes || before !== undefined) return
    if (young.size >= halfEntries || youngBytes + bytes > halfBytes) {
      old = young
      young = new Map()
      youngBytes = 0
    }
    young.set(key, entry)
    youngBytes += bytes
  }

  return {
    get(token, now) {
      const key = keyOf(token)
      let entry = young.get(key)
      if (entry === undefined) {
        entry = old.get(key)
        if (entry === undefined || entry.token !== token) return undefined
        old.delete(key)
        add(key, entry)
      } else if (entry.token !== token) return undefined
      return now < entry.verified.expiresAt && now >= entry.validFrom ? entry : undefined
    },
    set(token, verified, owner, revocationsSeen) {
      const key = keyOf(token)
      if (old.size > 0 && !cameBefore(key)) return
      const validFrom = Math.max(verified.issuedAt, verified.notBefore) - clockTolerance
      add(key, { token, verified, validFrom, owner, revocationsSeen })
    },
    clear() {
      young = new Map()
      old = new Map()
      youngBytes = 0
      noted = undefined
    },
  }
}

const notedKeys = 65_536

/**
 * 30 bits of a signature's end: few tokens share them, and an entry found by them is confirmed by the whole token. So
 * neither these tokens nor a forged token with a copied end find another's entry.
 */
export function keyOf(token: string): number {
  let key = 0
  for (let at = token.length - 8; at < token.length - 3; at++) key = (key << 6) ^ token.charCodeAt(at)
  return key & 0x3f_ff_ff_ff
}

/** The token as a string, its claims as objects (about three times the string), and the overhead. */
function weightOf(token: string): number {
  return token.length * 4 + 512
}
