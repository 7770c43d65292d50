import { systemTime } from '../clock.ts'
import type { Revocation, RevocationStore } from './ports.ts'

/**
 * Keeps revocations in the memory of this process and reports them to its followers: for tests, and for a single replica.
 *
 * @param now Milliseconds since the epoch; the system’s time by default.
 *
 * @example
 * ```ts
 * import { memoryRevocationStore, type RevocationStore } from 'cloakwright/state'
 *
 * export const store: RevocationStore = memoryRevocationStore()
 * ```
 */
export function memoryRevocationStore(now: () => number = systemTime): RevocationStore {
  const kept = new Set<Revocation>()
  const followers = new Set<(revocation: Revocation) => void>()
  return {
    async add(revocation) {
      // The oldest first: these expire first if all are kept equally long.
      for (const old of kept) {
        if (old.expiresAt > now()) break
        kept.delete(old)
      }
      kept.add(revocation)
      for (const onRevoked of followers) onRevoked(revocation)
    },
    async follow(onRevoked) {
      const follower = (revocation: Revocation): void => onRevoked(revocation)
      followers.add(follower)
      for (const revocation of kept) if (revocation.expiresAt > now()) onRevoked(revocation)
      return async () => {
        followers.delete(follower)
      }
    },
  }
}
