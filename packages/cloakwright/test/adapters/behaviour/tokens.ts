import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { claimsOf, json, signClaims, signRaw } from '../../support/issuer.ts'
import type { Driver } from '../drivers/types.ts'
import { keys, useWorld, type World } from './world.ts'

const { rsa, unknown } = keys

const encode = (value: string | object): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** An attacker who has seen a valid token and knows the realm. */
interface Known {
  readonly good: string
  readonly issuer: string
  readonly sign: World['sign']
}

type Case = readonly [name: string, make: (known: Known) => string | Promise<string>]

const header = { alg: 'RS256', typ: 'JWT', kid: 'two' }
const withHeader =
  (change: object | string) =>
  ({ issuer }: Known): string =>
    signRaw(
      rsa,
      typeof change === 'string' ? change : JSON.stringify({ ...header, ...change }),
      JSON.stringify(claimsOf(issuer)),
    )
const withClaims =
  (change: Record<string, unknown>) =>
  ({ sign }: Known): Promise<string> =>
    sign(change)
const byHmac =
  (secret: string) =>
  ({ issuer }: Known): string => {
    const input = `${encode({ ...header, alg: 'HS256' })}.${encode(claimsOf(issuer))}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
/** A token signed with a secret that only the realm, or the realm and a client, have: useless for a verifier, whoever signed it. */
const byRealmSecret =
  (typ: string, alg = 'HS512') =>
  ({ issuer }: Known): string => {
    const input = `${encode({ alg, typ: 'JWT', kid: 'realm-secret' })}.${encode(claimsOf(issuer, { typ }))}`
    return `${input}.${createHmac(`sha${alg.slice(2)}`, 'secret')
      .update(input)
      .digest('base64url')}`
  }
const now = (): number => Math.floor(Date.now() / 1000)
const pem = (): string => rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string

/** Refused tokens by code, with the one description for each code. */
const refused: Readonly<Record<string, readonly [description: string, cases: readonly Case[]]>> = {
  CW_TOKEN_MALFORMED: [
    'The access token is malformed',
    [
      ['no JWT', () => 'x'],
      ['empty', () => ''],
      ['a quote and a backslash', () => 'x"\\y'],
      ['letters beyond ASCII', () => 'é.é.é'],
      ['two segments', ({ good }) => good.split('.').slice(0, 2).join('.')],
      ['four segments', ({ good }) => `${good}.x`],
      ['a JWE', () => `${encode({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`],
      ['padding', ({ good }) => `${good}=`],
      ['trailing bits', ({ good }) => good.slice(0, -1) + nextOf(good.slice(-1))],
      ['12,000 characters of segments', () => '.'.repeat(12_000)],
      ['a repeated name in the header', withHeader('{"alg":"RS256","alg":"RS256","kid":"two"}')],
      ['crit', withHeader({ crit: ['exp'] })],
      ['b64', withHeader({ b64: true })],
      ['a repeated name in the payload', () => signRaw(rsa, JSON.stringify(header), '{"sub":"a","sub":"b"}')],
      ['a payload that is not an object', () => signRaw(rsa, JSON.stringify(header), '[]')],
      ['invalid UTF-8', () => signRaw(rsa, JSON.stringify(header), Buffer.from([0x7b, 0xff, 0x7d]))],
    ],
  ],
  CW_TOKEN_ALGORITHM: [
    'The access token is signed with an algorithm that is not accepted',
    [
      ['alg none', ({ good }) => `${encode({ ...header, alg: 'none' })}.${good.split('.')[1]}.`],
      ['alg missing', withHeader({ alg: undefined })],
      ['alg in another case', withHeader({ alg: 'rs256' })],
      ['HS256 with the public key', byHmac(pem())],
      ['HS256 with the JWK', byHmac(JSON.stringify(rsa.jwk))],
      ['HS512 and another typ', byRealmSecret('RegistrationAccessToken')],
      ['HS512 and a typ of the prototype', byRealmSecret('constructor')],
      ['an algorithm that is not the key’s', withHeader({ alg: 'PS256' })],
    ],
  ],
  CW_TOKEN_KEY_UNKNOWN: [
    'The access token is signed with an unknown key',
    [
      ['an unknown kid', ({ issuer }) => signClaims(unknown, claimsOf(issuer))],
      ['no kid', withHeader({ kid: undefined })],
      ['a kid of the prototype', withHeader({ kid: '__proto__' })],
    ],
  ],
  CW_TOKEN_SIGNATURE: [
    'The signature of the access token is invalid',
    [
      ['tampered', ({ good }) => `${good.slice(0, -9)}AAAAAAAA${good.at(-1)}`],
      ['signed by another', ({ issuer }) => signClaims(unknown, claimsOf(issuer), { kid: 'one' })],
      ['signed with a key in its own header', withBroughtKey],
    ],
  ],
  CW_TOKEN_TYPE: [
    'The token is not an access token',
    [
      ['an ID token', withClaims({ typ: 'ID' })],
      ['a refresh token', withClaims({ typ: 'Refresh' })],
      ['an offline token', withClaims({ typ: 'Offline' })],
      ['a logout token', withClaims({ typ: 'Logout' })],
      ['a refresh token as Keycloak makes it (HS512)', byRealmSecret('Refresh')],
      ['an offline token as Keycloak makes it (HS512)', byRealmSecret('Offline')],
      ['an ID token by the client’s secret', byRealmSecret('ID', 'HS256')],
      ['a logout token by the client’s secret', byRealmSecret('Logout', 'HS384')],
      ['a logout token, by its header', withHeader({ typ: 'logout+jwt' })],
    ],
  ],
  CW_TOKEN_ISSUER: [
    'The access token is from another issuer',
    [
      ['another realm', ({ issuer, sign }) => sign({ iss: issuer.replace('/shop', '/other') })],
      ['a slash at the end', ({ issuer, sign }) => sign({ iss: `${issuer}/` })],
    ],
  ],
  CW_TOKEN_AUDIENCE: [
    'The access token is for another audience',
    [
      ['the audience account', withClaims({ aud: 'account' })],
      ['no audience', withClaims({ aud: undefined })],
    ],
  ],
  CW_TOKEN_EXPIRED: [
    'The access token has expired',
    [
      ['long ago', withClaims({ exp: 1000 })],
      ['just outside of the tolerance', ({ sign }) => sign({ exp: now() - 6 })],
    ],
  ],
  CW_TOKEN_NOT_YET_VALID: [
    'The access token is not valid yet',
    [['nbf to come', ({ sign }) => sign({ nbf: now() + 60 })]],
  ],
  CW_TOKEN_CLAIM: [
    'A claim of the access token is missing or malformed',
    [
      ['no subject', withClaims({ sub: undefined })],
      ['a string for exp', withClaims({ exp: '9999999999' })],
    ],
  ],
  CW_TOKEN_BOUND: [
    'The access token is bound to a key and cannot be used as a bearer token',
    [
      ['bound to a DPoP key', withClaims({ typ: 'DPoP', cnf: { jkt: 'x'.repeat(43) } })],
      ['bound to a certificate', withClaims({ cnf: { 'x5t#S256': 'x'.repeat(43) } })],
    ],
  ],
}

/** Refusals of invalid tokens. */
export function testTokens(driver: Driver): void {
  const world = useWorld(driver)
  const { sendToken, sign, logged } = world

  describe.each(Object.entries(refused))('%s: 401', (code, [description, cases]) => {
    test.each(cases)('%s', async (_name, make) => {
      const token = await make({ good: await sign(), issuer: world.issuer.issuer, sign })
      const response = await sendToken('/me', token)
      expect(response.json()).toMatchObject({
        status: 401,
        detail: 'Invalid authentication credentials',
        code,
      })
      expect(response.status).toBe(401)
      expect(response.headers['www-authenticate']).toBe(
        `Bearer realm="shop", error="invalid_token", error_description="${description}"`,
      )
      expect(response.headers['cache-control']).toBe('no-store')
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
      expect(logged()).toMatchObject([{ code, hint: expect.stringMatching(/./) as string }])
    })
  })

  test('a token of 1 MB is refused by the server or by the verifier', async () => {
    expect([400, 401, 431]).toContain(await statusOf(sendToken('/me', 'x'.repeat(1024 * 1024))))
  })

  test('a wrong audience is logged as a warning, with the missing mapper', async () => {
    await sendToken('/me', await sign({ aud: 'shop-web' }))
    expect(logged()).toMatchObject([{ level: 'warn', hint: expect.stringContaining('Add mapper') as string }])
  })

  test('a valid token is refused once it is revoked', async () => {
    const token = await sign({ jti: 'to-be-revoked' })
    expect((await sendToken('/me', token)).status).toBe(200)
    await world.revocations.revoke(world.issuer.issuer, { jti: 'to-be-revoked' })
    const response = await sendToken('/me', token)
    expect(response.json()).toMatchObject({ status: 401, code: 'CW_TOKEN_REVOKED' })
    expect(response.headers['www-authenticate']).toContain('error="invalid_token"')
  })

  describe('the realm cannot be reached', () => {
    const down = useWorld(driver, (issuer) => {
      issuer.answers.jwks = (_request, response) => json(response, {}, 500)
      return {}
    })

    test('503 with Retry-After and without a challenge', async () => {
      const response = await down.sendToken('/me')
      expect(response.json()).toMatchObject({ status: 503, code: 'CW_KEYS_UNAVAILABLE' })
      expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/)
      expect(response.headers['www-authenticate']).toBeUndefined()
      expect(down.logged()).toMatchObject([{ level: 'warn', code: 'CW_KEYS_UNAVAILABLE' }])
    })

    test('also where anonymous requests are admitted', async () => {
      expect((await down.sendToken('/anyone')).status).toBe(503)
      expect((await down.send('/anyone')).status).toBe(200)
    })
  })
}

/** The next character that differs only in bits that are not decoded. */
function nextOf(character: string): string {
  return String.fromCharCode(character.charCodeAt(0) + 1)
}

function withBroughtKey({ issuer }: Known): Promise<string> {
  return signClaims(unknown, claimsOf(issuer), { kid: 'one', jwk: unknown.jwk, jku: 'http://evil.example' })
}

/** Node may close the connection before the whole header is written. */
async function statusOf(response: Promise<{ readonly status: number }>): Promise<number> {
  try {
    return (await response).status
  } catch {
    return 431
  }
}
