import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { calculateJwkThumbprint, compactVerify, importJWK, type JWK } from 'jose'
import { baseUrl, type RealmContext, seconds } from '../context/index.ts'
import type { Claims } from '../crypto/index.ts'
import type { Client } from '../model/index.ts'
import { asymmetricAlgorithms } from './algorithms.ts'
import { invalidRequest, type OidcError } from './errors.ts'
import { readJwtPart } from './jwt-part.ts'

/**
 * Checks the DPoP proof of a request (RFC 9449 section 4.3), as Keycloak does: without a nonce, and each proof once.
 *
 * @param accessToken The token that the proof must be for, at a resource
 * @returns the thumbprint of the proof's key; undefined without a proof
 * @throws {OidcError} invalid_request, with Keycloak's message
 */
export async function readProof(
  context: RealmContext,
  request: FastifyRequest,
  accessToken?: string,
): Promise<string | undefined> {
  const text = request.headers['dpop']
  if (text === undefined || text === '') return undefined
  const { header, claims } = parse(String(text))
  const key = keyOf(header)
  try {
    await compactVerify(String(text), await importJWK(key, header.alg as string), {
      algorithms: [...asymmetricAlgorithms],
    })
  } catch {
    throw invalidRequest(
      'DPoP verification failure: org.keycloak.exceptions.TokenSignatureInvalidException: Invalid token signature',
    )
  }
  checkClaims(context, request, claims)
  if (accessToken !== undefined && claims.ath !== hashOf(accessToken))
    throw invalidRequest('DPoP access token hash is missing or does not match')
  return calculateJwkThumbprint(key)
}

/**
 * Checks the proof of a token request.
 *
 * @throws {OidcError} invalid_request, also without a proof if the client needs one
 */
export async function readClientProof(
  context: RealmContext,
  request: FastifyRequest,
  { attributes }: Readonly<Client>,
): Promise<string | undefined> {
  const jkt = await readProof(context, request)
  if (jkt === undefined && attributes['dpop.bound.access.tokens'] === 'true')
    throw invalidRequest('DPoP proof is missing')
  return jkt
}

/** The access token in the Authorization header (RFC 6750 and RFC 9449 section 7.1). */
export interface PresentedToken {
  readonly scheme: 'Bearer' | 'DPoP'
  readonly text: string
}

export function presentedToken(request: FastifyRequest): PresentedToken | undefined {
  const [, scheme, text] = /^(bearer|dpop) +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (scheme === undefined || text === undefined) return undefined
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', text }
}

/** Whether a token is presented as it must be: a bound one with a proof of its key, any other one as a bearer token. */
export async function isProven(
  context: RealmContext,
  request: FastifyRequest,
  { scheme, text }: PresentedToken,
  claims: Claims,
): Promise<boolean> {
  const jkt = boundKey(claims)
  if (scheme === 'Bearer') return jkt === undefined
  try {
    return jkt !== undefined && (await readProof(context, request, text)) === jkt
  } catch {
    return false
  }
}

/** The thumbprint of the key that a token is bound to. */
export function boundKey({ cnf }: Claims): string | undefined {
  const jkt = (cnf as { jkt?: unknown } | undefined)?.jkt
  return typeof jkt === 'string' ? jkt : undefined
}

/** @throws {OidcError} if a token is bound to a key and the request does not prove it */
export function requireKey(
  bound: string | undefined,
  jkt: string | undefined,
  refusal: (description: string) => OidcError,
): void {
  if (bound === undefined) return
  if (jkt === undefined) throw refusal('DPoP proof is missing')
  if (jkt !== bound) throw refusal("DPoP confirmation doesn't match DPoP proof")
}

/** The claim of a token that is bound to a key. */
export function confirmation(jkt: string | undefined): Claims {
  return jkt === undefined ? {} : { cnf: { jkt, 'kc-jkt-type': 'DPoP' } }
}

/** The value of `algs` in challenges. */
export const proofAlgorithms: string = asymmetricAlgorithms.join(' ')

function parse(text: string): { header: Claims; claims: Claims } {
  const parts = text.split('.')
  const [header, claims] = [readJwtPart(parts[0]), readJwtPart(parts[1])]
  const isReadable = parts.length === 3 && ['undefined', 'number'].includes(typeof claims?.iat)
  if (header === undefined || claims === undefined || !isReadable)
    throw invalidRequest('DPoP header verification failure')
  return { header, claims }
}

function keyOf({ typ, alg, jwk }: Claims): JWK {
  if (typ !== 'dpop+jwt')
    throw invalidRequest(`Invalid or missing type in DPoP header: ${typeof typ === 'string' ? typ : 'null'}`)
  if (alg !== undefined && typeof alg !== 'string') throw invalidRequest('DPoP header verification failure')
  if (!asymmetricAlgorithms.includes(String(alg)))
    throw invalidRequest(`Unsupported DPoP algorithm: ${String(alg)}`)
  if (typeof jwk !== 'object' || jwk === null) throw invalidRequest('No JWK in DPoP header')
  if (['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].some((name) => Object.hasOwn(jwk, name)))
    throw invalidRequest('Private key material must not be present in DPoP JWK')
  return jwk
}

/** Seconds: how old a proof may be, and how much clocks may differ. */
const lifetime = 10
const skew = 15

function checkClaims(context: RealmContext, request: FastifyRequest, claims: Claims): void {
  const { jti, htm, htu, iat } = claims
  if ([jti, htm, htu].some((each) => typeof each !== 'string' || each === '') || typeof iat !== 'number')
    throw invalidRequest('DPoP mandatory claims are missing')
  if (htm !== request.method) throw invalidRequest('DPoP HTTP method mismatch')
  if (targetOf(String(htu)) !== targetOf(baseUrl(context, request) + request.url))
    throw invalidRequest('DPoP HTTP URL mismatch')
  const now = seconds(context)
  if (iat + lifetime + skew < now || iat - skew > now) throw invalidRequest('DPoP proof is not active')
  const end = (iat + lifetime + skew + 1) * 1000
  if (!context.usedProofs.use(hashOf(String(jti)), end, context.now()))
    throw invalidRequest('DPoP proof has already been used')
}

/** Without query and fragment; scheme and host in lower case, the path as it is. */
function targetOf(url: string): string | undefined {
  const [, origin, path] = /^([a-z]+:\/\/[^/?#]*)([^?#]*)/i.exec(url) ?? []
  return origin === undefined ? undefined : origin.toLowerCase() + (path || '/')
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
