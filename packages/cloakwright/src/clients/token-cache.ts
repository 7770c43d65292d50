import type { CloakwrightError } from '../errors.ts'
import { createOutage, type Outage } from '../provider/index.ts'
import type { Granted } from './grants.ts'

/** Tokens for the API, by whom they are for. */
export interface TokenCache {
  /**
   * A live token. One request for all concurrent callers; a token is replaced early, while callers still get the live one.
   *
   * @throws The error of `request`, if there is no live token.
   */
  get(key: string, source: TokenRequest): Promise<string>
  /** Another token than the one that the API refused: a new one, unless it was replaced already, or just now. */
  replace(key: string, refused: string, source: TokenRequest): Promise<string>
}

/** How to get a token. */
export interface TokenRequest {
  readonly request: () => Promise<Granted>
  /** The token is not used after this time, in milliseconds since the epoch. */
  readonly until?: number | undefined
  /** Calls back when the token must be dropped; returns a function that stops it. */
  readonly watch?: ((drop: () => void) => () => void) | undefined
}

const maxEntries = 10_000
const maxBytes = 32 * 1024 * 1024
/** The part of a token's life after which it is replaced. */
const renewal = 0.8
/** Milliseconds that a token must still be valid to be used without waiting for the next one. */
const handling = 5_000
/** Milliseconds between two tokens that were requested because the API refused the one before. */
const replacement = 5_000

interface Entry {
  granted: Granted | undefined
  /** After a failed request, the next one for the same token is made later. */
  readonly outage: Outage
  pending: Promise<string> | undefined
  replacedAt: number | undefined
  bytes: number
  unwatch: () => void
}

/**
 * @param outage Of the realm: while it does not respond, no request waits for it.
 * @param now Milliseconds since the epoch.
 */
export function createTokenCache(outage: Outage, now: () => number): TokenCache {
  const entries = new Map<string, Entry>()
  let bytes = 0

  const drop = (key: string, entry: Entry): void => {
    entry.unwatch()
    if (entries.get(key) !== entry) return
    entries.delete(key)
    bytes -= entry.bytes
  }
  const isOver = ({ granted, pending, outage: own }: Entry): boolean =>
    pending === undefined &&
    own.current() === undefined &&
    (granted === undefined || granted.expiresAt <= now())
  /** The oldest entries end first. */
  const makeRoom = (): void => {
    for (const [key, entry] of entries) {
      if (entries.size < maxEntries && bytes < maxBytes && !isOver(entry)) break
      drop(key, entry)
    }
  }
  const open = (key: string, { watch }: TokenRequest): Entry => {
    const known = entries.get(key)
    if (known !== undefined) return known
    makeRoom()
    const entry: Entry = {
      granted: undefined,
      outage: createOutage(now),
      pending: undefined,
      replacedAt: undefined,
      bytes: 1024,
      unwatch: () => {},
    }
    entries.set(key, entry)
    bytes += entry.bytes
    // From before the request: what ends during it is not kept.
    if (watch !== undefined) entry.unwatch = watch(() => drop(key, entry))
    return entry
  }
  const load = async (key: string, entry: Entry, { request, until }: TokenRequest): Promise<string> => {
    try {
      const granted = await request()
      const size = granted.token.length * 2
      if (entries.get(key) === entry) bytes += size + 1024 - entry.bytes
      entry.bytes = size + 1024
      entry.granted = { ...granted, expiresAt: Math.min(granted.expiresAt, until ?? Infinity) }
      entry.outage.over()
      return granted.token
    } catch (error) {
      const failure = error as CloakwrightError
      entry.outage.began(failure)
      if (failure.code === 'CW_PROVIDER_UNAVAILABLE') outage.began(failure)
      throw failure
    } finally {
      entry.pending = undefined
    }
  }
  const renew = (key: string, entry: Entry, source: TokenRequest): Promise<string> =>
    (entry.pending ??= load(key, entry, source))

  return {
    async get(key, source) {
      const entry = open(key, source)
      const time = now()
      const { granted } = entry
      const live = granted !== undefined && time < granted.expiresAt ? granted : undefined
      if (live !== undefined && time < renewalOf(live, source)) return live.token
      const failure = entry.outage.current() ?? outage.current()
      if (failure !== undefined) {
        if (live !== undefined) return live.token
        throw failure
      }
      const renewed = renew(key, entry, source)
      if (live === undefined) return await renewed
      if (live.expiresAt - time > handling) {
        renewed.catch(() => {})
        return live.token
      }
      return await renewed.catch((error: unknown) => {
        if (now() < live.expiresAt) return live.token
        throw error
      })
    },
    async replace(key, refused, source) {
      const entry = open(key, source)
      const { granted, pending, replacedAt } = entry
      if (pending !== undefined) return await pending
      if (granted !== undefined && granted.token !== refused) return granted.token
      // An API that refuses every token must not cause a request to the realm for each call.
      if (replacedAt !== undefined && Math.abs(now() - replacedAt) < replacement) return refused
      entry.replacedAt = now()
      return await renew(key, entry, source)
    },
  }
}

/** A token that ends with its user's own is not replaced: the next one would end no later. */
function renewalOf({ issuedAt, expiresAt }: Granted, { until }: TokenRequest): number {
  return expiresAt === until ? expiresAt : issuedAt + (expiresAt - issuedAt) * renewal
}
