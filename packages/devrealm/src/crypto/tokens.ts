import type { RealmStore } from '../store/index.ts'
import { type LoadedKey, secretAlgorithm, secretKey, signingKey, verifyingKey } from './keys.ts'
import { isSignature, signatureOf } from './signatures.ts'

/** The payload of a token of the realm, in the order of its members. */
export type Claims = Record<string, unknown>

/** Signs a token for applications with the realm's key for the algorithm. */
export async function signPublic(
  realm: RealmStore,
  claims: Claims,
  typ = 'JWT',
  algorithm: string = realm.info.defaultSignatureAlgorithm || 'RS256',
): Promise<string> {
  return sign(await signingKey(realm, algorithm), claims, typ)
}

/** Signs values that only the realm reads (refresh tokens, cookies) with its secret. */
export async function signPrivate(realm: RealmStore, claims: Claims): Promise<string> {
  return sign(secretKey(realm), claims, 'JWT')
}

/**
 * Verifies signature and issuer of an access or ID token of this realm: with any enabled key, and the algorithm of that key. The
 * caller must check type and expiry.
 */
export async function readPublic(
  realm: RealmStore,
  token: string,
  issuer: string,
): Promise<Claims | undefined> {
  const header = headerOf(token)
  if (header === undefined) return undefined
  const key = await verifyingKey(realm, header['kid'], header['alg'])
  if (key === undefined) return undefined
  const verified = verifiedBy(key)
  const known = verified.get(token)
  if (known !== undefined) return known.iss === issuer ? { ...known } : undefined
  const claims = await read(key, token, issuer)
  if (claims === undefined) return undefined
  if (verified.size === mostVerified) verified.clear()
  verified.set(token, claims)
  return { ...claims }
}

/** Like {@link readPublic}, for tokens from {@link signPrivate}. */
export async function readPrivate(
  realm: RealmStore,
  token: string,
  issuer: string,
): Promise<Claims | undefined> {
  const header = headerOf(token)
  if (header?.['alg'] !== secretAlgorithm) return undefined
  const key = await verifyingKey(realm, header['kid'], secretAlgorithm)
  return key && read(key, token, issuer)
}

/** Tokens whose signature was good, with their claims: clients send the same one many times, and a check takes a thread. */
const verifiedTokens = new WeakMap<LoadedKey, Map<string, Claims>>()
const mostVerified = 100

function verifiedBy(key: LoadedKey): Map<string, Claims> {
  let verified = verifiedTokens.get(key)
  if (verified === undefined) {
    verified = new Map()
    verifiedTokens.set(key, verified)
  }
  return verified
}

async function sign(key: LoadedKey, claims: Claims, typ: string): Promise<string> {
  const { algorithm: alg } = key.stored
  const data = `${encode({ alg, typ, kid: key.kid })}.${encode(claims)}`
  return `${data}.${(await signatureOf(key, data)).toString('base64url')}`
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

async function read(key: LoadedKey, token: string, issuer: string): Promise<Claims | undefined> {
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  // One text for one signature.
  if (signature.toString('base64url') !== token.slice(end + 1)) return undefined
  if (!(await isSignature(key, token.slice(0, end), signature).catch(() => false))) return undefined
  const claims = decode(token.slice(token.indexOf('.') + 1, end))
  return claims?.['iss'] === issuer ? claims : undefined
}

/** The header of a JWS in its compact form, without extensions. */
function headerOf(token: string): Record<string, unknown> | undefined {
  if (token.length > maxTokenLength || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return undefined
  const header = decode(token.slice(0, token.indexOf('.')))
  return header === undefined || 'crit' in header || 'b64' in header ? undefined : header
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

const maxTokenLength = 64 * 1024
