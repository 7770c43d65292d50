import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** The signature algorithms that are measured. */
export type MeasuredAlgorithm = 'RS256' | 'ES256' | 'EdDSA'

/** A realm in this process: keys, documents, and tokens with the shape and size of Keycloak's. */
export interface BenchRealm {
  readonly algorithm: MeasuredAlgorithm
  readonly issuer: string
  readonly audience: string
  readonly publicKey: KeyObject
  /** Answers discovery and the JWKS without a network. */
  readonly fetch: typeof globalThis.fetch
  /** A different access token per number, valid for an hour, with 1.2 KB of claims. */
  token(number: number): string
}

export function createBenchRealm(algorithm: MeasuredAlgorithm): BenchRealm {
  const issuer = 'https://sso.example.com/realms/shop'
  const kid = 'FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE'
  const pair = generatePair(algorithm)
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' }
  const header = encode({ alg: algorithm, typ: 'JWT', kid })
  const now = Math.floor(Date.now() / 1000)
  const documents = {
    issuer,
    authorization_endpoint: `${issuer}/protocol/openid-connect/auth`,
    token_endpoint: `${issuer}/protocol/openid-connect/token`,
    jwks_uri: `${issuer}/protocol/openid-connect/certs`,
    keys: [jwk],
  }
  return {
    algorithm,
    issuer,
    audience: 'shop-api',
    publicKey: createPublicKey({ key: jwk, format: 'jwk' }),
    fetch: async () => Response.json(documents),
    token(number) {
      const input = `${header}.${encode(claimsOf(issuer, now, number))}`
      const signature = sign(algorithm === 'EdDSA' ? null : 'sha256', Buffer.from(input), {
        key: pair.privateKey,
        dsaEncoding: 'ieee-p1363',
      })
      // Through bytes, as from a socket: one flat string.
      return Buffer.from(`${input}.${signature.toString('base64url')}`).toString('latin1')
    },
  }
}

function generatePair(algorithm: MeasuredAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return generateKeyPairSync('ed25519')
}

/** Claims of Keycloak's shape, 1.2 KB, another subject for each number; `now` in seconds, valid for an hour. */
export function claimsOf(issuer: string, now: number, number: number): object {
  const digits = String(number).padStart(12, '0')
  return {
    exp: now + 3600,
    iat: now,
    auth_time: now - 60,
    jti: `onrtac:3b8b6a0e-7a0e-4f9e-8a43-${digits}`,
    iss: issuer,
    aud: ['shop-api', 'billing-api', 'account'],
    sub: `f1c9a4b2-5d1e-4c7e-9d53-${digits}`,
    typ: 'Bearer',
    azp: 'shop-web',
    sid: `0f8e7d6c-5b4a-4392-8170-${digits}`,
    acr: '1',
    'allowed-origins': ['https://shop.example.com', 'https://www.shop.example.com'],
    realm_access: { roles: ['default-roles-shop', 'offline_access', 'uma_authorization', 'user', 'admin'] },
    resource_access: {
      'shop-api': { roles: ['stock-keeper', 'stock-reader', 'order-reader', 'order-writer'] },
      'billing-api': { roles: ['invoice-reader', 'invoice-writer'] },
      account: { roles: ['manage-account', 'manage-account-links', 'view-profile'] },
    },
    scope: 'openid profile email orders readall',
    email_verified: true,
    name: 'Alice Liddell',
    groups: ['/staff/warehouse/north', '/staff/warehouse/south', '/staff/on-call'],
    preferred_username: `alice-${digits}`,
    given_name: 'Alice',
    family_name: 'Liddell',
    locale: 'en',
    email: `alice-${digits}@example.com`,
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
