import type { Revocation } from '../state/index.ts'
import type { AccessToken } from './access-token.ts'
import { createDenials, type Denials } from './denials.ts'
import { createTokenWatchers, type TokenWatchers } from './token-watchers.ts'

/** The revocations by issuer, and the callers that wait for one. */
export class RevocationList {
  /** Grows with each new revocation. */
  version = 0
  readonly #now: () => number
  readonly #denials = new Map<string, Denials>()
  readonly #watchers = new Map<string, TokenWatchers>()

  constructor(now: () => number) {
    this.#now = now
  }

  isRevoked(token: AccessToken, issuer: string, startedAt: number | undefined): boolean {
    return this.#denials.get(issuer)?.concern(token, this.#now(), startedAt) ?? false
  }

  /** Adds a revocation and, if it is new, notifies the callers whose token it covers. */
  add({ issuer, by, expiresAt }: Revocation): void {
    const now = this.#now()
    if (expiresAt <= now) return
    // Issuers come from callers, never from a token.
    const denials = this.#denials.get(issuer) ?? createDenials()
    this.#denials.set(issuer, denials)
    if (!denials.add(by, expiresAt, now)) return
    this.version++
    for (const { token, onRevoked } of this.#watchers.get(issuer)?.find(by) ?? [])
      if (denials.concern(token, now)) onRevoked()
  }

  /** Calls back once, when the token is revoked; returns a function that stops it. */
  watch(token: AccessToken, issuer: string, onRevoked: () => void): () => void {
    const watchers = this.#watchers.get(issuer) ?? createTokenWatchers()
    this.#watchers.set(issuer, watchers)
    const end = watchers.add(token, () => {
      unwatch()
      onRevoked()
    })
    const unwatch = (): void => {
      end()
      if (watchers.size === 0 && this.#watchers.get(issuer) === watchers) this.#watchers.delete(issuer)
    }
    return unwatch
  }
}
