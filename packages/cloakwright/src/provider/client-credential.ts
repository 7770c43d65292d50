import { CloakwrightError } from '../errors.ts'
import { type ClientKey, type SigningKey, toSigningKey } from './client-key.ts'

/** The options for the client's secret or key. */
export interface CredentialOptions {
  /** The client's secret, or a function that reads it: called before each use and after a 401, so that a rotation needs no restart. */
  readonly clientSecret?: string | (() => string | Promise<string>) | undefined
  /**
   * The client's private key, instead of a secret (`private_key_jwt`, RFC 7523): a JWK, a PEM string or a `KeyObject`; the
   * realm has its public key. A function is called before each use and after a 401, as for a secret.
   */
  readonly clientKey?: ClientKey | (() => ClientKey | Promise<ClientKey>) | undefined
  /** How the client sends its secret, as registered in the realm: `client_secret_basic` by default. */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post' | undefined
}

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
export function checkCredential(options: CredentialOptions): ClientCredential {
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
