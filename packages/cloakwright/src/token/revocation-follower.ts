import { CloakwrightError } from '../errors.ts'
import type { Revocation, RevocationStore } from '../state/index.ts'

/** Milliseconds during which a failed attempt to read the store is not repeated. */
const pause = 1000

/** Follows the store that replicas share, from first use on. */
export class RevocationFollower {
  readonly #store: RevocationStore
  readonly #onRevoked: (revocation: Revocation) => void
  readonly #now: () => number
  #stop: (() => Promise<void>) | undefined
  #starting: Promise<void> | undefined
  #failure: { readonly error: unknown; readonly at: number } | undefined

  constructor(store: RevocationStore, onRevoked: (revocation: Revocation) => void, now: () => number) {
    this.#store = store
    this.#onRevoked = onRevoked
    this.#now = now
  }

  /** Whether the store was read and is followed. */
  get isFollowing(): boolean {
    return this.#stop !== undefined
  }

  /** One attempt serves all waiting callers; a failed one is not repeated for a moment. @throws {CW_STATE_UNAVAILABLE} */
  async ready(): Promise<void> {
    if (this.isFollowing) return
    if (this.#starting === undefined && this.#failure !== undefined && stands(this.#now() - this.#failure.at))
      throw this.#failure.error
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    await this.#starting
  }

  async close(): Promise<void> {
    await this.#starting?.catch(() => {})
    const stopping = this.#stop
    this.#stop = undefined
    await stopping?.()
  }

  async #start(): Promise<void> {
    try {
      this.#stop = await this.#store.follow(this.#onRevoked)
      this.#failure = undefined
    } catch (cause) {
      const error = toUnavailable('Cannot read the revocations', cause)
      this.#failure = { error, at: this.#now() }
      throw error
    }
  }
}

/** A clock that was set back does not extend it. */
function stands(age: number): boolean {
  return age >= 0 && age < pause
}

/** A verifier throws CloakwrightErrors only, also if the store's table is missing. */
export function toUnavailable(what: string, cause: unknown): unknown {
  if (cause instanceof CloakwrightError) return cause
  return new CloakwrightError('CW_STATE_UNAVAILABLE', what, {
    cause,
    retryAfter: 5,
    hint: 'See the cause. Check that the migrations of the schema cloakwright were applied.',
  })
}
