import { CloakwrightError } from './errors.ts'

/** Single-use keys in the memory of this process: for the memory stores, and the default for DPoP proofs. */
export interface UsedOnce {
  /** `true` the first time that a key is used, then `false`, at least until `expiresAt`. */
  useOnce(key: string, expiresAt: number, now: number): Promise<boolean>
}

/** About 40 MB. */
export const maxUsedOnce = 200_000

/**
 * Remembers up to `maxEntries`. When it is full, new keys are refused until one has expired: a key that is forgotten
 * early could be used twice.
 */
export function createUsedOnce(maxEntries: number = maxUsedOnce): UsedOnce {
  const used = new Map<string, number>()
  return {
    async useOnce(key, expiresAt, at) {
      lookAtOldest(used, at)
      if (used.has(key)) return false
      if (used.size >= maxEntries)
        throw new CloakwrightError('CW_STATE_UNAVAILABLE', 'Replay store: full, and no entry has expired', {
          retryAfter: 5,
          hint: 'Raise maxEntries, or share a postgresReplayStore between the replicas.',
        })
      used.set(key, expiresAt)
      return true
    },
  }
}

/** Entries checked for each new one: more than one, so that expired entries are removed faster than new ones are added. */
const lookedAt = 4

/** Removes expired entries among those checked longest ago; the others move to the end of the queue. */
function lookAtOldest(used: Map<string, number>, now: number): void {
  let left = Math.min(lookedAt, used.size)
  for (const [key, until] of used) {
    if (left-- === 0) return
    used.delete(key)
    if (until >= now) used.set(key, until)
  }
}
