import { createVerifier, type Verifier } from 'cloakwright'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimsOf, makeKey, signClaims, signRaw, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { codeOf } from '../support/refusal.ts'

const key = makeKey('one')
const small = makeKey('small', 'ES256')
let issuer: TestIssuer
let verifier: Verifier
beforeAll(async () => {
  issuer = await startIssuer([key.jwk, small.jwk])
  verifier = createVerifier({ issuer: issuer.issuer, audience: 'shop-api' })
  await verifier.ready()
})
afterAll(() => issuer.close())

const segment = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('base64url'))
const header = fc.record(
  {
    alg: fc.oneof(fc.constantFrom('RS256', 'ES256', 'none', 'HS256'), fc.jsonValue()),
    kid: fc.oneof(fc.constantFrom('one', 'small'), fc.jsonValue()),
    typ: fc.oneof(fc.constantFrom('JWT', 'at+jwt'), fc.jsonValue()),
    crit: fc.jsonValue(),
  },
  { requiredKeys: [] },
)
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** `codeOf` lets anything but a CloakwrightError through, so each of these also proves that nothing else is thrown. */
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
    'any header and payload without a signature',
    fc.tuple(header, fc.jsonValue(), segment).map(([h, p, s]) => `${encode(h)}.${encode(p)}.${s}`),
  ],
])('%s is refused by a CloakwrightError', async (_name, arbitrary) => {
  await fc.assert(fc.asyncProperty(arbitrary as fc.Arbitrary<string>, isRefused), { numRuns: 500 })
})

test('any signed payload that is not a good one is refused by a CloakwrightError', async () => {
  const good = JSON.stringify({ alg: 'RS256', kid: 'one' })
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    // A good token with one claim changed to anything: what is compared must not be a matter of luck.
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

test('a good token with any one character changed, left out or added never verifies', async () => {
  const token = await signClaims(small, claimsOf(issuer.issuer))
  expect(await codeOf(() => verifier.verify(token))).toBe('accepted')
  const others = 'AaZz09-_.=é '
  const mutants = Array.from(token, (char, at) => {
    const [before, after] = [token.slice(0, at), token.slice(at + 1)]
    const bitFlipped = String.fromCharCode(char.charCodeAt(0) ^ 1)
    const replaced = [...Array.from(others), bitFlipped].filter((other) => other !== char)
    return [before + after, `${before}A${char}${after}`, ...replaced.map((other) => before + other + after)]
  }).flat()
  // All at once, because those with an unknown key wait for the next look at the keys.
  await Promise.all(mutants.map(isRefused))
  expect(await codeOf(() => verifier.verify(token))).toBe('accepted')
})
