import { CloakwrightError } from './errors.ts'

/** What may be used only once, as this process remembers it: the stores in memory, and the default for DPoP proofs. */
export interface UsedOnce {
  /** `true` the first time that a key is seen, `false` ever after, until `expiresAt` at least. */
  useOnce(key: string, expiresAt: number, now: number): Promise<boolean>
}

/** About 40 MB. */
export const maxUsedOnce = 200_000

/**
 * Remembers up to `maxEntries`. Beyond it nothing new can be used until something has expired: to forget one early would
 * be to allow it twice.
 */
export function createUsedOnce(maxEntries: number = maxUsedOnce): UsedOnce {
  const used = new Map<string, number>()
  return {
    async useOnce(key, expiresAt, at) {
      lookAtOldest(used, at)
      if (used.has(key)) return false
      if (used.size >= maxEntries)
        throw new CloakwrightError('CW_STATE_UNAVAILABLE', 'Replay store: full, and nothing has expired', {
          retryAfter: 5,
          hint: 'Raise maxEntries, or share a postgresReplayStore among the replicas.',
        })
      used.set(key, expiresAt)
      return true
    },
  }
}

/** Entries looked at for each new one: more than one, so that the expired go faster than new ones come. */
const lookedAt = 4

/** Drops the expired among the entries that were not looked at for longest; the others go to the end of the line. */
function lookAtOldest(used: Map<string, number>, now: number): void {
  let left = Math.min(lookedAt, used.size)
  for (const [key, until] of used) {
    if (left-- === 0) return
    used.delete(key)
    if (until >= now) used.set(key, until)
  }
}
