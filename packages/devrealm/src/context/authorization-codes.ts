import { randomUUID } from 'node:crypto'
import type { RealmStore } from '../store/index.ts'
import { dropOldest } from './drop-oldest.ts'

/** The data behind an authorization code. */
export interface AuthorizationCode {
  readonly realmId: string
  readonly sessionId: string
  /** The client's id. */
  readonly clientId: string
  readonly redirectUri: string
  readonly scope: string
  readonly acr: string
  readonly nonce: string | undefined
  readonly challenge: string | undefined
  readonly challengeMethod: string | undefined
  /** The thumbprint of the key that the token request must prove. */
  readonly dpopJkt: string | undefined
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

const maxCodes = 10_000
/** How long a used code is remembered, to revoke its tokens if it is used again. */
const usedCodeMemory = 10 * 60_000

/** The authorization codes that are not exchanged yet, or were exchanged recently. */
export class AuthorizationCodes {
  readonly #codes = new Map<string, { code: AuthorizationCode; used: boolean }>()

  /** Creates a code in Keycloak's format: random part, session, client. */
  issue(code: AuthorizationCode): string {
    const text = `${randomUUID()}.${code.sessionId}.${code.clientId}`
    this.#codes.set(text, { code, used: false })
    dropOldest(this.#codes, maxCodes)
    return text
  }

  /** Takes a code; a code can be used once. */
  take(
    realm: RealmStore,
    text: string,
    now: number,
  ): { code: AuthorizationCode; state: 'fresh' | 'used' | 'expired' } | undefined {
    const entry = this.#codes.get(text)
    if (entry === undefined || entry.code.realmId !== realm.info.id) return undefined
    const { code, used } = entry
    if (now > code.expiresAt + usedCodeMemory) {
      this.#codes.delete(text)
      return undefined
    }
    entry.used = true
    if (used) return { code, state: 'used' }
    return { code, state: now > code.expiresAt ? 'expired' : 'fresh' }
  }
}
