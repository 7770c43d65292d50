import type { JWK } from 'jose'
import { UnusableKey } from '../../crypto/index.ts'
import type { Client } from '../../model/index.ts'
import { clientKeys } from './client-keys.ts'

/** What a client's settings can encrypt. */
export type EncryptedResponse = 'id.token' | 'user.info' | 'authorization'

/** The algorithms for the content's key; Keycloak also has RSA1_5, which is broken (RFC 8725 section 3.2). */
export const keyEncryption: readonly string[] =
  'ECDH-ES+A256KW ECDH-ES+A192KW ECDH-ES+A128KW RSA-OAEP RSA-OAEP-256 ECDH-ES'.split(' ')
export const contentEncryption: readonly string[] =
  'A256GCM A192GCM A128GCM A128CBC-HS256 A192CBC-HS384 A256CBC-HS512'.split(' ')

/** Whether the client's settings encrypt this response. */
export function isEncrypted({ attributes }: Readonly<Client>, response: EncryptedResponse): boolean {
  return (attributes[`${response}.encrypted.response.alg`] ?? '') !== ''
}

/**
 * Encrypts a response with the client's key, as `*.encrypted.response.alg` and `.enc` say (RFC 7516, compact).
 *
 * @param contentType `JWT` if the text is a signed token
 * @param now milliseconds since the epoch
 * @throws if the client has no key for the algorithm; Keycloak answers 500 too
 */
export async function encryptFor(
  client: Readonly<Client>,
  response: EncryptedResponse,
  text: string,
  contentType: 'JWT' | undefined,
  now: number,
): Promise<string> {
  const setting = `${response}.encrypted.response`
  const alg = client.attributes[`${setting}.alg`] ?? ''
  const enc = client.attributes[`${setting}.enc`] || 'A128CBC-HS256'
  if (!keyEncryption.includes(alg) || !contentEncryption.includes(enc)) {
    throw new UnusableKey(
      `The client ${client.clientId} has an unknown algorithm in ${setting}.alg or ${setting}.enc: use one of ${keyEncryption.join(', ')} and one of ${contentEncryption.join(', ')}`,
    )
  }
  // As in Keycloak: a key without a `kid` is for any algorithm.
  const fits = (key: JWK): boolean => key.use === 'enc' && (key.kid === undefined || key.alg === alg)
  const key = (await clientKeys(client, now, fits)).find(fits)
  if (key === undefined || key.kty !== (alg.startsWith('ECDH') ? 'EC' : 'RSA')) {
    throw new UnusableKey(
      `The client ${client.clientId} has no key for ${setting}.alg: its JWKS (use.jwks.string or use.jwks.url) needs a key with "use": "enc" and "alg": "${alg}"`,
    )
  }
  const { CompactEncrypt, importJWK } = await import('jose')
  const header = {
    alg,
    enc,
    ...(contentType === undefined ? {} : { cty: contentType }),
    ...(key.kid === undefined ? {} : { kid: key.kid }),
  }
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader(header)
    .encrypt(await importJWK(key, alg))
}
