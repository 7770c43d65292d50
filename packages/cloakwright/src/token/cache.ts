import type { AccessToken } from './access-token.ts'

/** How large the cache of verified tokens may become. */
export interface TokenCacheLimits {
  /** Tokens kept; 10,000 by default. */
  readonly maxEntries?: number
  /** Estimated bytes kept; 32 MiB by default. */
  readonly maxBytes?: number
}

/** Remembers verified tokens, and nothing else; each with its owner, who can take it back. */
export interface TokenCache<Owner> {
  /** @param now Seconds since the epoch; outside of a token's own times it is not found. */
  get(token: string, now: number): CacheEntry<Owner> | undefined
  set(token: string, verified: AccessToken, owner: Owner, revocationsSeen: number): void
  clear(): void
}

export interface CacheEntry<Owner> {
  readonly token: string
  readonly verified: AccessToken
  readonly validFrom: number
  readonly owner: Owner
  /** The version of the revocations that it was last looked up in. */
  revocationsSeen: number
}

/**
 * A cache in two generations: entries enter the young one, a hit in the old one brings an entry back, and when the
 * young one is half of the limit it becomes the old one. This forgets what is unused without any work at a hit. Once
 * there was more than that, a token enters when it comes for the second time: those that come once would push out what
 * is in use, and keeping them costs more than it ever saves.
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
  /** Keys of tokens that came while there was no room, each in the one place that it can be in. */
  let noted: Int32Array | undefined

  /** Whether it came before; notes that it came. */
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
      // Verified anew, since its owner took the old one back.
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
 * 30 bits of a signature's end: few tokens share them, and found by them an entry is confirmed by its whole text, so
 * that neither they nor a forged token with a copied end find another's.
 */
function keyOf(token: string): number {
  let key = 0
  for (let at = token.length - 8; at < token.length - 3; at++) key = (key << 6) ^ token.charCodeAt(at)
  return key & 0x3f_ff_ff_ff
}

/** The token's text, its claims as objects (about three times the text), and what holds them. */
function weightOf(token: string): number {
  return token.length * 4 + 512
}
