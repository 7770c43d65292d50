import { dropOldest } from './drop-oldest.ts'
import { randomToken } from './random-token.ts'

/** A logout that needs the user's confirmation. */
export interface PendingLogout {
  readonly id: string
  readonly sessionCode: string
  readonly clientId: string
  /** The login to end; only its own browser can confirm. */
  readonly sessionId: string | undefined
  readonly redirectUri: string | undefined
  readonly state: string | undefined
  readonly expiresAt: number
}

const maxLogouts = 10_000

/** The logouts that wait for confirmation. */
export class PendingLogouts {
  readonly #logouts = new Map<string, PendingLogout>()

  open(logout: Omit<PendingLogout, 'id' | 'sessionCode'>): PendingLogout {
    const pending = { ...logout, id: randomToken(8), sessionCode: randomToken(32) }
    this.#logouts.set(pending.id, pending)
    dropOldest(this.#logouts, maxLogouts)
    return pending
  }

  /** Takes a pending logout if the code matches. */
  take(id: string | undefined, sessionCode: string | undefined, now: number): PendingLogout | undefined {
    const pending = id === undefined ? undefined : this.#logouts.get(id)
    if (pending === undefined || pending.sessionCode !== sessionCode || pending.expiresAt < now) {
      return undefined
    }
    this.#logouts.delete(pending.id)
    return pending
  }
}
