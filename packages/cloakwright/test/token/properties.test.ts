import { createVerifier, type Verifier } from 'cloakwright'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimsOf, makeKey, signClaims, signRaw, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'

const key = makeKey('one')
const small = makeKey('small', 'ES256')
const pss = makeKey('pss', 'PS256')
const edwards = makeKey('edwards', 'EdDSA')
let issuer: TestIssuer
let verifier: Verifier
beforeAll(async () => {
  issuer = await startIssuer([key, small, pss, edwards].map(({ jwk }) => jwk))
  verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
  await verifier.ready()
})
afterAll(() => issuer.close())

const segment = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('base64url'))
const header = fc.record(
  {
    alg: fc.oneof(fc.constantFrom('RS256', 'ES256', 'PS256', 'EdDSA', 'none', 'HS256'), fc.jsonValue()),
    kid: fc.oneof(fc.constantFrom('one', 'small', 'pss', 'edwards'), fc.jsonValue()),
    typ: fc.oneof(fc.constantFrom('JWT', 'at+jwt'), fc.jsonValue()),
    crit: fc.jsonValue(),
  },
  { requiredKeys: [] },
)
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** `codeOf` throws anything but a CloakwrightError, so each of these also proves that nothing else is thrown. */
const isRefused = async (token: string): Promise<void> => {
  expect(await codeOf(() => verifier.verify(token))).not.toBe('accepted')
}

test.each([
  ['any text', fc.string({ unit: 'binary', maxLength: 200 })],
  [
    'any bytes as a header gives them',
    fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b).toString('latin1')),
  ],
  ['any three segments', fc.tuple(segment, segment, segment).map((all) => all.join('.'))],
  [
    'any text between the dots of a good header',
    fc
      .tuple(fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 60 }))
      .map(([payload, signature]) => `${encode({ alg: 'ES256', kid: 'small' })}.${payload}.${signature}`),
  ],
  [
    'any header and payload without a signature',
    fc.tuple(header, fc.jsonValue(), segment).map(([h, p, s]) => `${encode(h)}.${encode(p)}.${s}`),
  ],
])('%s is refused with a CloakwrightError', async (_name, arbitrary) => {
  await fc.assert(fc.asyncProperty(arbitrary as fc.Arbitrary<string>, isRefused), { numRuns: 500 })
})

test('a value of any type instead of a token is refused with a CloakwrightError', async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything({ withNullPrototype: true, withTypedArray: true }), (value) =>
      isRefused(value as string),
    ),
  )
})

test('any bytes as the signature of a valid token are refused with a CloakwrightError', async () => {
  const tokens = await Promise.all(
    [key, small, pss, edwards].map((by) => signClaims(by, claimsOf(issuer.issuer))),
  )
  const signature = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ minLength: 64, maxLength: 64 }),
    fc.uint8Array({ minLength: 256, maxLength: 256 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...tokens), signature, (token, bytes) =>
      isRefused(token.slice(0, token.lastIndexOf('.') + 1) + Buffer.from(bytes).toString('base64url')),
    ),
    { numRuns: 500 },
  )
})

test('any signed payload that is not a valid one is refused with a CloakwrightError', async () => {
  const good = JSON.stringify({ alg: 'RS256', kid: 'one' })
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    // A valid token with one claim changed to anything: compared values must not match by luck.
    fc
      .tuple(fc.constantFrom('iss', 'aud', 'typ', 'exp', 'iat', 'sub'), fc.jsonValue())
      .filter(([name, value]) => !(name === 'sub' && typeof value === 'string' && value !== ''))
      .filter(([name, value]) => !(name === 'iat' && typeof value === 'number'))
      .filter(([name, value]) => !(name === 'exp' && typeof value === 'number' && value > 1e9))
      .map(([name, value]) => Buffer.from(JSON.stringify(claimsOf(issuer.issuer, { [name]: value })))),
  )
  await fc.assert(
    fc.asyncProperty(payload, (bytes) => isRefused(signRaw(key, good, bytes))),
    { numRuns: 400 },
  )
})

// Side by side, because each waits for a fetch of the keys.
test.concurrent.each([key, small, pss, edwards])(
  'a valid $alg token with any one character changed, removed, doubled or added never verifies',
  async (by) => {
    // With the claims that it must have and no others: each character takes 24 verifications.
    const { iss, aud, typ, exp, iat, sub } = claimsOf(issuer.issuer)
    const token = await signClaims(by, { iss, aud, typ, exp, iat, sub })
    expect(await codeOf(() => verifier.verify(token))).toBe('accepted')
    const others = Array.from('Aaz09-_.=+/\u00e9\0 ')
    const mutants = Array.from(token, (char, at) => {
      const [before, code, after] = [token.slice(0, at), char.charCodeAt(0), token.slice(at + 1)]
      // One bit, and characters with the same lower eight bits as the right one.
      const bits = [1, 2, 0x80, 0x100, 0x4000].map((bit) => String.fromCharCode(code ^ bit))
      const replaced = [...others, ...bits].filter((other) => other !== char)
      return [
        ...replaced.map((other) => before + other + after),
        before + after,
        `${before}${char}${char}${after}`,
        `${before}A${char}${after}`,
      ]
    }).flat()
    const added = ['A', '=', '.', ' ', '\0', '\u0141'].map((more) => token + more)
    // All at once, because those with an unknown key wait for the next fetch of the keys.
    const changed = [...mutants, ...added]
    const codes = await Promise.all(changed.map((one) => codeOf(() => verifier.verify(one))))
    // One expectation instead of tens of thousands.
    expect(changed.filter((_, index) => codes[index] === 'accepted')).toEqual([])
    expect(await codeOf(() => verifier.verify(token))).toBe('accepted')
  },
  60_000,
)
