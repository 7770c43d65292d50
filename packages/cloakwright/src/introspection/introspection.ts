import { CloakwrightError } from '../errors.ts'
import type { Claims } from '../jws/index.ts'
import { inactive, toOutage, unavailable } from './answer.ts'
import { createBreaker } from './breaker.ts'
import { createAnswerCache } from './cache.ts'
import { askEndpoint } from './endpoint.ts'
import { isOpaque } from './needs.ts'
import { checkIntrospection, type IntrospectionOptions, type IntrospectionSurroundings } from './options.ts'

/** Introspects tokens at the realm (RFC 7662). */
export interface Introspection {
  /**
   * The claims that the realm has for an active token: frozen, and the same object while they are cached.
   * The caller still has to check that the token is an access token for this service, as with any token.
   *
   * @throws {CW_TOKEN_INACTIVE} Ended, revoked, unknown, or the client is not in its audience (401).
   * @throws {CW_INTROSPECTION_UNAVAILABLE} The realm cannot be asked (503, with `retryAfter`).
   */
  introspect(token: string): Promise<Claims>
  /** Drops all cached and pending results: a revocation arrived. */
  clear(): void
}

const maxInFlight = 100
const limits = { maxEntries: 10_000, maxBytes: 16 * 1024 * 1024 }

/**
 * Calls the realm's introspection endpoint: one call per token for all concurrent requests, and a limited number of
 * calls at a time. Results are cached for seconds. When the realm is down, no calls are made for a while.
 *
 * @throws {CW_CONFIG_MISSING} No client id or no secret.
 * @throws {CW_CONFIG_INVALID} An invalid value.
 */
export function createIntrospection(
  options: IntrospectionOptions,
  surroundings: IntrospectionSurroundings,
): Introspection {
  const checked = checkIntrospection(options)
  const { clientId, maxAge } = checked
  const { now } = surroundings
  const breaker = createBreaker({ now, threshold: 5, coolDown: 5_000 })
  const cache = createAnswerCache(limits)
  const pending = new Map<string, Promise<Claims>>()
  let inFlight = 0

  const begin = (token: string): Promise<Claims> => {
    const askedAt = now()
    inFlight++
    const isCurrent = (): boolean => pending.get(token) === call
    const call: Promise<Claims> = breaker
      .run(() => askEndpoint(token, checked, surroundings), toRefusal)
      .then((answer) => {
        if (answer instanceof CloakwrightError) throw answer
        const { claims, bytes } = answer
        if (claims['active'] !== true) throw inactive(clientId)
        const { exp } = claims
        if (typeof exp === 'number' && isCurrent())
          cache.set(token, claims, askedAt, Math.min(exp * 1000, askedAt + maxAge), bytes)
        return claims
      })
      .finally(() => {
        inFlight--
        if (isCurrent()) pending.delete(token)
      })
    pending.set(token, call)
    return call
  }

  return {
    async introspect(token) {
      const known = cache.get(token, now()) ?? pending.get(token)
      if (known !== undefined) return known
      // Anyone can make up opaque strings: they must not take the capacity of tokens that the realm has signed.
      const room = isOpaque(token, Number.POSITIVE_INFINITY) ? maxInFlight / 2 : maxInFlight
      if (inFlight >= room) throw busy()
      return begin(token)
    },
    clear() {
      cache.clear()
      pending.clear()
    },
  }
}

function toRefusal(last: unknown, wait: number): CloakwrightError {
  return toOutage(last, 'no request was sent, because the last ones failed: ', wait)
}

function busy(): CloakwrightError {
  return unavailable(
    `${maxInFlight} requests are pending, which is the limit`,
    undefined,
    'Check the load of the realm: it responds slowly, or a client sends many tokens that it does not know.',
    1,
  )
}
