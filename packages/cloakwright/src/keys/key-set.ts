import { setTimeout as pause } from 'node:timers/promises'
import { CloakwrightError } from '../errors.ts'
import { parseUrl } from '../http/index.ts'
import { type Fetch, fetchJson, type Metadata } from '../metadata/index.ts'
import { toVerificationKeys, type VerificationKey } from './jwk.ts'

/** The realm's keys, kept up to date. */
export interface KeySet {
  /** A key that is in the cache; never waits. */
  get(kid: string): VerificationKey | undefined
  /**
   * A key; if it is not in the cache, the keys are fetched. Concurrent calls share one fetch, and unknown `kid`s cause at
   * most one fetch per cool-down. During the cool-down, a new `kid` waits for the next fetch, because the realm may have
   * rotated its keys; a `kid` that was already looked up without success does not wait.
   *
   * @throws {CW_KEYS_UNAVAILABLE} The realm's keys could not be fetched, so it is unknown whether the key is one of them;
   * or too many requests with unknown `kid`s wait already.
   */
  find(kid: string): Promise<VerificationKey | undefined>
  /** Starts a reload in the background once the keys have reached their maximum age; until then, it costs one comparison. */
  keepFresh(now: number): void
  /**
   * Resolves once keys are loaded; loads them if needed.
   *
   * @throws {CW_KEYS_UNAVAILABLE}
   */
  ready(): Promise<void>
}

/** The options of a key set; every duration is in milliseconds. */
export interface KeySetOptions {
  readonly metadata: Metadata
  readonly fetch: Fetch
  readonly now: () => number
  readonly timeout: number
  readonly coolDown: number
  readonly maxAge: number
  /** Called when a key was removed or replaced by another with the same `kid`. */
  readonly onRemoved: () => void
  /** Called after each failed reload, since known keys stay in use without an error. */
  readonly onError: (error: CloakwrightError) => void
}

const maxBytes = 512 * 1024
/** Maximum number of requests with unknown keys that wait for the next fetch: 2,000 a second during a cool-down of 5 s. */
const maxWaiting = 10_000
/** Maximum number of unknown `kid`s that are remembered until the next fetch. */
const maxMissed = 1_000
/** Maximum length of a `kid` in characters: it comes from the sender of the token, and a realm's are short. */
const maxMissedLength = 256
/** Without any key, every request fails, so the next attempt comes soon. */
const retryWithoutKeys = 1_000

/** Caches the realm's JWK Set: loaded when first needed, reloaded for an unknown key and by age, kept while the realm is down. */
export function createKeySet(options: KeySetOptions): KeySet {
  return new RealmKeys(options)
}

class RealmKeys implements KeySet {
  readonly #options: KeySetOptions
  readonly #longestRefresh: number
  #keys = new Map<string, VerificationKey>()
  #failure: CloakwrightError | undefined
  #pending: Promise<void> | undefined
  #delayed: Promise<void> | undefined
  #waiting = 0
  /** Whether the pending request has been sent already: a key may be newer than its response. */
  #sent = false
  readonly #missed = new Set<string>()
  #nextAttempt = Number.NEGATIVE_INFINITY
  #nextRefresh = Number.NEGATIVE_INFINITY

  constructor(options: KeySetOptions) {
    this.#options = options
    this.#longestRefresh = Math.max(options.maxAge, options.coolDown)
  }

  get(kid: string): VerificationKey | undefined {
    return this.#keys.get(kid)
  }

  async find(kid: string): Promise<VerificationKey | undefined> {
    if (this.#missed.has(kid) && this.#isCooling()) return undefined
    const late = this.#pending !== undefined && this.#sent
    await this.#look()
    if (late && this.#failure === undefined && !this.#keys.has(kid)) {
      this.#startCoolDown()
      await this.#look()
    }
    const key = this.#keys.get(kid)
    if (key !== undefined) return key
    if (this.#failure !== undefined) throw retryLater(this.#failure, this.#wait())
    this.#startCoolDown()
    if (this.#missed.size < maxMissed && kid.length <= maxMissedLength) this.#missed.add(kid)
    return undefined
  }

  keepFresh(now: number): void {
    // Also after the clock was set back; otherwise a removed key would stay valid for as long again.
    const isDue = now >= this.#nextRefresh || this.#nextRefresh - now > this.#longestRefresh
    if (isDue && this.#pending === undefined) void this.#reload()
  }

  async ready(): Promise<void> {
    if (this.#keys.size === 0) await this.#reload()
    if (this.#keys.size === 0 && this.#failure !== undefined) throw retryLater(this.#failure, this.#wait())
  }

  /** After a failed fetch, callers do not wait: it is unknown whether the key exists, and the error has a retry time. */
  #look(): Promise<void> {
    return this.#isCooling() && this.#failure === undefined ? this.#reloadLater() : this.#reload()
  }

  #reload(): Promise<void> {
    if (this.#isCooling()) return Promise.resolve()
    this.#pending ??= this.#load()
    return this.#pending
  }

  /** One fetch for all waiting callers, once the cool-down is over. */
  async #reloadLater(): Promise<void> {
    if (this.#waiting >= maxWaiting) throw crowded(this.#options.metadata.issuer, this.#wait())
    this.#waiting++
    try {
      this.#delayed ??= pause(this.#wait()).then(() => {
        this.#delayed = undefined
        this.#pending ??= this.#load()
        return this.#pending
      })
      await this.#delayed
    } finally {
      this.#waiting--
    }
  }

  async #load(): Promise<void> {
    try {
      this.#sent = false
      this.#replace(
        await fetchKeys(this.#options, () => {
          this.#sent = true
        }),
      )
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#pending = undefined
    }
  }

  #replace(loaded: Map<string, VerificationKey>): void {
    const removed = [...this.#keys.values()].some(
      (key) => loaded.get(key.kid)?.fingerprint !== key.fingerprint,
    )
    this.#keys = loaded
    this.#failure = undefined
    this.#missed.clear()
    this.#nextRefresh = this.#options.now() + this.#options.maxAge
    if (removed) this.#options.onRemoved()
  }

  #fail(error: unknown): void {
    const { metadata, now, coolDown, onError } = this.#options
    this.#nextAttempt = now() + (this.#keys.size === 0 ? Math.min(retryWithoutKeys, coolDown) : coolDown)
    this.#nextRefresh = this.#nextAttempt
    this.#failure = unavailable(metadata.issuer, error)
    onError(this.#failure)
  }

  /** Milliseconds until the next attempt; a clock that was set back does not extend them. */
  #wait(): number {
    const left = this.#nextAttempt - this.#options.now()
    return left > 0 && left <= this.#options.coolDown ? left : 0
  }

  #isCooling(): boolean {
    return this.#pending === undefined && this.#wait() > 0
  }

  /** Only an unsuccessful lookup starts it, so that one rotation never delays another. */
  #startCoolDown(): void {
    if (!this.#isCooling()) this.#nextAttempt = this.#options.now() + this.#options.coolDown
  }
}

async function fetchKeys(options: KeySetOptions, onSent: () => void): Promise<Map<string, VerificationKey>> {
  const { fetch, timeout } = options
  const { internal } = await options.metadata.get()
  const url = internal.jwks_uri
  if (typeof url !== 'string' || parseUrl(url) === undefined)
    throw new CloakwrightError('CW_KEYS_UNAVAILABLE', 'Discovery document: jwks_uri is missing')
  const code = 'CW_KEYS_UNAVAILABLE'
  onSent()
  const json = await fetchJson(url, { fetch, timeout, maxBytes, code, what: 'Keys (JWKS)' })
  const jwks = json['keys']
  const keys = toVerificationKeys(Array.isArray(jwks) ? jwks : [])
  // A realm without keys cannot sign: such a response is a fault and must not discard keys that work.
  if (keys.size === 0)
    throw new CloakwrightError(code, `Keys (JWKS) at ${url}: no key can verify signatures`, {
      hint: 'Check Realm settings → Keys: the realm needs an active asymmetric key for signatures (use SIG).',
    })
  return keys
}

function unavailable(issuer: string, cause: unknown): CloakwrightError {
  const known = cause instanceof CloakwrightError ? cause : undefined
  return new CloakwrightError(
    'CW_KEYS_UNAVAILABLE',
    `Could not fetch the signing keys of ${issuer}: ${known?.message ?? 'unexpected failure'}`,
    { cause, retryAfter: 1, hint: known?.hint ?? 'See the cause.' },
  )
}

function crowded(issuer: string, milliseconds: number): CloakwrightError {
  return new CloakwrightError(
    'CW_KEYS_UNAVAILABLE',
    `The keys of ${issuer} were not fetched again yet: too many requests with unknown keys are waiting`,
    {
      retryAfter: Math.max(1, Math.ceil(milliseconds / 1000)),
      hint: 'Search the log for CW_TOKEN_KEY_UNKNOWN: a client sends many tokens that this realm did not sign.',
    },
  )
}

/** The same failure for one more request, with the seconds until the next attempt. */
function retryLater(failure: CloakwrightError, milliseconds: number): CloakwrightError {
  return new CloakwrightError(failure.code, failure.message, {
    cause: failure.cause,
    retryAfter: Math.max(1, Math.ceil(milliseconds / 1000)),
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
  })
}
