import type { KeyObject } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import type { RealmStore } from '../store/index.ts'
import { secretAlgorithm, secretKey, signingAlgorithm, signingKey } from './keys.ts'

/** The payload of a token of the realm, in the order of its members. */
export type Claims = Record<string, unknown>

/** Signs a token for applications with the realm's RSA key. */
export async function signPublic(realm: RealmStore, claims: Claims, typ = 'JWT'): Promise<string> {
  const key = await signingKey(realm)
  return new SignJWT(claims)
    .setProtectedHeader({ alg: signingAlgorithm, typ, kid: key.kid })
    .sign(key.privateKey)
}

/** Signs values that only the realm reads (refresh tokens, cookies) with its secret. */
export async function signPrivate(realm: RealmStore, claims: Claims): Promise<string> {
  const key = secretKey(realm)
  return new SignJWT(claims)
    .setProtectedHeader({ alg: secretAlgorithm, typ: 'JWT', kid: key.kid })
    .sign(key.secret)
}

/** Verifies signature, issuer and not-before of an access or ID token of this realm. The caller must check the expiry. */
export async function readPublic(
  realm: RealmStore,
  token: string,
  issuer: string,
): Promise<Claims | undefined> {
  const key = await signingKey(realm)
  const verified = verifiedBy(key.publicKey)
  const known = verified.get(token)
  if (known !== undefined) return known.iss === issuer ? { ...known } : undefined
  const claims = await read(
    token,
    issuer,
    async () => jwtVerify(token, key.publicKey, { algorithms: [signingAlgorithm], ...lenient }),
    key.kid,
  )
  if (claims === undefined) return undefined
  if (verified.size === mostVerified) verified.clear()
  verified.set(token, claims)
  return { ...claims }
}

/** Tokens whose signature was good, with their claims: clients send the same one many times, and a check takes a thread. */
const verifiedTokens = new WeakMap<KeyObject, Map<string, Claims>>()
const mostVerified = 100

function verifiedBy(key: KeyObject): Map<string, Claims> {
  let verified = verifiedTokens.get(key)
  if (verified === undefined) {
    verified = new Map()
    verifiedTokens.set(key, verified)
  }
  return verified
}

/** Like {@link readPublic}, for tokens from {@link signPrivate}. */
export async function readPrivate(
  realm: RealmStore,
  token: string,
  issuer: string,
): Promise<Claims | undefined> {
  const key = secretKey(realm)
  return read(
    token,
    issuer,
    async () => jwtVerify(token, key.secret, { algorithms: [secretAlgorithm], ...lenient }),
    key.kid,
  )
}

/** Callers check the expiry: their responses differ. */
const lenient = { currentDate: new Date(0), clockTolerance: Number.MAX_SAFE_INTEGER }

async function read(
  token: string,
  issuer: string,
  verify: () => Promise<{ payload: Claims; protectedHeader: { kid?: string } }>,
  kid: string,
): Promise<Claims | undefined> {
  if (token.length > maxTokenLength) return undefined
  try {
    const { payload, protectedHeader } = await verify()
    return protectedHeader.kid === kid && payload.iss === issuer ? payload : undefined
  } catch {
    return undefined
  }
}

const maxTokenLength = 64 * 1024
