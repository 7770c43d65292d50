import { CloakwrightError } from '../errors.ts'
import { number } from '../numbers.ts'
import type { IntrospectionOptions } from './introspection.ts'

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
