import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, type JWK, SignJWT } from 'jose'
import { makeKey, type TestKey } from '../../support/issuer.ts'

/** A client's key pair, and the thumbprint in its tokens; created with jose, another implementation than ours. */
export interface ProofKey extends TestKey {
  /** The public JWK only. */
  readonly publicJwk: JWK
  readonly jkt: string
}

export async function makeProofKey(alg = 'ES256'): Promise<ProofKey> {
  const key = makeKey('unnamed', alg)
  const publicJwk = key.publicKey.export({ format: 'jwk' }) as JWK
  return { ...key, publicJwk, jkt: await calculateJwkThumbprint(publicJwk) }
}

/** The content of a proof without its signature; `undefined` omits a member. */
export interface ProofContent {
  readonly header?: Record<string, unknown>
  readonly claims?: Record<string, unknown>
}

/** Signs a valid proof, with changes. */
export function signProof(
  key: ProofKey,
  good: {
    readonly method: string
    readonly uri: string
    readonly accessToken?: string
    readonly now?: number
  },
  { header = {}, claims = {} }: ProofContent = {},
): Promise<string> {
  const payload = {
    htm: good.method,
    htu: good.uri,
    iat: Math.floor((good.now ?? Date.now()) / 1000),
    jti: randomUUID(),
    ...(good.accessToken === undefined ? {} : { ath: athOf(good.accessToken) }),
    ...claims,
  }
  return new SignJWT(withoutUndefined(payload))
    .setProtectedHeader({
      ...withoutUndefined({ typ: 'dpop+jwt', jwk: key.publicJwk, ...header }),
      alg: key.alg,
    })
    .sign(key.privateKey)
}

export function athOf(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest('base64url')
}

function withoutUndefined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
