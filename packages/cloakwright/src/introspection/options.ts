import { CloakwrightError } from '../errors.ts'
import type { Fetch } from '../http/index.ts'
import type { Metadata } from '../metadata/index.ts'
import { number } from '../numbers.ts'

/** Credentials and limits with which a verifier introspects lightweight and opaque tokens. */
export interface IntrospectionOptions {
  /** A confidential client of the realm that is in the tokens' `aud`: Keycloak returns nothing to other clients. */
  readonly clientId: string
  /** Its secret, or a function that reads it: called before each use and after a 401, so that a rotation needs no restart. */
  readonly clientSecret: string | (() => string | Promise<string>)
  /**
   * Seconds for which a result is cached, 0–60; 5 by default. During this time a logout goes unnoticed, unless a
   * revocation reports it. Never longer than the token itself is valid.
   */
  readonly maxAge?: number | undefined
  /** Timeout of one call in milliseconds; 2000 by default. */
  readonly timeout?: number | undefined
}

/** What the verifier passes on. */
export interface IntrospectionSurroundings {
  readonly metadata: Metadata
  readonly fetch: Fetch
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Introspection options, checked and with defaults; times in milliseconds. */
export interface CheckedIntrospection {
  readonly clientId: string
  readonly readSecret: () => Promise<unknown>
  readonly maxAge: number
  readonly timeout: number
}

/**
 * Checks the options before the first token arrives.
 *
 * @throws {CW_CONFIG_MISSING}
 * @throws {CW_CONFIG_INVALID}
 */
export function checkIntrospection(options: IntrospectionOptions): CheckedIntrospection {
  const { clientId, clientSecret } = options
  if (typeof clientId !== 'string' || clientId === '')
    throw new CloakwrightError('CW_CONFIG_MISSING', 'introspection.clientId is missing', {
      hint: 'Set it to a confidential client of the realm that is in the tokens’ `aud`: usually this service’s own.',
    })
  if (typeof clientSecret !== 'function' && (typeof clientSecret !== 'string' || clientSecret === ''))
    throw new CloakwrightError('CW_CONFIG_MISSING', 'introspection.clientSecret is missing', {
      hint: 'Copy it from the client’s credentials in Keycloak: only a client with a secret may introspect.',
    })
  return {
    clientId,
    readSecret: async () => (typeof clientSecret === 'function' ? clientSecret() : clientSecret),
    maxAge: number('introspection.maxAge', options.maxAge, 5, 0, 60) * 1000,
    timeout: number('introspection.timeout', options.timeout, 2_000, 1, 120_000),
  }
}
