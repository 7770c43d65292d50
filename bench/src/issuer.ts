import { generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { claimsOf } from './realm.ts'

/** The audience of the benchmark tokens. */
export const audience = 'shop-api'

/** A signing key of the issuer, as in Keycloak: RS256, 2048 bits. */
export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** A realm's issuer on loopback: discovery, keys, the realm's own page; enough for Cloakwright and for every peer. */
export interface Issuer {
  /** `http://127.0.0.1:PORT/realms/shop` */
  readonly issuer: string
  /** The keys in the JWKS; replace them to rotate. The first key signs. */
  keys: readonly SigningKey[]
  /** Times of JWKS requests, in milliseconds of `performance.now()`. */
  readonly fetches: readonly number[]
  /** Goes down: connections are refused until {@link Issuer.start}. */
  stop(): Promise<void>
  /** Comes back on the same port. */
  start(): Promise<void>
}

/** Starts an issuer with one key on a free port. */
export async function startIssuer(): Promise<Issuer> {
  let port = 0
  let server: Server | undefined
  const fetches: number[] = []
  const start = async (): Promise<void> => {
    const created = createServer((request, response) => {
      const base = `/realms/shop`
      if (request.url === `${base}/protocol/openid-connect/certs`) fetches.push(performance.now())
      const document = documentAt(request.url?.slice(base.length) ?? '', self)
      response
        .writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(document ?? {}))
    })
    await new Promise<void>((resolve, reject) => {
      created.once('error', reject)
      created.listen(port, '127.0.0.1', resolve)
    })
    port = (created.address() as AddressInfo).port
    server = created
  }
  const self: Issuer = {
    get issuer() {
      return `http://127.0.0.1:${port}/realms/shop`
    },
    keys: [await makeKey('first')],
    fetches,
    start,
    stop: async () => {
      const running = server
      server = undefined
      if (running === undefined) return
      const closed = new Promise((resolve) => running.close(resolve))
      running.closeAllConnections()
      await closed
    },
  }
  await start()
  return self
}

/** Makes a key for the issuer. */
export async function makeKey(kid: string): Promise<SigningKey> {
  return { kid, ...(await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })) }
}

/** Signs distinct access tokens that are valid for an hour, on all cores. */
export async function signTokens(
  { issuer }: Issuer,
  { kid, privateKey }: SigningKey,
  count: number,
): Promise<string[]> {
  const header = encode({ alg: 'RS256', typ: 'JWT', kid })
  const issuedAt = Math.floor(Date.now() / 1000)
  const tokens: string[] = []
  const signNext = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) {
      const input = `${header}.${encode(claimsOf(issuer, issuedAt, number))}`
      tokens[number] = `${input}.${(await signBytes(Buffer.from(input), privateKey)).toString('base64url')}`
    }
  }
  let next = 0
  await Promise.all(Array.from({ length: 8 }, signNext))
  return tokens
}

/** Off the main thread, in the thread pool. */
function signBytes(bytes: Buffer, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', bytes, key, (error, signature) => (error === null ? resolve(signature) : reject(error)))
  })
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function documentAt(path: string, { issuer, keys }: Issuer): unknown {
  const base = `${issuer}/protocol/openid-connect`
  switch (path) {
    case '/.well-known/openid-configuration':
      return {
        issuer,
        authorization_endpoint: `${base}/auth`,
        token_endpoint: `${base}/token`,
        introspection_endpoint: `${base}/token/introspect`,
        userinfo_endpoint: `${base}/userinfo`,
        end_session_endpoint: `${base}/logout`,
        jwks_uri: `${base}/certs`,
      }
    case '/protocol/openid-connect/certs':
      return {
        keys: keys.map(({ kid, publicKey }) => ({
          ...publicKey.export({ format: 'jwk' }),
          kid,
          alg: 'RS256',
          use: 'sig',
        })),
      }
    case '':
      return {
        realm: 'shop',
        public_key: keys[0]?.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
        'token-service': base,
      }
    default:
      return undefined
  }
}
