import { constants, createHmac, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier, type Verifier } from 'cloakwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimsOf, makeKey, signClaims, signRaw, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'

const key = makeKey('one')
const elliptic = makeKey('curve', 'ES256')
const stranger = makeKey('one')
let issuer: TestIssuer
let verifier: Verifier
let payload: string

beforeAll(async () => {
  issuer = await startIssuer([key.jwk, elliptic.jwk])
  verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
  payload = JSON.stringify(claimsOf(issuer.issuer))
})
afterAll(() => issuer.close())

const b64 = (value: string | Buffer | object): string =>
  (Buffer.isBuffer(value)
    ? value
    : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  ).toString('base64url')
const good = { alg: 'RS256', typ: 'JWT', kid: 'one' }
/** A token with this header and a valid RS256 signature. */
const withHeader = (header: object | string): string =>
  signRaw(key, typeof header === 'string' ? header : JSON.stringify(header), payload)
const withPayload = (bytes: string | Buffer): string => signRaw(key, JSON.stringify(good), bytes)
const hmac = (secret: string | Buffer): string => {
  const input = `${b64({ ...good, alg: 'HS256' })}.${b64(payload)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}
const pem = (): string => key.publicKey.export({ type: 'spki', format: 'pem' }) as string
const parts = (): [string, string, string] => withHeader(good).split('.') as [string, string, string]

type Case = readonly [name: string, make: () => string, code: string]

const algorithms: readonly Case[] = [
  [
    'none, without a signature',
    () => `${b64({ ...good, alg: 'none' })}.${b64(payload)}.`,
    'CW_TOKEN_ALGORITHM',
  ],
  ['none, with a signature', () => withHeader({ ...good, alg: 'none' }), 'CW_TOKEN_ALGORITHM'],
  ['NoNe', () => withHeader({ ...good, alg: 'NoNe' }), 'CW_TOKEN_ALGORITHM'],
  ['missing', () => withHeader({ typ: 'JWT', kid: 'one' }), 'CW_TOKEN_ALGORITHM'],
  ['only inherited', () => withHeader('{"kid":"one","__proto__":{"alg":"RS256"}}'), 'CW_TOKEN_ALGORITHM'],
  ['null', () => withHeader({ ...good, alg: null }), 'CW_TOKEN_ALGORITHM'],
  ['a list', () => withHeader({ ...good, alg: ['RS256'] }), 'CW_TOKEN_ALGORITHM'],
  ['unlisted', () => withHeader({ ...good, alg: 'RS1' }), 'CW_TOKEN_ALGORITHM'],
  ['a prototype name', () => withHeader({ ...good, alg: 'constructor' }), 'CW_TOKEN_ALGORITHM'],
  ['case changed', () => withHeader({ ...good, alg: 'rs256' }), 'CW_TOKEN_ALGORITHM'],
  ['with a space', () => withHeader({ ...good, alg: 'RS256 ' }), 'CW_TOKEN_ALGORITHM'],
  ['HS256 with the public key as PEM', () => hmac(pem()), 'CW_TOKEN_ALGORITHM'],
  ['HS256 with a whitespace-prefixed PEM', () => hmac(` \n${pem()}`), 'CW_TOKEN_ALGORITHM'],
  ['HS256 with the PEM trimmed', () => hmac(pem().trim()), 'CW_TOKEN_ALGORITHM'],
  [
    'HS256 with the DER',
    () => hmac(key.publicKey.export({ type: 'spki', format: 'der' }) as Buffer),
    'CW_TOKEN_ALGORITHM',
  ],
  ['HS256 with the raw JWK', () => hmac(JSON.stringify(key.jwk)), 'CW_TOKEN_ALGORITHM'],
  [
    'HS256 with the JWKS',
    () => hmac(JSON.stringify({ keys: [key.jwk, elliptic.jwk] })),
    'CW_TOKEN_ALGORITHM',
  ],
  ['HS256 with an empty key', () => hmac(''), 'CW_TOKEN_ALGORITHM'],
  ['HS256 with a null byte as key', () => hmac(Buffer.alloc(1)), 'CW_TOKEN_ALGORITHM'],
  ['ES256 by an RSA key', () => withHeader({ ...good, alg: 'ES256' }), 'CW_TOKEN_ALGORITHM'],
  [
    'PS256, truly signed by a key that declares RS256',
    () => {
      const input = `${b64({ ...good, alg: 'PS256' })}.${b64(payload)}`
      const padding = constants.RSA_PKCS1_PSS_PADDING
      const pss = sign('sha256', Buffer.from(input), { key: key.privateKey, padding, saltLength: 32 })
      return `${input}.${pss.toString('base64url')}`
    },
    'CW_TOKEN_ALGORITHM',
  ],
]

const headers: readonly Case[] = [
  ['crit unknown', () => withHeader({ ...good, crit: ['exp2'], exp2: 1 }), 'CW_TOKEN_MALFORMED'],
  ['crit of a known name', () => withHeader({ ...good, crit: ['alg'] }), 'CW_TOKEN_MALFORMED'],
  ['crit empty', () => withHeader({ ...good, crit: [] }), 'CW_TOKEN_MALFORMED'],
  ['crit null', () => withHeader({ ...good, crit: null }), 'CW_TOKEN_MALFORMED'],
  [
    'crit twice',
    () => withHeader('{"alg":"RS256","kid":"one","crit":["a"],"crit":["a"]}'),
    'CW_TOKEN_MALFORMED',
  ],
  [
    'an inherited crit does not count',
    () => withHeader('{"alg":"RS256","kid":"one","__proto__":{"crit":["a"]}}'),
    'accepted',
  ],
  ['b64 false', () => withHeader({ ...good, b64: false }), 'CW_TOKEN_MALFORMED'],
  ['b64 false and critical', () => withHeader({ ...good, b64: false, crit: ['b64'] }), 'CW_TOKEN_MALFORMED'],
  ['null', () => withHeader('null'), 'CW_TOKEN_MALFORMED'],
  ['a list', () => withHeader('[]'), 'CW_TOKEN_MALFORMED'],
  ['a string', () => withHeader('"RS256"'), 'CW_TOKEN_MALFORMED'],
  ['not JSON', () => withHeader('{alg:RS256}'), 'CW_TOKEN_MALFORMED'],
  ['alg twice', () => withHeader('{"alg":"RS256","kid":"one","alg":"RS256"}'), 'CW_TOKEN_MALFORMED'],
  [
    'alg twice, once escaped',
    () => withHeader('{"alg":"none","kid":"one","\\u0061lg":"RS256"}'),
    'CW_TOKEN_MALFORMED',
  ],
  ['kid missing', () => withHeader({ alg: 'RS256', typ: 'JWT' }), 'CW_TOKEN_KEY_UNKNOWN'],
  ['kid a number', () => withHeader({ ...good, kid: 1 }), 'CW_TOKEN_MALFORMED'],
  ['kid null', () => withHeader({ ...good, kid: null }), 'CW_TOKEN_MALFORMED'],
  ['kid a list', () => withHeader({ ...good, kid: ['one'] }), 'CW_TOKEN_MALFORMED'],
  ['kid an object', () => withHeader({ ...good, kid: { toString: 'one' } }), 'CW_TOKEN_MALFORMED'],
  ['kid a prototype name', () => withHeader({ ...good, kid: '__proto__' }), 'CW_TOKEN_KEY_UNKNOWN'],
  ['typ missing', () => withHeader({ alg: 'RS256', kid: 'one' }), 'accepted'],
  ['typ jwt', () => withHeader({ ...good, typ: 'jwt' }), 'accepted'],
  ['typ at+jwt', () => withHeader({ ...good, typ: 'at+jwt' }), 'accepted'],
  ['typ application/at+jwt', () => withHeader({ ...good, typ: 'application/at+jwt' }), 'accepted'],
  ['typ logout+jwt', () => withHeader({ ...good, typ: 'logout+jwt' }), 'CW_TOKEN_TYPE'],
  ['typ dpop+jwt', () => withHeader({ ...good, typ: 'dpop+jwt' }), 'CW_TOKEN_TYPE'],
  ['typ a number', () => withHeader({ ...good, typ: 7 }), 'CW_TOKEN_TYPE'],
]

const encodings: readonly Case[] = [
  ['empty text', () => '', 'CW_TOKEN_MALFORMED'],
  ['one segment', () => parts()[0], 'CW_TOKEN_MALFORMED'],
  ['two segments', () => parts().slice(0, 2).join('.'), 'CW_TOKEN_MALFORMED'],
  ['four segments', () => `${withHeader(good)}.AAAA`, 'CW_TOKEN_MALFORMED'],
  [
    'a JWE (five segments)',
    () => `${b64({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`,
    'CW_TOKEN_MALFORMED',
  ],
  [
    'JSON serialization',
    () => JSON.stringify({ payload: parts()[1], signature: parts()[2] }),
    'CW_TOKEN_MALFORMED',
  ],
  [
    '1 MB',
    () => withPayload(JSON.stringify({ ...claimsOf(issuer.issuer), more: 'x'.repeat(1 << 20) })),
    'CW_TOKEN_MALFORMED',
  ],
  ['a padded segment', () => parts().join('=.'), 'CW_TOKEN_MALFORMED'],
  ['a padded signature', () => `${withHeader(good)}==`, 'CW_TOKEN_MALFORMED'],
  [
    'base64 instead of base64url',
    () => withHeader(good).replaceAll('_', '/').replaceAll('-', '+'),
    'CW_TOKEN_MALFORMED',
  ],
  ['a leading space', () => ` ${withHeader(good)}`, 'CW_TOKEN_MALFORMED'],
  ['a trailing newline', () => `${withHeader(good)}\n`, 'CW_TOKEN_MALFORMED'],
  ['a letter beyond ASCII', () => `${parts()[0]}.${parts()[1]}é.${parts()[2]}`, 'CW_TOKEN_MALFORMED'],
  ['trailing bits in the signature', () => withTrailingBits(2), 'CW_TOKEN_MALFORMED'],
  ['trailing bits in the payload', () => withTrailingBits(1), 'CW_TOKEN_MALFORMED'],
  ['trailing bits in the header', () => withTrailingBits(0), 'CW_TOKEN_MALFORMED'],
  ['a segment of an impossible length', () => `${parts()[0]}.AAAAA.${parts()[2]}`, 'CW_TOKEN_MALFORMED'],
  [
    'invalid UTF-8 in the payload',
    () => withPayload(Buffer.from('{"sub":"\xff"}', 'latin1')),
    'CW_TOKEN_MALFORMED',
  ],
  [
    'an overlong form in the payload',
    () => withPayload(Buffer.from('{"sub":"\xc0\xaf"}', 'latin1')),
    'CW_TOKEN_MALFORMED',
  ],
  [
    'invalid UTF-8 in the header',
    () => signRaw(key, Buffer.from('{"alg":"RS256","kid":"\xff"}', 'latin1'), payload),
    'CW_TOKEN_MALFORMED',
  ],
  ['a byte order mark', () => withPayload(`\ufeff${payload}`), 'CW_TOKEN_MALFORMED'],
  ['payload a list', () => withPayload('[]'), 'CW_TOKEN_MALFORMED'],
  ['payload a number', () => withPayload('42'), 'CW_TOKEN_MALFORMED'],
  ['payload a string', () => withPayload('"Bearer"'), 'CW_TOKEN_MALFORMED'],
  ['payload null', () => withPayload('null'), 'CW_TOKEN_MALFORMED'],
  ['payload not JSON', () => withPayload('sub=alice'), 'CW_TOKEN_MALFORMED'],
  ['payload empty', () => withPayload(''), 'CW_TOKEN_MALFORMED'],
  ['payload with NaN', () => withPayload('{"exp":NaN}'), 'CW_TOKEN_MALFORMED'],
  ['payload followed by more', () => withPayload(`${payload}{}`), 'CW_TOKEN_MALFORMED'],
  ['a claim twice', () => withPayload(payload.replace('{', '{"sub":"mallory",')), 'CW_TOKEN_MALFORMED'],
  [
    'a claim twice, once escaped',
    () => withPayload(payload.replace('{', '{"s\\u0075b":"mallory",')),
    'CW_TOKEN_MALFORMED',
  ],
  [
    'a nested claim twice',
    () => withPayload(payload.replace('"roles":["user","admin"]', '"roles":["user"],"roles":["admin"]')),
    'CW_TOKEN_MALFORMED',
  ],
  [
    'quotes, colons and backslashes in values are no members',
    () =>
      withPayload(
        JSON.stringify({ ...claimsOf(issuer.issuer), odd: 'a":"b\\', list: [{ ':': '\\\\"' }, ':'] }),
      ),
    'accepted',
  ],
  [
    'nested out of reason',
    () => withPayload(payload.replace('{', `{"deep":${'['.repeat(2000)}${']'.repeat(2000)},`)),
    'CW_TOKEN_MALFORMED',
  ],
]

const signatures: readonly Case[] = [
  ['right', () => withHeader(good), 'accepted'],
  ['missing', () => `${parts()[0]}.${parts()[1]}.`, 'CW_TOKEN_SIGNATURE'],
  [
    'of another token',
    () => `${parts()[0]}.${b64(JSON.stringify({ sub: 'mallory' }))}.${parts()[2]}`,
    'CW_TOKEN_SIGNATURE',
  ],
  [
    'by another key under the same kid',
    () => signRaw(stranger, JSON.stringify(good), payload),
    'CW_TOKEN_SIGNATURE',
  ],
  ['cut short', () => withHeader(good).slice(0, -6), 'CW_TOKEN_SIGNATURE'],
  ['with more bytes', () => `${withHeader(good)}AAAA`, 'CW_TOKEN_SIGNATURE'],
  [
    'all zero',
    () => `${parts()[0]}.${parts()[1]}.${Buffer.alloc(256).toString('base64url')}`,
    'CW_TOKEN_SIGNATURE',
  ],
  ['ES256 with r = s = 0', () => curve(Buffer.alloc(64)), 'CW_TOKEN_SIGNATURE'],
  [
    'ES256 in DER',
    () => curve(sign('sha256', Buffer.from(curveInput()), elliptic.privateKey)),
    'CW_TOKEN_SIGNATURE',
  ],
  ['ES256 empty', () => curve(Buffer.alloc(0)), 'CW_TOKEN_SIGNATURE'],
  [
    'ES256 right',
    () =>
      curve(
        sign('sha256', Buffer.from(curveInput()), { key: elliptic.privateKey, dsaEncoding: 'ieee-p1363' }),
      ),
    'accepted',
  ],
]

const curveInput = (): string => `${b64({ alg: 'ES256', kid: 'curve' })}.${b64(payload)}`
const curve = (signature: Buffer): string => `${curveInput()}.${signature.toString('base64url')}`

/** Sets a bit after the last byte of one segment, which lenient decoders ignore. */
function withTrailingBits(segment: 0 | 1 | 2): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  // Padding with spaces gives each segment a length with unused bits.
  const token = signRaw(
    key,
    `${JSON.stringify(good)}${' '.repeat(padOf(JSON.stringify(good)))}`,
    payload + ' '.repeat(padOf(payload)),
  )
  const segments = token.split('.')
  const text = segments[segment] as string
  segments[segment] = text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) as string) + 1]
  return segments.join('.')
}

function padOf(text: string): number {
  return Buffer.byteLength(text) % 3 === 0 ? 1 : 0
}

describe.each([
  ['algorithm', algorithms],
  ['header', headers],
  ['encoding', encodings],
  ['signature', signatures],
] as const)('a token, its %s', (_part, cases) => {
  test.each(cases)('%s', async (_name, make, code) => {
    expect(await codeOf(() => verifier.verify(make()))).toBe(code)
  })
})

test.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'])(
  '%s is verified by default, and refused when only another is allowed',
  async (alg) => {
    const own = makeKey('own', alg)
    const realm = await startIssuer([own.jwk])
    try {
      const token = await signClaims(own, claimsOf(realm.issuer))
      const options = { issuer: realm.issuer, audience: 'shop-api' }
      expect(await codeOf(() => createVerifier(options).verify(token))).toBe('accepted')
      const other = createVerifier({ ...options, algorithms: [alg === 'RS256' ? 'ES256' : 'RS256'] })
      expect(await codeOf(() => other.verify(token))).toBe('CW_TOKEN_ALGORITHM')
    } finally {
      await realm.close()
    }
  },
)

test('keys in a header, or that it links to, are never used', async () => {
  let visits = 0
  const trap = createServer((_request, response) => {
    visits++
    response.end(JSON.stringify({ keys: [stranger.jwk] }))
  })
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/certs`
  try {
    for (const detour of [{ jku: url }, { x5u: url }, { jwk: stranger.jwk }, { x5c: ['AAAA'] }]) {
      const token = signRaw(stranger, JSON.stringify({ ...good, ...detour }), payload)
      expect(await codeOf(() => verifier.verify(token))).toBe('CW_TOKEN_SIGNATURE')
    }
    expect(visits).toBe(0)
  } finally {
    await new Promise((resolve) => trap.close(resolve))
  }
})

test.each([undefined, null, 42, {}, [], Symbol('token')])(
  '%o instead of a string is refused',
  async (value) => {
    expect(await codeOf(() => verifier.verify(value as unknown as string))).toBe('CW_TOKEN_MALFORMED')
  },
)
