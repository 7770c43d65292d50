import { compactDecrypt, compactVerify, importJWK, type JWK } from 'jose'
import { encryptionKey } from '../crypto/index.ts'
import type { Client } from '../model/index.ts'
import { clientKeys, readJwtPart } from '../oidc/index.ts'
import type { RealmStore } from '../store/index.ts'

/** A request object that must not be trusted; the browser and the client learn no more than that. */
export class InvalidRequestObject extends Error {
  override readonly name = 'InvalidRequestObject'
}

/**
 * Reads a request object (OpenID Connect Core section 6, RFC 9101): encrypted with the realm's key or not, signed with the
 * client's key or secret, or unsigned if the client does not pin an algorithm. As in Keycloak, `iss`, `aud`, `exp` and `nbf`
 * are not checked.
 *
 * @throws {InvalidRequestObject}
 */
export async function readRequestObject(
  realm: RealmStore,
  client: Readonly<Client>,
  given: string,
  now: number,
): Promise<ReadonlyMap<string, string>> {
  const text = given.split('.').length === 5 ? await decrypt(realm, client, given) : given
  const [head, body, signature, ...rest] = text.split('.')
  const header = readJwtPart(head)
  const claims = readJwtPart(body)
  const alg = header?.['alg']
  const pinned = client.attributes['request.object.signature.alg'] || alg
  if (claims === undefined || signature === undefined || rest.length > 0 || typeof alg !== 'string')
    throw invalid()
  if (alg !== pinned) throw invalid()
  if (alg === 'none' ? signature !== '' : !(await isSigned(client, text, alg, header?.['kid'], now)))
    throw invalid()
  if ((claims['client_id'] ?? client.clientId) !== client.clientId || 'request_uri' in claims) throw invalid()
  return new Map(
    Object.entries(claims)
      .filter(([name, value]) => name !== 'request' && value !== null)
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  )
}

async function isSigned(
  client: Readonly<Client>,
  text: string,
  alg: string,
  kid: unknown,
  now: number,
): Promise<boolean> {
  try {
    if (alg.startsWith('HS')) {
      if (client.publicClient || !client.secret) return false
      await compactVerify(text, new TextEncoder().encode(client.secret), { algorithms: [alg] })
      return true
    }
    const fits = (key: JWK): boolean =>
      key.use === 'sig' &&
      (kid === undefined || key.kid === kid) &&
      (key.alg ?? defaultAlgorithm(key)) === alg
    const key = (await clientKeys(client, now, fits)).find(fits)
    if (key === undefined) return false
    await compactVerify(text, await importJWK(key, alg), { algorithms: [alg] })
    return true
  } catch {
    return false
  }
}

/** Keycloak's algorithm of a key that names none. */
function defaultAlgorithm({ kty, crv }: JWK): string {
  if (kty === 'RSA') return 'RS256'
  if (kty === 'OKP') return 'EdDSA'
  return { 'P-384': 'ES384', 'P-521': 'ES512' }[crv ?? ''] ?? 'ES256'
}

async function decrypt(realm: RealmStore, client: Readonly<Client>, text: string): Promise<string> {
  const { attributes } = client
  const allowed = (name: string): string | undefined => {
    const value = attributes[name]
    return value === undefined || value === '' || value === 'any' ? undefined : value
  }
  const alg = allowed('request.object.encryption.alg')
  const enc = allowed('request.object.encryption.enc')
  const { kid } = readJwtPart(text.split('.')[0]) ?? {}
  const key = await encryptionKey(realm, typeof kid === 'string' ? kid : undefined)
  if (key === undefined) throw invalid()
  try {
    const { plaintext } = await compactDecrypt(text, key.signer, {
      ...(alg === undefined ? {} : { keyManagementAlgorithms: [alg] }),
      ...(enc === undefined ? {} : { contentEncryptionAlgorithms: [enc] }),
    })
    return new TextDecoder().decode(plaintext)
  } catch {
    throw invalid()
  }
}

function invalid(): InvalidRequestObject {
  return new InvalidRequestObject('The request object is malformed, or its signature is not the client’s')
}
