import type { Claims } from '../jws/index.ts'

/** Caches introspection results of active tokens, for seconds. */
export interface AnswerCache {
  /** @param now Milliseconds since the epoch. */
  get(token: string, now: number): Claims | undefined
  /**
   * @param from Milliseconds since the epoch, when the request was sent.
   * @param until Milliseconds since the epoch.
   * @param bytes The size of the response as JSON.
   */
  set(token: string, claims: Claims, from: number, until: number, bytes: number): void
  clear(): void
}

/** How large the cache may become. */
export interface AnswerCacheLimits {
  readonly maxEntries: number
  /** Estimated bytes. */
  readonly maxBytes: number
}

interface Entry {
  readonly token: string
  readonly claims: Claims
  readonly from: number
  readonly until: number
  readonly weight: number
}

/** Entries are found by the end of a token and confirmed by the whole token: hashing every token would be too slow. */
const keyLength = 24

/** A cache that removes its oldest entries first: all of them expire within seconds anyway. */
export function createAnswerCache(limits: AnswerCacheLimits): AnswerCache {
  const entries = new Map<string, Entry>()
  let weights = 0
  const remove = (key: string, entry: Entry): void => {
    entries.delete(key)
    weights -= entry.weight
  }

  return {
    get(token, now) {
      const entry = entries.get(token.slice(-keyLength))
      return entry?.token === token && now >= entry.from && now < entry.until ? entry.claims : undefined
    },
    set(token, claims, from, until, bytes) {
      // The strings, the claims as objects (about three times their JSON), and the overhead.
      const weight = token.length + bytes * 3 + 512
      if (!(until > from) || weight > limits.maxBytes) return
      const key = token.slice(-keyLength)
      const before = entries.get(key)
      if (before !== undefined) remove(key, before)
      entries.set(key, { token, claims, from, until, weight })
      weights += weight
      for (const [oldest, entry] of entries) {
        const isOver = entries.size > limits.maxEntries || weights > limits.maxBytes
        if (!isOver && entry.until > from) break
        remove(oldest, entry)
      }
    },
    clear() {
      entries.clear()
      weights = 0
    },
  }
}
