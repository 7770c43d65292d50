import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type JWK, SignJWT } from 'jose'

/** A key pair of the test issuer, with its published JWK. */
export interface TestKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: JWK
}

/** Creates a key pair for an algorithm; RS256 by default. */
export function makeKey(kid: string, alg = 'RS256'): TestKey {
  const { privateKey, publicKey } = generate(alg)
  const jwk = { ...(publicKey.export({ format: 'jwk' }) as JWK), kid, alg, use: 'sig' }
  return { kid, alg, privateKey, publicKey, jwk }
}

function generate(alg: string): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  if (alg.startsWith('ES')) {
    const namedCurve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[alg] ?? 'P-256'
    return generateKeyPairSync('ec', { namedCurve })
  }
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

/** The response for one path: its document, or one set by a test. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A small issuer on loopback, over real HTTP, whose responses a test controls. */
export interface TestIssuer {
  readonly issuer: string
  /** The content of the JWKS; replace it to rotate. */
  keys: readonly unknown[]
  /** Overrides of the responses, by document. */
  answers: { discovery?: Answer; jwks?: Answer; introspection?: Answer }
  /** Number of requests so far, by document. */
  readonly count: { discovery: number; jwks: number }
  close(): Promise<void>
}

export async function startIssuer(keys: readonly unknown[], realm = 'shop'): Promise<TestIssuer> {
  const server: Server = createServer((request, response) => {
    const kind = kindOf(request.url, realm)
    if (kind !== 'introspection') state.count[kind]++
    const answer = state.answers[kind]
    if (answer !== undefined) answer(request, response)
    else if (kind === 'discovery') json(response, documentOf(state.issuer))
    else json(response, kind === 'jwks' ? { keys: state.keys } : { active: false })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realms/${realm}`
  const state: TestIssuer = {
    issuer,
    keys,
    answers: {},
    count: { discovery: 0, jwks: 0 },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return state
}

function kindOf(path: string | undefined, realm: string): 'discovery' | 'jwks' | 'introspection' {
  if (path === `/realms/${realm}/.well-known/openid-configuration`) return 'discovery'
  return path === `/realms/${realm}/protocol/openid-connect/token/introspect` ? 'introspection' : 'jwks'
}

export function documentOf(issuer: string): Record<string, unknown> {
  const base = `${issuer}/protocol/openid-connect`
  return {
    issuer,
    authorization_endpoint: `${base}/auth`,
    token_endpoint: `${base}/token`,
    introspection_endpoint: `${base}/token/introspect`,
    end_session_endpoint: `${base}/logout`,
    jwks_uri: `${base}/certs`,
  }
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** The claims of a valid access token, like Keycloak's; `change` adds, replaces or (with `undefined`) removes. */
export function claimsOf(issuer: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000)
  const claims: Record<string, unknown> = {
    exp: now + 300,
    iat: now,
    jti: 'onrtro:3b8b6a0e-7a0e-4f9e-8a43-0f6c1d8d2b11',
    iss: issuer,
    aud: ['shop-api', 'account'],
    sub: 'f1c9a4b2-5d1e-4c7e-9d53-1f2a3b4c5d6e',
    typ: 'Bearer',
    azp: 'shop-web',
    sid: '0f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a',
    acr: '1',
    realm_access: { roles: ['user', 'admin'] },
    resource_access: { 'shop-api': { roles: ['stock-keeper'] } },
    scope: 'openid profile readall',
    preferred_username: 'alice',
    email: 'alice@example.com',
  }
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) delete claims[name]
    else claims[name] = value
  }
  return claims
}

/** Signs claims with jose, another implementation than the one under test. */
export function signClaims(
  key: TestKey,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, typ: 'JWT', kid: key.kid, ...header })
    .sign(key.privateKey)
}

/** Signs any header and payload bytes with an RS256 or ES256 key, also those that a library would refuse. */
export function signRaw(key: TestKey, header: string | Buffer, payload: string | Buffer): string {
  const input = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
  const signature = sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}
