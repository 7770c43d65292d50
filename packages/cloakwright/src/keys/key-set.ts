import { setTimeout as pause } from 'node:timers/promises'
import { CloakwrightError } from '../errors.ts'
import { parseUrl } from '../http/index.ts'
import { type Fetch, fetchJson, type Metadata } from '../metadata/index.ts'
import { toVerificationKeys, type VerificationKey } from './jwk.ts'

/** The realm's keys, kept current. */
export interface KeySet {
  /** A key that is known now; never waits. */
  get(kid: string): VerificationKey | undefined
  /**
   * A key, after a look at the realm if it is not known: once however many ask at a time, and once in a cool-down
   * however many unknown names are asked for. Within the cool-down a name waits for the next look, because the realm
   * may have rotated its keys meanwhile; a name that was looked for in vain does not.
   *
   * @throws {CW_KEYS_UNAVAILABLE} The realm's keys can't be had, so nobody can tell whether this is one of them; or
   *   too many unknown names wait already.
   */
  find(kid: string): Promise<VerificationKey | undefined>
  /** Starts a reload in the background once the keys are older than their age; costs one comparison until then. */
  keepFresh(now: number): void
  /**
   * Resolves once there are keys, and tries to get them.
   *
   * @throws {CW_KEYS_UNAVAILABLE}
   */
  ready(): Promise<void>
}

/** How a key set behaves; every duration in milliseconds. */
export interface KeySetOptions {
  readonly metadata: Metadata
  readonly fetch: Fetch
  readonly now: () => number
  readonly timeout: number
  readonly coolDown: number
  readonly maxAge: number
  /** Called when a key is gone or another has taken its name. */
  readonly onRemoved: () => void
  /** Called with each failed reload, since known keys keep working without a word. */
  readonly onError: (error: CloakwrightError) => void
}

const maxBytes = 512 * 1024
/** Requests with unknown keys that may wait for the next look: those of 2,000 a second during a cool-down of 5 s. */
const maxWaiting = 10_000
/** Names looked for in vain that are remembered until the next look. */
const maxMissed = 1_000
/** Characters: the names come from whoever sends tokens, and a realm's are short. */
const maxMissedLength = 256
/** While there is no key at all every request fails, so the next attempt comes soon. */
const retryWithoutKeys = 1_000

/** Keeps the realm's JWK Set: loaded at the first need, reloaded for an unknown key and by age, kept when the realm is down. */
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
  /** Whether the look under way has left already: a key may be newer than its answer. */
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
    // Also after a clock was set back, or a removed key would work for as long again.
    const isDue = now >= this.#nextRefresh || this.#nextRefresh - now > this.#longestRefresh
    if (isDue && this.#pending === undefined) void this.#reload()
  }

  async ready(): Promise<void> {
    if (this.#keys.size === 0) await this.#reload()
    if (this.#keys.size === 0 && this.#failure !== undefined) throw retryLater(this.#failure, this.#wait())
  }

  /** After a failed look nobody waits: whether this key exists is not known, and the answer says when to ask again. */
  #look(): Promise<void> {
    return this.#isCooling() && this.#failure === undefined ? this.#reloadLater() : this.#reload()
  }

  #reload(): Promise<void> {
    if (this.#isCooling()) return Promise.resolve()
    this.#pending ??= this.#load()
    return this.#pending
  }

  /** One look for all who wait, once the cool-down is over. */
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

  /** Milliseconds until the next attempt; a clock that was set back does not prolong it. */
  #wait(): number {
    const left = this.#nextAttempt - this.#options.now()
    return left > 0 && left <= this.#options.coolDown ? left : 0
  }

  #isCooling(): boolean {
    return this.#pending === undefined && this.#wait() > 0
  }

  /** Only a look in vain starts it, so that a rotation is never refused because of another. */
  #startCoolDown(): void {
    if (!this.#isCooling()) this.#nextAttempt = this.#options.now() + this.#options.coolDown
  }
}

async function fetchKeys(options: KeySetOptions, onSent: () => void): Promise<Map<string, VerificationKey>> {
  const { fetch, timeout } = options
  const { internal } = await options.metadata.get()
  const url = internal.jwks_uri
  if (typeof url !== 'string' || parseUrl(url) === undefined)
    throw new CloakwrightError('CW_KEYS_UNAVAILABLE', 'Discovery document: it has no jwks_uri')
  const code = 'CW_KEYS_UNAVAILABLE'
  onSent()
  const json = await fetchJson(url, { fetch, timeout, maxBytes, code, what: 'Keys (JWKS)' })
  const jwks = json['keys']
  const keys = toVerificationKeys(Array.isArray(jwks) ? jwks : [])
  // A realm without keys can't sign: an answer like this is an accident, and must not forget the keys that work.
  if (keys.size === 0)
    throw new CloakwrightError(code, `Keys (JWKS) at ${url}: no key in it verifies signatures`, {
      hint: 'Look at Realm settings → Keys: an active asymmetric key for signatures (use SIG) is needed.',
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
    `The keys of ${issuer} are not looked at again yet: too many requests with unknown keys wait`,
    {
      retryAfter: Math.max(1, Math.ceil(milliseconds / 1000)),
      hint: 'Somebody sends many tokens that this realm did not sign: look for them in the log (CW_TOKEN_KEY_UNKNOWN).',
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
