import { webcrypto } from 'node:crypto'
import * as openid from 'openid-client'
import type { ClientCredential } from './client-credential.ts'
import type { SigningKey } from './client-key.ts'
import { isClientRefused } from './provider-error.ts'

/** Makes a call to the realm with the current credential. */
export type WithCredential = <T>(call: () => Promise<T>) => Promise<T>

/** Authenticates the client's calls with a credential that may change at any time. */
export interface ClientCalls {
  /** Authenticates one request of a call in {@link withCredential}. */
  readonly authenticate: openid.ClientAuth
  /**
   * If the credential was revoked during the call, the call is refused; it is repeated once if there is another credential
   * by then. Keycloak checks the client before the code or the token, so neither was used.
   */
  readonly withCredential: WithCredential
}

/** Reads the credential again for each call. */
export function createClientCalls(credential: ClientCredential): ClientCalls {
  let current: openid.ClientAuth = openid.None()
  return {
    // Read by openid-client before its first await, so concurrent calls do not mix up their credentials.
    authenticate: (...request) => current(...request),
    async withCredential(call) {
      const first = await readCredential(credential)
      try {
        current = first.authenticate
        return await call()
      } catch (error) {
        const next = isClientRefused(error) ? await readCredential(credential) : first
        if (next.isSame(first)) throw error
        current = next.authenticate
        return await call()
      }
    },
  }
}

interface Credential {
  readonly value: string | SigningKey
  readonly authenticate: openid.ClientAuth
  isSame(other: Credential): boolean
}

async function readCredential(credential: ClientCredential): Promise<Credential> {
  if (credential.method === 'private_key_jwt') {
    const value = await credential.read()
    const { kid } = value
    const key = await toCryptoKey(value)
    const authenticate = openid.PrivateKeyJwt(kid === undefined ? key : { key, kid }, edDsa)
    const isSame = ({ value: other }: Credential): boolean =>
      typeof other !== 'string' && other.kid === kid && other.key.equals(value.key)
    return { value, authenticate, isSame }
  }
  const value = await credential.read()
  const send = credential.method === 'client_secret_post' ? openid.ClientSecretPost : openid.ClientSecretBasic
  return { value, authenticate: send(value), isSame: (other) => other.value === value }
}

/** Keycloak knows Ed25519 by its older name (RFC 8037). */
const edDsa: Parameters<typeof openid.PrivateKeyJwt>[1] = {
  [openid.modifyAssertion]: (header) => {
    if (header['alg'] === 'Ed25519') header['alg'] = 'EdDSA'
  },
}

/** By key object, so that a key that is read for each call is converted only once. */
const converted = new WeakMap<SigningKey['key'], webcrypto.CryptoKey>()

async function toCryptoKey({ key, algorithm }: SigningKey): Promise<webcrypto.CryptoKey> {
  const known = converted.get(key)
  if (known !== undefined) return known
  const der = key.export({ type: 'pkcs8', format: 'der' })
  const imported = await webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithm, false, ['sign'])
  converted.set(key, imported)
  return imported
}
