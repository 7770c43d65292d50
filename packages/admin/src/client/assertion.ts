import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto'
import { CloakwrightError } from 'cloakwright'
import { type JWK, SignJWT } from 'jose'

/** A private key in PEM (PKCS #8) or as a JWK, object or JSON text; or where to ask for it each time that it is needed. */
export type PrivateKey = string | JWK | (() => string | JWK | Promise<string | JWK>)

/** Who signs a client assertion, and for whom. */
export interface Assertion {
  readonly clientId: string
  readonly privateKey: PrivateKey
  /** Which of the client's keys it is. Default: the JWK's own `kid`; a PEM names none, and Keycloak takes the one that fits. */
  readonly kid?: string | undefined
  /** Default: the JWK's own `alg`, or RS256, ES256, ES384, ES512 or EdDSA as the key is. */
  readonly algorithm?: string | undefined
  /** The issuer of the realm that it is for. */
  readonly audience: string
}

/** Seconds. Keycloak remembers an assertion's id as long, to refuse its second use. */
const lifetime = 60

/**
 * The form fields by which a client proves itself with its key (private_key_jwt, RFC 7523 section 2.2), good for one use.
 * The audience is the issuer alone: Keycloak refuses two, and the token endpoint as audience is on its way out.
 *
 * @throws {CW_CONFIG_INVALID} when the private key is none that signs
 */
export async function clientAssertion(assertion: Assertion): Promise<Record<string, string>> {
  const { clientId, audience } = assertion
  const { key, kid, algorithm } = await readKey(assertion)
  const signed = new SignJWT({})
    .setProtectedHeader({ alg: algorithm, ...(kid === undefined ? {} : { kid }) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${lifetime} s`)
    .sign(key)
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await signed.catch(() => {
      throw unusable(clientId, `it does not fit the algorithm ${algorithm}`)
    }),
  }
}

async function readKey({ clientId, privateKey, kid, algorithm }: Assertion): Promise<{
  key: KeyObject
  kid: string | undefined
  algorithm: string
}> {
  const given = typeof privateKey === 'function' ? await privateKey() : privateKey
  try {
    const jwk = typeof given === 'string' && !given.trimStart().startsWith('{') ? undefined : toJwk(given)
    const key =
      jwk === undefined
        ? createPrivateKey(given as string)
        : createPrivateKey({ key: jwk as never, format: 'jwk' })
    return { key, kid: kid ?? jwk?.kid, algorithm: algorithm ?? jwk?.alg ?? algorithmOf(key) }
  } catch {
    // Node's own error is no help, and what was given must not be in ours.
    throw unusable(clientId, 'it is neither a PEM (PKCS #8) nor a private JWK')
  }
}

function toJwk(given: string | JWK): JWK {
  return typeof given === 'string' ? (JSON.parse(given) as JWK) : given
}

const curves: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  return curves[asymmetricKeyDetails?.namedCurve ?? ''] ?? 'RS256'
}

function unusable(clientId: string, why: string): CloakwrightError {
  return new CloakwrightError('CW_CONFIG_INVALID', `The private key of ${clientId} is not usable: ${why}`, {
    hint: 'Use the private key that matches the public key of the client in Keycloak (Clients, Keys).',
  })
}
