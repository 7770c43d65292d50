import { CloakwrightError } from '../errors.ts'
import { type BoundedResponse, type Fetch, unlessAborted } from '../http/index.ts'
import type { Claims } from '../jws/index.ts'
import { fetchRealm, type Metadata } from '../metadata/index.ts'
import { type Answer, inactive, toAnswer, unavailable } from './answer.ts'
import { createBreaker } from './breaker.ts'
import { createAnswerCache } from './cache.ts'
import { isOpaque } from './needs.ts'
import { checkIntrospection, type IntrospectionOptions } from './options.ts'

/** What the verifier gives of its own. */
export interface IntrospectionSurroundings {
  readonly metadata: Metadata
  readonly fetch: Fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

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

const what = 'Introspection'
const code = 'CW_INTROSPECTION_UNAVAILABLE'
const maxBytes = 256 * 1024
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
  { metadata, fetch, now }: IntrospectionSurroundings,
): Introspection {
  const { clientId, readSecret, maxAge, timeout } = checkIntrospection(options)
  const breaker = createBreaker({ now, threshold: 5, coolDown: 5_000 })
  const cache = createAnswerCache(limits)
  const pending = new Map<string, Promise<Claims>>()
  let inFlight = 0

  /** Throws when the realm could not be asked; what it answered returns, also a refusal. */
  const ask = async (token: string): Promise<Answer> => {
    const url = await endpointOf(metadata)
    const fields = new URLSearchParams({ token, token_type_hint: 'access_token' })
    const askWith = (secret: string): Promise<BoundedResponse> => {
      const form = { fields, authorization: toBasic(clientId, secret) }
      return fetchRealm(url, { fetch, timeout, maxBytes, code, what, form })
    }
    const secret = await secretOfNow()
    const answer = await askWith(secret)
    // Revoked while the call was under way? Then another is there by now.
    const next = answer.status === 401 ? await secretOfNow() : secret
    return toAnswer(url, clientId, next === secret ? answer : await askWith(next))
  }

  const secretOfNow = async (): Promise<string> => {
    const secret = await unlessAborted(readSecret(), AbortSignal.timeout(timeout)).catch((error: unknown) => {
      throw unavailable('its clientSecret can not be read', error, 'See the cause.')
    })
    if (typeof secret !== 'string' || secret === '')
      throw unavailable('its clientSecret is empty', undefined, 'See where the function reads it from.')
    return secret
  }

  const begin = (token: string): Promise<Claims> => {
    const askedAt = now()
    inFlight++
    const isCurrent = (): boolean => pending.get(token) === call
    const call: Promise<Claims> = breaker
      .run(() => ask(token), toRefusal)
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

async function endpointOf(metadata: Metadata): Promise<string> {
  let url: unknown
  try {
    url = (await metadata.get()).internal.introspection_endpoint
  } catch (error) {
    throw because(error)
  }
  if (typeof url === 'string' && URL.canParse(url)) return url
  throw unavailable('the realm’s discovery document has no introspection_endpoint')
}

/** RFC 6749 §2.3.1: both parts are encoded as in a form before they are joined. */
function toBasic(clientId: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')}`
}

function toRefusal(last: unknown, wait: number): CloakwrightError {
  return because(last, 'the realm is not asked for a moment, since the last calls failed: ', wait)
}

function because(cause: unknown, why = '', wait = 5_000): CloakwrightError {
  const known = cause instanceof CloakwrightError ? cause : undefined
  const message = why + (known?.message ?? 'unexpected failure')
  return unavailable(message, cause, known?.hint, Math.max(1, Math.ceil(wait / 1000)))
}

function busy(): CloakwrightError {
  return unavailable(
    `${maxInFlight} calls are under way, and no more are made at a time`,
    undefined,
    'The realm answers slowly, or somebody sends many tokens that it does not know: look at its load.',
    1,
  )
}
