import { CloakwrightError } from '../errors.ts'
import { type SigningKey, toSigningKey } from './client-key.ts'
import type { SessionOptions } from './options.ts'

/** How the client authenticates at the realm; each reads the current credential. */
export type ClientCredential =
  | { readonly method: 'client_secret_basic' | 'client_secret_post'; readonly read: () => Promise<string> }
  | { readonly method: 'private_key_jwt'; readonly read: () => Promise<SigningKey> }

/**
 * Checks the options for the client's secret or key.
 *
 * @throws {CW_CONFIG_MISSING} Neither.
 * @throws {CW_CONFIG_INVALID} Both, or an invalid one.
 */
export function checkCredential(options: SessionOptions): ClientCredential {
  const { clientKey, clientSecret, clientAuthentication: method = 'client_secret_basic' } = options
  if (clientKey !== undefined) {
    if (clientSecret !== undefined || options.clientAuthentication !== undefined)
      throw invalid('clientKey', 'set together with a secret', 'Omit clientSecret and clientAuthentication.')
    if (typeof clientKey === 'function')
      return {
        method: 'private_key_jwt',
        read: async () => toSigningKey(await called('clientKey', clientKey)),
      }
    const key = toSigningKey(clientKey)
    return { method: 'private_key_jwt', read: async () => key }
  }
  if (method !== 'client_secret_basic' && method !== 'client_secret_post')
    throw invalid(
      'clientAuthentication',
      'not client_secret_basic or client_secret_post',
      'Set it to the method that the client is registered with, or omit it for client_secret_basic.',
    )
  if (typeof clientSecret !== 'function') requireSecret(clientSecret)
  return {
    method,
    read: async () =>
      requireSecret(
        typeof clientSecret === 'function' ? await called('clientSecret', clientSecret) : clientSecret,
      ),
  }
}

/** The service's own function may fail: the realm is not the cause. */
async function called<T>(name: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new CloakwrightError('CW_CONFIG_INVALID', `${name}: the function failed`, {
      cause,
      hint: 'Fix what it reads, such as the path of a file: the cause says what failed.',
    })
  }
}

function requireSecret(secret: string | undefined): string {
  if (typeof secret === 'string' && secret !== '') return secret
  throw new CloakwrightError('CW_CONFIG_MISSING', 'clientSecret is missing', {
    hint: 'Copy it from the client’s credentials in Keycloak, or set clientKey.',
  })
}

function invalid(name: string, why: string, hint: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `${name}: ${why}`, { hint })
}
