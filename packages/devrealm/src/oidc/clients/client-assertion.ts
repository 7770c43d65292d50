import type { FastifyRequest } from 'fastify'
import { compactVerify, importJWK, type JWK } from 'jose'
import { issuerOf, type RealmContext, seconds } from '../../context/index.ts'
import type { Client } from '../../model/index.ts'
import type { RealmStore } from '../../store/index.ts'
import { asymmetricAlgorithms } from '../algorithms.ts'
import { OidcError } from '../errors.ts'
import type { Form } from '../form.ts'
import { readJwtPart } from '../jwt-part.ts'
import { clientKeys } from './client-keys.ts'

/** A client assertion (RFC 7523 section 3), not verified yet. */
export interface Assertion {
  readonly text: string
  readonly clientId: string
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The client assertion in the form; undefined if it is missing or malformed. */
export function readAssertion(form: Form): Assertion | undefined {
  const text = form.get('client_assertion')
  if (text === undefined || form.get('client_assertion_type') !== assertionType) return undefined
  const [header, claims, ...rest] = text.split('.')
  const [head, body] = [readJwtPart(header), readJwtPart(claims)]
  if (head === undefined || body === undefined || rest.length !== 1) return undefined
  const { iss, sub } = body
  const isOwn = typeof sub === 'string' && sub === iss && (form.get('client_id') ?? sub) === sub
  return isOwn ? { text, clientId: sub, header: head, claims: body } : undefined
}

interface Proving {
  readonly context: RealmContext
  readonly request: FastifyRequest
  readonly realm: RealmStore
  readonly client: Readonly<Client>
  readonly form: Form
}

/**
 * Checks that the assertion is signed with the client's key, is for this realm, valid now and not used before.
 *
 * @throws {OidcError} invalid_client, 400, with Keycloak's message
 */
export async function checkAssertion(proving: Proving, assertion: Assertion | undefined): Promise<void> {
  if (assertion === undefined) {
    throw refused(
      proving.form.has('client_assertion_type')
        ? 'client_assertion parameter missing'
        : 'Parameter client_assertion_type is missing',
    )
  }
  await checkSignature(proving, assertion)
  checkAudience(proving, assertion)
  checkTimes(proving, assertion)
}

async function checkSignature({ context, client }: Proving, { text, header }: Assertion): Promise<void> {
  const { alg, kid } = header
  const pinned = client.attributes['token.endpoint.auth.signing.alg'] ?? alg
  if (typeof alg !== 'string' || !asymmetricAlgorithms.includes(alg) || alg !== pinned) {
    throw refused('Invalid signature algorithm')
  }
  const fits = (key: JWK): boolean =>
    key.use === 'sig' &&
    (kid === undefined || key.kid === kid) &&
    (key.alg === undefined ? key.kty === keyType(alg) : key.alg === alg)
  const key = (await clientKeys(client, context.now(), fits)).find(fits)
  if (key === undefined) throw refused('Unable to load public key')
  try {
    await compactVerify(text, await importJWK(key, alg), { algorithms: [alg] })
  } catch {
    throw refused('Client authentication with signed JWT failed: Signature on JWT token failed validation')
  }
}

function keyType(algorithm: string): string {
  if (algorithm === 'EdDSA') return 'OKP'
  return algorithm.startsWith('ES') ? 'EC' : 'RSA'
}

function checkAudience({ context, request, realm }: Proving, { claims }: Assertion): void {
  const issuer = issuerOf(context, request, realm)
  const endpoints = ['token', 'token/introspect', 'ext/par/request', 'ext/ciba/auth']
  const own = [issuer, ...endpoints.map((path) => `${issuer}/protocol/openid-connect/${path}`)]
  const audience = [claims['aud']].flat()
  if (!audience.some((each) => own.includes(String(each)))) throw refused('Invalid token audience')
  if (audience.length > 1) throw refused('Multiple audiences not allowed')
}

/** Allowed clock difference in seconds. */
const skew = 15

function checkTimes({ context, client, realm }: Proving, { claims }: Assertion): void {
  const now = seconds(context)
  const longest = Number(client.attributes['token.endpoint.auth.signing.max.exp'] ?? 60)
  const [exp, nbf, iat] = [claims['exp'], claims['nbf'], claims['iat']].map((time) =>
    typeof time === 'number' ? time : undefined,
  )
  if (exp === undefined) throw refused('Token exp claim is required')
  if (exp <= now || (nbf !== undefined && nbf - skew > now)) throw refused('Token is not active')
  if (iat === undefined && exp - now > longest) {
    throw refused('Token expiration is too far in the future and iat claim not present in token')
  }
  if (iat !== undefined && iat - skew > now) throw refused('Token was issued in the future')
  if (iat !== undefined && now > iat + longest) {
    throw refused('Token was issued too far in the past to be used now')
  }
  const { jti } = claims
  if (typeof jti !== 'string') throw refused('Token jti claim is required')
  // Remembered as long as it could be accepted, including clock difference and the last second.
  const end = context.now() + Math.min(exp - now, longest + skew + 1) * 1000
  if (!context.usedAssertions.use(`${realm.info.id} ${jti}`, end, context.now())) {
    throw refused('Token reuse detected')
  }
}

function refused(description: string): OidcError {
  return new OidcError(400, 'invalid_client', description)
}
