import { CloakwrightError } from '../errors.ts'
import type { Fetch } from '../http/index.ts'
import type { Metadata } from '../metadata/index.ts'
import { number } from '../numbers.ts'

/** As whom a verifier asks the realm about lightweight and opaque tokens, and how often. */
export interface IntrospectionOptions {
  /** A confidential client of the realm that the tokens have in `aud`: Keycloak tells others nothing. */
  readonly clientId: string
  /** Its secret, or a function that reads it: called before each use and when it is refused, so that a rotation needs no restart. */
  readonly clientSecret: string | (() => string | Promise<string>)
  /**
   * Seconds for which an answer is used again, 0–60; 5 by default. Until then a logout goes unnoticed, unless a
   * revocation brings it. Never longer than the token itself lasts.
   */
  readonly maxAge?: number | undefined
  /** Milliseconds for one call; 2000 by default. */
  readonly timeout?: number | undefined
}

/** What the verifier gives of its own. */
export interface IntrospectionSurroundings {
  readonly metadata: Metadata
  readonly fetch: Fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Introspection's options, checked and with their defaults; milliseconds. */
export interface CheckedIntrospection {
  readonly clientId: string
  readonly readSecret: () => Promise<unknown>
  readonly maxAge: number
  readonly timeout: number
}

/**
 * Checks what can be wrong with the options before the first token comes.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 */
export function checkIntrospection(options: IntrospectionOptions): CheckedIntrospection {
  const { clientId, clientSecret } = options
  if (typeof clientId !== 'string' || clientId === '')
    throw new CloakwrightError('CW_CONFIG_MISSING', 'introspection.clientId: no client is named', {
      hint: 'Name a confidential client of the realm that tokens have in `aud`: this service’s own.',
    })
  if (typeof clientSecret !== 'function' && (typeof clientSecret !== 'string' || clientSecret === ''))
    throw new CloakwrightError('CW_CONFIG_MISSING', 'introspection.clientSecret: no secret', {
      hint: 'Copy it from the client’s credentials in Keycloak: only a client with a secret may introspect.',
    })
  return {
    clientId,
    readSecret: async () => (typeof clientSecret === 'function' ? clientSecret() : clientSecret),
    maxAge: number('introspection.maxAge', options.maxAge, 5, 0, 60) * 1000,
    timeout: number('introspection.timeout', options.timeout, 2_000, 1, 120_000),
  }
}
