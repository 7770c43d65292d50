import type { AccessToken } from './access-token.ts'
import { keyOf } from './cache.ts'

/** New tokens whose signatures are being verified in the thread pool: the same token is verified once. */
export interface TokensInFlight {
  /** The verification of the same token, letter by letter. */
  find(text: string): Promise<AccessToken> | undefined
  /** Remembers a verification until {@link remove}, and returns it. */
  add(text: string, verification: Promise<AccessToken>): Promise<AccessToken>
  remove(text: string): void
}

interface Pending {
  readonly text: string
  readonly verification: Promise<AccessToken>
}

/** Makes the list of one verifier. As many signatures as may wait at a time bound it. */
export function createTokensInFlight(): TokensInFlight {
  // Found by the end of the signature, since hashing a whole token takes longer than comparing it once.
  const pending = new Map<number, Pending>()
  return {
    find(text) {
      if (pending.size === 0 || typeof text !== 'string') return undefined
      const found = pending.get(keyOf(text))
      return found?.text === text ? found.verification : undefined
    },
    add(text, verification) {
      const key = keyOf(text)
      // Of two tokens with the same end the second is verified without being remembered.
      if (!pending.has(key)) pending.set(key, { text, verification })
      return verification
    },
    remove(text) {
      const key = keyOf(text)
      if (pending.get(key)?.text === text) pending.delete(key)
    },
  }
}
