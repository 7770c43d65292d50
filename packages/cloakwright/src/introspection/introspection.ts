import { CloakwrightError } from '../errors.ts'
import type { Claims } from '../jws/index.ts'
import { inactive, toOutage, unavailable } from './answer.ts'
import { createBreaker } from './breaker.ts'
import { createAnswerCache } from './cache.ts'
import { askEndpoint } from './endpoint.ts'
import { isOpaque } from './needs.ts'
import { checkIntrospection, type IntrospectionOptions, type IntrospectionSurroundings } from './options.ts'

/** Asks the realm about tokens (RFC 7662). */
export interface Introspection {
  /**
   * The claims that the realm has for an active token, frozen and the same object as long as they are remembered.
   * That they are for this service, and of an access token, is still to be checked, as with a token's own.
   *
   * @throws {CW_TOKEN_INACTIVE} Ended, revoked, unknown, or the client is not in its audience (401).
   * @throws {CW_INTROSPECTION_UNAVAILABLE} Nobody can tell (503, with `retryAfter`).
   */
  introspect(token: string): Promise<Claims>
  /** Forgets all answers, also those under way: a revocation came. */
  clear(): void
}

const maxInFlight = 100
const limits = { maxEntries: 10_000, maxBytes: 16 * 1024 * 1024 }

/**
 * Asks the realm's introspection endpoint: one call for a token however many requests bring it, a bounded number at a
 * time, answers remembered for seconds, and no calls for a while when the realm is down.
 *
 * @throws {CW_CONFIG_MISSING} No client id or no secret.
 * @throws {CW_CONFIG_INVALID} A value that can't work.
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
      // Anyone can make up opaque texts: they never take the room of tokens that the realm has signed.
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
  return toOutage(last, 'the realm is not asked for a moment, since the last calls failed: ', wait)
}

function busy(): CloakwrightError {
  return unavailable(
    `${maxInFlight} calls are under way, and no more are made at a time`,
    undefined,
    'The realm answers slowly, or somebody sends many tokens that it does not know: look at its load.',
    1,
  )
}
