import type { AccessToken } from './access-token.ts'
import { keyOf } from './cache.ts'

/** New tokens whose signatures are being verified in the thread pool: the same token is verified once. */
export interface TokensInFlight<Owner> {
  /** The verification of exactly this token for the same owner: another owner may expect other claims. */
  find(text: string, owner: Owner): Promise<AccessToken> | undefined
  /** Remembers a verification until {@link remove}, and returns it. */
  add(text: string, owner: Owner, verification: Promise<AccessToken>): Promise<AccessToken>
  remove(text: string, owner: Owner): void
}

interface Pending<Owner> {
  readonly text: string
  readonly owner: Owner
  readonly verification: Promise<AccessToken>
}

/** Makes the list of one verifier. As many signatures as may wait at a time bound it. */
export function createTokensInFlight<Owner>(): TokensInFlight<Owner> {
  // Found by the end of the signature, since hashing a whole token takes longer than comparing it once.
  const pending = new Map<number, Pending<Owner>>()
  return {
    find(text, owner) {
      if (pending.size === 0) return undefined
      const found = pending.get(keyOf(text))
      return found?.owner === owner && found.text === text ? found.verification : undefined
    },
    add(text, owner, verification) {
      const key = keyOf(text)
      // Of two tokens with the same end the second is verified without being remembered.
      if (!pending.has(key)) pending.set(key, { text, owner, verification })
      return verification
    },
    remove(text, owner) {
      const key = keyOf(text)
      const found = pending.get(key)
      if (found?.owner === owner && found.text === text) pending.delete(key)
    },
  }
}
